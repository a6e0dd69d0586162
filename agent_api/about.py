"""What the gateway says of itself: the OpenAPI and AsyncAPI documents, and the figures."""

from __future__ import annotations

import ipaddress

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from agent_api import problems
from agent_api.auth import Door
from agent_api.wire import Ask, Route
from gateway.ports import Clock

_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


async def _document(ask: Ask) -> web.Response:
    return web.Response(body=ask.api.document, content_type="application/json")


async def _events(ask: Ask) -> web.Response:
    return web.Response(body=ask.api.events, content_type="application/json")


async def _figures(ask: Ask) -> web.Response:
    return await _counted(ask.request, ask.api.door)


async def _counted(request: web.Request, door: Door) -> web.Response:
    if not _from_here(request, door):
        await door.signed(request, "read")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})


def _from_here(request: web.Request, door: Door) -> bool:
    """Whether somebody on this machine asks, and not a proxy for others nor a page that took a name of ours."""
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport else None
    if not isinstance(peer, tuple) or any(name in request.headers for name in _FORWARDED):
        return False
    return ipaddress.ip_address(peer[0].partition("%")[0]).is_loopback and door.hosts.ours(request)


def mount_figures(app: web.Application, door: Door, clock: Clock) -> None:
    """Add ``/metrics`` alone, to a process that has no API."""

    async def figures(request: web.Request) -> web.Response:
        try:
            return await _counted(request, door)
        except Exception as error:
            problem = problems.of(error)
            if problem is None:
                raise
            return problems.shown(problem, clock.new_id("req"))

    app.router.add_get("/metrics", figures)


ROUTES = (
    Route("GET", "/openapi.json", "This document", _document, {200: "application/json"}),
    Route("GET", "/asyncapi.json", "The events on RabbitMQ, as AsyncAPI 3.0", _events, {200: "application/json"}),
    Route(
        "GET",
        "/metrics",
        "Figures for Prometheus: for a read key, or from this machine itself",
        _figures,
        {200: "text/plain"},
        problems=(401,),
    ),
)
