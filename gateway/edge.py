"""The public web server: what providers call. It answers only once what they said is durable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import structlog
from aiohttp import web

from connectors.api import Rejected, Reply, Request
from gateway.config import Account
from gateway.logs import sampled
from gateway.metrics import WEBHOOKS
from gateway.ports import Clock, Store, Unavailable
from gateway.taking import Heard, Taking

log = structlog.get_logger(__name__)

MAX_BODY = 4 << 20
"""Bytes of a webhook's body."""
_TAKEN = Reply()
_HOOKS = "/hooks/"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Edge:
    """Answers ``/hooks/{hook}``, ``/healthz`` and ``/readyz``."""

    def __init__(
        self, accounts: Mapping[str, Account], taking: Taking, store: Store, clock: Clock, public_url: str | None
    ) -> None:
        self._taking, self._store, self._clock = taking, store, clock
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
            await self._taking.take(heard)
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
        headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
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
