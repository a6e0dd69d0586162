"""The public web server: what providers call. It answers only once what they said is durable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import structlog
from aiohttp import web

from connectors.api import Rejected, Reply, Request
from gateway import tracing
from gateway.config import Account, by_hook
from gateway.journalling import Journalling, Standing
from gateway.logs import sampled
from gateway.metrics import KEPT, WEBHOOKS
from gateway.ports import Clock, Store, Unavailable
from gateway.taking import Heard, Taking
from gateway.tracing import Tracer
from normalizer.value import rfc3339

log = structlog.get_logger(__name__)

MAX_BODY = 4 << 20
"""Bytes of a webhook's body."""
_TAKEN = Reply()
_HOOKS = "/hooks/"
_HEADERS = {HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"}, HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": "POST"}}

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Edge:
    """Answers ``/hooks/{hook}``, ``/healthz`` and ``/readyz``."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        taking: Taking,
        store: Store,
        clock: Clock,
        public_url: str | None,
        journal: Journalling | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._take = tracing.taking(tracer, (journal or taking).take, "webhook", "server")
        self._store, self._clock, self._journal = store, clock, journal
        self._public_url = (public_url or "").rstrip("/")
        self._hooks = by_hook(accounts.values())
        self._stored = {name: WEBHOOKS.labels(name, "200") for name in self._hooks}
        for name in self._hooks:  # what begins with 0 is seen to grow at its first time
            WEBHOOKS.labels(name, "503"), KEPT.labels(name)

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
        """Hooks can be accepted, whatever providers do: into the store, or into the journal until it is back."""
        if self._journal is None:
            standing = Standing(await self._store.ready())
        else:
            standing = await self._journal.standing()
        if standing.trouble:
            return web.json_response({"status": "unavailable", "detail": standing.trouble}, status=503)
        if standing.waiting is None:
            return web.json_response({"status": "ok"})
        since = rfc3339(standing.since) if standing.since else None
        return web.json_response({"status": "journalling", "waiting": standing.waiting, "since": since})

    async def challenge(self, request: web.Request) -> web.Response:
        """GET: a provider asks whether the hook is ours, or tells something by it, where it may."""
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
        if any(account.connector.gets for account in accounts):
            query = request.raw_path.partition("?")[2].encode("utf-8", "surrogateescape")
            return await self._hear(name, accounts, self._request(request, query), None)
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
        return await self._hear(name, accounts, self._request(request, body), request.content_type)

    async def _hear(self, name: str, accounts: Sequence[Account], told: Request, kind: str | None) -> web.Response:
        """What is told, by whatever method; a GET has no content type."""
        accepting = [account for account in accounts if _accepts(account, told)]
        if not accepting:
            return self._answer(name, HTTPStatus.UNAUTHORIZED)
        if kind is not None and not any(kind in account.connector.content_types for account in accepting):
            return self._answer(name, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        heard = Heard(told, name, accepting, self._clock.new_id("req"))
        try:
            await self._take(heard)
        except Unavailable as error:
            log.error("webhook not stored", request_id=heard.cause, hook=heard.hook, why=str(error))
            return self._answer(name, HTTPStatus.SERVICE_UNAVAILABLE)
        self._stored[name].inc()
        sampled(log, "webhook stored", request_id=heard.cause, hook=heard.hook)
        account = accepting[0]
        return _reply(account.connector.reply(told, account.settings) if account.connector.reply else _TAKEN)

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
        headers = _HEADERS.get(status)
        return web.Response(status=status, text=status.phrase, headers=headers)


async def _read(request: web.BaseRequest) -> bytes | None:
    """The body; None once it is over the limit, without reading the rest."""
    if (request.content_length or 0) > MAX_BODY:
        return None
    if request.content_length is not None and request.content.is_eof():  # all of it came with the head, as is usual
        return request.content.read_nowait()
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


def _reply(reply: Reply) -> web.Response:
    if not reply.body:
        return web.Response(status=reply.status)
    return web.Response(status=reply.status, text=reply.body, content_type=reply.content_type)
