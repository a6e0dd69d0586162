"""The agent API as a whole: its routes, its pages and what all of its answers share."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache, partial
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from agent_api import (
    about,
    accounts,
    amending,
    asyncapi,
    conversations,
    counts,
    feed,
    files,
    messages,
    people,
    problems,
    sessions,
)
from agent_api.accepting import takes_json
from agent_api.auth import Door
from agent_api.hosts import Hosts
from agent_api.inside import Api, Inside
from agent_api.live import Hub
from agent_api.openapi import document
from agent_api.pages import FOLDER, Pages
from agent_api.problems import Problem
from agent_api.signin import SignIn
from agent_api.wire import REQUEST_ID, Route, run
from gateway.changes import Changes
from gateway.frames import Frames
from gateway.tasks import ended
from gateway.tracing import answered

__all__ = ["ROUTES", "Inside", "mount"]

ROUTES: tuple[Route, ...] = (
    *sessions.ROUTES,
    *conversations.ROUTES,
    *messages.ROUTES,
    *amending.ROUTES,
    *people.ROUTES,
    *accounts.ROUTES,
    *files.ROUTES,
    *feed.ROUTES,
    *about.ROUTES,
)
"""All of the API. What is not here is not there."""

GoOn = Callable[[web.Request], Awaitable[web.StreamResponse]]
_OTHERS_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
log = structlog.get_logger()


def mount(app: web.Application, inside: Inside) -> None:
    """Add the agent API and the inbox to an application."""
    api = _api(inside)
    part = web.Application(middlewares=[_shared(api)])
    part.on_response_prepare.append(_dress)
    app.middlewares.append(_elsewhere(api))
    for route in ROUTES:
        do = partial(run, api, route)
        if route.path.startswith("/v1/"):
            _add(part, route, route.path.removeprefix("/v1"), do)
        else:
            _add(app, route, route.path, partial(_open, api, do))
    app.add_subapp("/v1", part)
    Pages(FOLDER).mount(app, partial(_page, api))
    app.on_shutdown.append(partial(_going, api))
    app.cleanup_ctx.append(partial(_watching, api))


def _add(app: web.Application, route: Route, path: str, do: GoOn) -> None:
    """A route; what can be read can be asked about by HEAD, but for a stream."""
    app.router.add_route(route.method, path, do)
    if route.method == "GET" and HTTPStatus.SWITCHING_PROTOCOLS not in route.answers:
        app.router.add_route("HEAD", path, do)


def _api(inside: Inside) -> Api:
    door = Door(inside.store, inside.clock, Hosts(inside.public_url, inside.listening))
    frames = Frames()
    return Api(
        inside=inside,
        door=door,
        sign_in=SignIn(inside.store, inside.clock),
        changes=Changes(inside.store, inside.clock),
        frames=frames,
        hub=Hub(inside.store, inside.broker, frames, door, inside.clock),
        document=_document(),
        events=_events(),
    )


@cache
def _document() -> bytes:
    return orjson.dumps(document(ROUTES, _version()))


@cache
def _events() -> bytes:
    return orjson.dumps(asyncapi.document(_version()))


def _version() -> str:
    try:
        return version("passerelle")
    except PackageNotFoundError:  # run from a folder that nobody installed
        return "0"


def _shared(api: Api) -> Middleware:
    @web.middleware
    async def shared(request: web.Request, handler: GoOn) -> web.StreamResponse:
        tracer = api.inside.tracer
        began = tracer.now() if tracer is not None else 0
        answer = await _checked(api, request, handler, host=True)
        resource = request.match_info.route.resource
        path = resource.canonical if resource is not None else "unknown"
        method = request.method if resource is not None else ""
        counts.ANSWERED.labels(method, path, str(answer.status)).inc()
        if tracer is not None and answer.status != HTTPStatus.SWITCHING_PROTOCOLS:  # a socket's life is no call
            parent = request.headers.get("traceparent", "")
            answered(tracer, request[REQUEST_ID], began, (method or "_OTHER", path), answer.status, parent)
        return answer

    return shared


def _elsewhere(api: Api) -> Middleware:
    @web.middleware
    async def elsewhere(request: web.Request, handler: GoOn) -> web.StreamResponse:
        """An address outside of ``/v1`` that nobody has: programs are told in JSON, people in text."""
        found = request.match_info
        ours = found.http_exception is not None and len(found.apps) == 1
        if not ours or not takes_json(",".join(request.headers.getall("Accept", []))):
            return await handler(request)
        answer = await _checked(api, request, handler, host=False)
        await _dress(request, answer)
        return answer

    return elsewhere


async def _open(api: Api, go_on: GoOn, request: web.Request) -> web.StreamResponse:
    """A call outside of ``/v1``, under whatever name of ours."""
    answer = await _checked(api, request, go_on, host=False)
    await _dress(request, answer)
    return answer


async def _page(api: Api, request: web.Request, go_on: GoOn) -> web.StreamResponse:
    answer = await _checked(api, request, go_on, host=True)
    answer.headers.setdefault("X-Request-Id", request[REQUEST_ID])
    return answer


async def _checked(api: Api, request: web.Request, go_on: GoOn, *, host: bool) -> web.StreamResponse:
    """Run a call; whatever goes wrong becomes a problem document."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _OTHERS_ID.fullmatch(given) else api.inside.clock.new_id("req")
    request[REQUEST_ID] = request_id
    try:
        if host:
            api.door.check_host(request)
        return await go_on(request)
    except Exception as error:
        problem = problems.of(error)
        if problem is None:
            log.error("request failed", request_id=request_id, method=request.method, path=request.path, exc_info=error)
            problem = Problem(500, "internal", "something went wrong here; the log says what, under this request id")
        return problems.shown(problem, request_id)


async def _dress(request: web.Request, answer: web.StreamResponse) -> None:
    """Headers of every answer of the API."""
    answer.headers.setdefault("X-Request-Id", request[REQUEST_ID])
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")


async def _going(api: Api, _app: web.Application) -> None:
    await api.hub.stop()


async def _watching(api: Api, _app: web.Application) -> AsyncIterator[None]:
    watching = asyncio.create_task(api.hub.watch())
    yield
    await ended(watching)
