"""What the gateway says of itself: the OpenAPI document and the figures."""

from __future__ import annotations

import ipaddress

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from agent_api.wire import Ask, Route

_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


async def _document(ask: Ask) -> web.Response:
    return web.Response(body=ask.api.document, content_type="application/json")


async def _figures(ask: Ask) -> web.Response:
    if not _from_here(ask):
        await ask.api.door.signed(ask.request, "read")
    encode, content_type = choose_encoder(ask.request.headers.get("Accept", ""))
    return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})


def _from_here(ask: Ask) -> bool:
    """Whether somebody on this machine asks, and not a proxy for others nor a page that took a name of ours."""
    transport = ask.request.transport
    peer = transport.get_extra_info("peername") if transport else None
    if not isinstance(peer, tuple) or any(name in ask.request.headers for name in _FORWARDED):
        return False
    return ipaddress.ip_address(peer[0].partition("%")[0]).is_loopback and ask.api.door.hosts.ours(ask.request)


ROUTES = (
    Route("GET", "/openapi.json", "This document", _document, {200: "application/json"}),
    Route(
        "GET",
        "/metrics",
        "Figures for Prometheus: for a read key, or from this machine itself",
        _figures,
        {200: "text/plain"},
        problems=(401,),
    ),
)
