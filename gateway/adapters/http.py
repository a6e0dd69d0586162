"""Makes calls with aiohttp, and says exactly whether one that failed can have reached anybody.

Every call gets a connection of its own, unless ``reuse`` says otherwise: on one that was used before, a request may be
written just as the provider closes it, and a message that merely met an old connection is uncertain and waits for an
agent.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout, hdrs
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict
from yarl import URL

from connectors.api import Answer, Call
from gateway.adapters.bodies import CONTROL, Body, Locate, body
from gateway.adapters.failures import FAILURES, failure, once
from gateway.adapters.guard import Guard, Network
from gateway.ports import Download, Forbidden, NeverSent, NoAnswer

ANSWER = 1 << 20
"""Bytes of an answer that are read; what comes after is dropped."""

POLLED = 32 << 20
"""Bytes of an answer that was waited for: a poll brings many updates at once, and none may be cut."""

REDIRECTS = 5
SLOWEST = 250_000
"""Bytes a second: a call that sends files is given this much more time."""

_MOVED = frozenset({301, 302, 303, 307, 308})
_PRINTABLE = re.compile(r"[!-~]+")


class AiohttpHttp:
    """ports.Http. ``locate`` finds the files of multipart bodies; ``allow`` are CIDRs that may be fetched from too.

    ``connect`` (lookup, connection and TLS) and ``total`` are in seconds; a download has no total, but ``total`` is
    how long it may stand still. A connection is used again within ``reuse`` seconds: that is about half the work at
    full speed, and leaves a message uncertain when it meets a provider that is just restarting. Needs ``start`` in the
    event loop, and ``stop``.
    """

    def __init__(
        self,
        locate: Locate,
        *,
        allow: Iterable[str | Network] = (),
        connect: float = 5.0,
        total: float = 25.0,
        reuse: float = 0.0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._locate, self._connect, self._total = locate, connect, total
        self._reuse, self._resolver = reuse, resolver
        self._guard = Guard(allow)
        self._open: ClientSession | None = None
        self._guarded: ClientSession | None = None

    async def start(self) -> None:
        """Make the sessions."""
        self._open = self._session(None)
        self._guarded = self._session(self._guard)

    async def stop(self) -> None:
        """Close the sessions; what is under way fails."""
        for session in (self._open, self._guarded):
            if session is not None:
                await session.close()

    def _session(self, guard: Guard | None) -> ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,  # else one slow provider would keep the others from connecting
            **({"keepalive_timeout": self._reuse} if self._reuse and not guard else {"force_close": True}),
            resolver=self._resolver,
            socket_factory=guard.socket if guard else None,
            use_dns_cache=guard is None,
        )
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_connected)
        trace.on_connection_reuseconn.append(_connected)
        return ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),  # what one account is given is nobody else's
            headers={hdrs.USER_AGENT: "Passerelle"},
            middlewares=(once,),
            trace_configs=[trace],
            trust_env=False,
        )

    async def perform(self, call: Call) -> Answer:
        """One call. Redirects are not followed. Raises NeverSent, NoAnswer."""
        url, flight = _url(call.url), _Flight(self._open, self._connect, self._total)
        with ExitStack() as opened:
            try:
                content = await body(call, self._locate, opened)
                flight.limit += content.files / SLOWEST + call.waits
                timeout = ClientTimeout(total=flight.limit, connect=self._connect)
                async with await flight.go(call.method, url, call.headers, content, timeout) as response:
                    return Answer(
                        response.status, _headers(response), await _capped(response, POLLED if call.waits else ANSWER)
                    )
            except FAILURES as error:
                failed = flight.failure(error)
        raise failed  # out of reach of the error it comes from, which names the address

    @asynccontextmanager
    async def download(self, call: Call, *, trusted: bool) -> AsyncIterator[Download]:
        """The answer as a stream. A trusted call is free to connect anywhere, but not to be redirected elsewhere.

        Raises NeverSent, NoAnswer, Forbidden; so does reading the chunks.
        """
        response, flight = await self._follow(call, trusted=trusted)
        with closing(response):
            yield Download(response.status, _headers(response), _Chunks(response, flight))

    async def _follow(self, call: Call, *, trusted: bool) -> tuple[ClientResponse, _Flight]:
        url, headers, home = _url(call.url), {**call.headers}, _origin(_url(call.url))
        for _ in range(REDIRECTS + 1):
            session = self._open if trusted and _origin(url) == home else self._guarded
            response, flight = await self._fetch(session, call, url, headers)
            location = response.headers.get(hdrs.LOCATION) if response.status in _MOVED else None
            if location is None or call.method not in {"GET", "HEAD"}:
                return response, flight
            response.close()
            there = _joined(url, location)
            if _origin(there) != _origin(url):  # whatever the call carries is for those it was meant for
                call, headers = Call(call.name, call.method, str(there), effect=call.effect), {}
            url = there
        raise Forbidden(f"redirected more than {REDIRECTS} times")

    async def _fetch(
        self, session: ClientSession | None, call: Call, url: URL, headers: Mapping[str, str]
    ) -> tuple[ClientResponse, _Flight]:
        timeout = ClientTimeout(total=None, connect=self._connect, sock_read=self._total)
        flight = _Flight(session, self._connect, self._total)
        with ExitStack() as opened:
            try:
                content = await body(call, self._locate, opened)
                headers = {hdrs.ACCEPT_ENCODING: "identity", **headers}
                return await flight.go(call.method, url, headers, content, timeout), flight
            except FAILURES as error:
                failed = flight.failure(error)
        raise failed


@dataclass(slots=True)
class _Flight:
    """A request on its way: whether it has a connection, and in seconds how long it may take."""

    session: ClientSession | None
    connect: float
    limit: float
    connected: bool = False

    async def go(
        self, method: str, url: URL, headers: Mapping[str, str], content: Body, limits: ClientTimeout
    ) -> ClientResponse:
        if self.session is None or self.session.closed:
            raise NeverSent("not running")
        sent = CIMultiDict({hdrs.CONTENT_TYPE: content.content_type} if content.content_type else {})
        sent.update(headers)
        if any(CONTROL.search(f"{name}{value}") for name, value in sent.items()):
            raise ValueError("a control character in a header")
        return await self.session.request(
            method,
            url,
            data=content.content,
            headers=sent,
            timeout=limits,
            allow_redirects=False,
            trace_request_ctx=self,
        )

    def failure(self, error: BaseException) -> NeverSent | NoAnswer | Forbidden:
        limit = self.limit if self.connected else self.connect
        return failure(error, connected=self.connected, limit=limit)


class _Chunks:
    """A body as it comes; failing as calls fail."""

    def __init__(self, response: ClientResponse, flight: _Flight) -> None:
        self._response, self._flight = response, flight

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._response.content.readany()
        except FAILURES as error:
            failed = self._flight.failure(error)
        else:
            if chunk:
                return chunk
            raise StopAsyncIteration
        raise failed


async def _connected(_: ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.connected = True


async def _capped(response: ClientResponse, most: int) -> bytes:
    body = bytearray()
    while len(body) < most and (chunk := await response.content.readany()):
        body += chunk
    return bytes(body[:most])


def _headers(response: ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _url(address: str) -> URL:
    """The address as it was written, where it can go as it is: some are signed. Raises NeverSent."""
    try:
        url = URL(address, encoded=bool(_PRINTABLE.fullmatch(address)))
        if url.scheme in {"http", "https"} and url.host and url.port is not None:
            return url
    except ValueError:
        pass
    raise NeverSent("the address is not one of HTTP")


def _joined(url: URL, location: str) -> URL:
    """Where a redirect leads. Raises Forbidden unless that is HTTP."""
    try:
        relative = URL(location, encoded=bool(_PRINTABLE.fullmatch(location)))
        return _url(str(url.join(relative).with_user(None)))
    except (ValueError, NeverSent):
        pass
    raise Forbidden("a redirect to something that is not HTTP")


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port
