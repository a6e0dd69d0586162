"""The public web server: what providers call. It answers only once what they said is durable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from aiohttp import web

from connectors.api import Malformed, Rejected, Reply, Request
from gateway.config import Account
from gateway.intake import Intake
from gateway.logs import sampled
from gateway.metrics import WEBHOOKS
from gateway.ports import Clock, Kept, Store, Unavailable
from normalizer.event import Event

log = structlog.get_logger(__name__)

MAX_BODY = 4 << 20
"""Bytes of a webhook's body."""
_SECRET = ("authorization", "cookie", "token", "secret", "signature", "key", "password")
_TAKEN = Reply()
_HOOKS = "/hooks/"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Heard:
    """Whose a request is: the accounts that accept it."""

    request: Request
    hook: str
    accounts: Sequence[Account]
    cause: str


class Edge:
    """Answers ``/hooks/{hook}``, ``/healthz`` and ``/readyz``."""

    def __init__(
        self, accounts: Mapping[str, Account], intake: Intake, store: Store, clock: Clock, public_url: str | None
    ) -> None:
        self._intake, self._store, self._clock = intake, store, clock
        self._public_url = (public_url or "").rstrip("/")
        self._hooks: dict[str, list[Account]] = {}
        for account in accounts.values():
            self._hooks.setdefault(account.hook, []).append(account)
        self._stored = {name: WEBHOOKS.labels(name, "200") for name in self._hooks}

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post("/hooks/{hook}", self.routed)
        app.router.add_get("/hooks/{hook}", self.challenge, allow_head=False)
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)

    def directly(self, others: Handler) -> Handler:
        """A handler for the whole server that gives hooks their calls without asking the router: they are most calls."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            path = request.rel_url.path
            if request.method == "POST" and path.startswith(_HOOKS) and "Expect" not in request.headers:
                name = path[len(_HOOKS) :]
                if name in self._hooks:
                    return await self.hook(request, name)
            return await others(request)

        return handle

    async def healthz(self, _: web.Request) -> web.Response:
        """The process is alive."""
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """Hooks can be accepted, whatever providers do."""
        trouble = await self._store.ready()
        if trouble:
            return web.json_response({"status": "unavailable", "detail": trouble}, status=503)
        return web.json_response({"status": "ok"})

    async def challenge(self, request: web.Request) -> web.Response:
        """GET: a provider asks whether the hook is ours."""
        name = request.match_info["hook"]
        accounts = self._hooks.get(name)
        if not accounts:
            return self._answer(name, HTTPStatus.NOT_FOUND)
        heard = self._request(request, b"")
        verdict = HTTPStatus.METHOD_NOT_ALLOWED
        for account in accounts:
            if account.connector.challenge is not None:
                try:
                    return _reply(account.connector.challenge(heard, account.settings))
                except Rejected:
                    verdict = HTTPStatus.FORBIDDEN
        return self._answer(name, verdict)

    async def routed(self, request: web.Request) -> web.Response:
        """POST, by way of the router."""
        return await self.hook(request, request.match_info["hook"])

    async def hook(self, request: web.BaseRequest, name: str) -> web.Response:
        """POST: what a provider has to tell. 200 only after the durable write."""
        accounts = self._hooks.get(name)
        if not accounts:
            return self._answer(name, HTTPStatus.NOT_FOUND)
        body = await _read(request)
        if body is None:
            return self._answer(name, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        told = self._request(request, body)
        accepting = [account for account in accounts if _accepts(account, told)]
        if not accepting:
            return self._answer(name, HTTPStatus.UNAUTHORIZED)
        kind = request.content_type
        if not any(kind in account.connector.content_types for account in accepting):
            return self._answer(name, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        heard = Heard(told, name, accepting, self._clock.new_id("req"))
        try:
            await self._take_or_keep(heard)
        except Unavailable as error:
            log.error("webhook not stored", request_id=heard.cause, hook=heard.hook, why=str(error))
            return self._answer(name, HTTPStatus.SERVICE_UNAVAILABLE)
        self._stored[name].inc()
        sampled(log, "webhook stored", request_id=heard.cause, hook=heard.hook)
        account = accepting[0]
        return _reply(account.connector.reply(told, account.settings) if account.connector.reply else _TAKEN)

    async def _take_or_keep(self, heard: Heard) -> None:
        """Take it; what our own mistake keeps us from taking is kept, else the provider would repeat it for ever."""
        try:
            await self._take(heard)
        except Unavailable:
            raise
        except Exception as error:
            log.exception("webhook kept: taking it broke", request_id=heard.cause, hook=heard.hook)
            await self._keep(heard, f"our mistake: {type(error).__name__}")

    async def _take(self, heard: Heard) -> None:
        for connector, accounts in _by_connector(heard.accounts).items():
            try:
                events = accounts[0].connector.parse(heard.request, accounts[0].settings)
            except Malformed as error:
                await self._keep(heard, f"malformed for {connector}: {error}")
                continue
            await self._route(heard, accounts, events)

    async def _route(self, heard: Heard, accounts: Sequence[Account], events: Sequence[Event]) -> None:
        if len(events) == 1 and events[0].to == accounts[0].settings.address:
            await self._intake.take(accounts[0], events, heard.cause)
            return
        addressed: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            addressed[event.to].append(event)
        for address, told in addressed.items():
            account = next((one for one in accounts if one.settings.address == address), None)
            if account is None:
                await self._keep(heard, f"unrouted: no account here is {address}")
            else:
                await self._intake.take(account, told, heard.cause)

    async def _keep(self, heard: Heard, why: str) -> None:
        request = heard.request
        kept = Kept(
            id=self._clock.new_id("req"),
            hook=heard.hook,
            why=why,
            at=request.received_at,
            method=request.method,
            path=f"/hooks/{heard.hook}",
            headers={name.lower(): value for name, value in request.headers.items() if not _is_secret(name.lower())},
            body=request.body,
        )
        await self._store.keep(kept)
        log.warning("webhook kept", request_id=heard.cause, hook=heard.hook, kept=kept.id, why=why)

    def _request(self, request: web.BaseRequest, body: bytes) -> Request:
        return Request(
            method=request.method,
            url=self._public_url + request.raw_path,
            headers=request.headers,  # finds a name in whatever letters
            received_at=self._clock.now(),
            query=request.query if request.query_string else {},
            body=body,
        )

    def _answer(self, name: str, status: HTTPStatus) -> web.Response:
        """An error: the status and its name, and not a word on what would have been right."""
        hook = name if name in self._hooks else "unknown"
        WEBHOOKS.labels(hook, str(status.value)).inc()
        if status not in (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE):
            log.warning("webhook refused", hook=hook, status=status.value, why=status.phrase)
        headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return web.Response(status=status, text=status.phrase, headers=headers)


async def _read(request: web.BaseRequest) -> bytes | None:
    """The body; None once it is over the limit, without reading the rest."""
    if (request.content_length or 0) > MAX_BODY:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _accepts(account: Account, request: Request) -> bool:
    try:
        account.connector.verify(request, account.settings)
    except Rejected:
        return False
    except Exception:  # verification fails closed, whatever goes wrong in it
        log.exception("verification broke", account=account.name)
        return False
    return True


def _by_connector(accounts: Sequence[Account]) -> dict[str, list[Account]]:
    found: dict[str, list[Account]] = {}
    for account in accounts:
        found.setdefault(account.channel, []).append(account)
    return found


def _is_secret(header: str) -> bool:
    return any(word in header for word in _SECRET)


def _reply(reply: Reply) -> web.Response:
    if not reply.body:
        return web.Response(status=reply.status)
    return web.Response(status=reply.status, text=reply.body, content_type=reply.content_type)
