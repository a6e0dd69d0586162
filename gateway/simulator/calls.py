"""Answers the calls of a provider's API: first what was ordered to go wrong, then the call itself; all of it is logged."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any, Protocol

import orjson
from aiohttp import web

from gateway.simulator.faults import ENDING, Fault, Moment
from gateway.simulator.rates import Rates
from gateway.simulator.traffic import Exchange
from gateway.simulator.world import World

PROXY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
SHOWN_BYTES = 2000


@dataclass(frozen=True)
class Said:
    """What a caller gets to hear: JSON (a dict or a list), text, bytes, or nothing at all (no status: a closed connection).

    `deferred` says that the caller should come again although the status does not say so, as with Meta's 400s.
    """

    status: int | None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    deferred: bool = False
    content_type: str = ""

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.status is None:
            return "dropped"
        if self.body == PROXY_PAGE:
            return "unclear"
        if self.status < HTTPStatus.BAD_REQUEST:
            return "accepted"
        later = self.status == HTTPStatus.TOO_MANY_REQUESTS or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return "deferred" if self.deferred or later else "refused"

    @property
    def shown(self) -> Any:
        """The body as the traffic shows it."""
        if self.body == PROXY_PAGE:
            return "502 Bad Gateway (HTML)"
        return f"{len(self.body)} bytes" if isinstance(self.body, bytes) else self.body

    def response(self) -> web.Response:
        """The answer on the wire; only for one that has a status."""
        status, headers = self.status or 502, dict(self.headers)
        if self.body is None:
            return web.Response(status=status, headers=headers)
        if isinstance(self.body, bytes):
            kind = self.content_type or "application/octet-stream"
            return web.Response(body=self.body, status=status, content_type=kind, headers=headers)
        if isinstance(self.body, str):
            kind = self.content_type or "text/html"
            return web.Response(text=self.body, status=status, content_type=kind, headers=headers)
        kind = self.content_type or "application/json"
        return web.Response(body=orjson.dumps(self.body), status=status, content_type=kind, headers=headers)


class Refused(Exception):
    """The provider does not accept a call; `said` is its answer. Raise it anywhere while a call is performed."""

    def __init__(self, said: Said) -> None:
        super().__init__(str(said.body))
        self.said = said


@dataclass(frozen=True)
class Call:
    """One call as the faults and the log see it."""

    account: str
    name: str  # the method, by which faults choose: `sendMessage`, `Messages.create` …
    shown: Any  # the parameters, without bytes of files
    url: str
    chat: str | None = None
    counts: bool = False  # whether it sends a message: those are what the published rates count


class Words(Protocol):
    """How a provider says what went wrong, in its own error bodies."""

    name: str

    def too_many(self, seconds: int, call: Call) -> Said:
        """It was too much: wait so many seconds."""
        ...

    def wrong(self, fault: Fault, call: Call) -> Said:
        """The answer to a call that meets `server_error`, `blocked`, `revoked_token`, `error` or `migrate`."""
        ...


Perform = Callable[[], Awaitable[Said]]


class Desk:
    """Where the calls of one channel come in."""

    def __init__(self, world: World, words: Words) -> None:
        self._world = world
        self._words = words
        self._rates = Rates()

    async def respond(self, request: web.Request, call: Call, perform: Perform) -> web.StreamResponse:
        """Answer a request; a call that is dropped closes its connection."""
        said = await self.answer(call, perform)
        if said.status is None and request.transport is not None:
            request.transport.close()
        return said.response()  # never read when the connection is gone

    async def answer(self, call: Call, perform: Perform) -> Said:
        """What the caller hears; the call, its faults and its answer are in the traffic."""
        exchange = self._world.traffic.open(
            "call", self._words.name, call.account, call.name, request=call.shown, url=call.url, chat=call.chat
        )
        said = Said(None)
        try:
            said = await self._said(call, perform, exchange)
        except Refused as problem:
            said = problem.said
        finally:  # whatever breaks, the log says that there was no answer
            note = "; ".join(exchange.faults)
            self._world.traffic.close(exchange, said.outcome, status=said.status, answer=said.shown, note=note)
        return said

    async def _said(self, call: Call, perform: Perform, exchange: Exchange) -> Said:
        moment = Moment(self._words.name, call.account, call.name, call.chat, sends=call.counts)
        delay = self._world.faults.take(["delay"], moment)
        if delay is not None:
            exchange.faults.append(delay.kind)
            if not await self._world.pause(delay.seconds):
                return Said(None)
        self._hold_back(call, moment, exchange)
        fault = self._world.faults.take(ENDING, moment)
        if fault is None:
            return await perform()
        exchange.faults.append(fault.kind)
        if fault.kind not in ("accept_then_drop", "accept_then_proxy_error"):
            return self._instead(fault, call, moment)
        with suppress(Refused):  # what would have been said is not heard either
            await perform()
        return Said(502, PROXY_PAGE) if fault.kind == "accept_then_proxy_error" else Said(None)

    def _hold_back(self, call: Call, moment: Moment, exchange: Exchange) -> None:
        """Refuse while an earlier refusal still holds, or when the published rates are enforced."""
        wait = self._world.faults.waiting(moment, self._world.clock())
        if wait > 0:
            exchange.faults.append("too_many_requests")
            raise Refused(self._words.too_many(ceil(wait), call))
        rate = self._world.faults.find(["rate_limits"], moment)
        if rate is None or not call.counts:
            return
        slow = self._rates.over(call.account, call.chat or "", rate, self._world.now())
        if slow:
            self._world.faults.struck(rate)
            exchange.faults.append(rate.kind)
            raise Refused(self._words.too_many(slow, call))

    def _instead(self, fault: Fault, call: Call, moment: Moment) -> Said:
        """What a fault answers in place of the call."""
        if fault.kind == "drop":
            return Said(None)
        if fault.kind == "proxy_error":
            return Said(502, PROXY_PAGE)
        if fault.kind == "too_many_requests":
            self._world.faults.start_wait(fault, moment, self._world.clock())
            return self._words.too_many(fault.retry_after, call)
        return self._words.wrong(fault, call)
