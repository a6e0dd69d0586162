"""The feed for clients: by long poll, and live."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from agent_api.answers import FramesShown
from agent_api.asked import EventParams, LiveParams
from agent_api.live import BOUND, start
from agent_api.problems import Problem
from agent_api.wire import Ask, Route
from gateway import frames
from gateway.ports import Subscription
from normalizer.record import Record

MOST = 5_000
"""Records that are read for one request at most, however few of them the caller may see."""
_PAGE = 500
_LEAST_S = 1.0
"""Seconds that may be spent reading, however short the caller's wait is."""


async def _events(ask: Ask) -> web.Response:
    params: EventParams = ask.params
    place = await start(ask.api.inside.store, params.after)
    if params.after is None:
        return _page(ask, [], place)
    return _page(ask, *await _some(ask, place, params))


async def _some(ask: Ask, place: int, params: EventParams) -> tuple[Sequence[Record], int]:
    """The caller's next records, and how far the feed was read for them; waits for the first."""
    inside = ask.api.inside
    began, last = inside.clock.monotonic(), place + MOST
    listening = inside.broker.subscribe(BOUND)
    try:
        while True:
            found, place = await _read(ask, place, last, params, began)
            left = began + params.wait - inside.clock.monotonic()
            if found or place >= last or left <= 0 or not await _news(ask, listening, left):
                return found, place
            listening.close()
            listening = inside.broker.subscribe(BOUND)
    finally:
        listening.close()


async def _read(ask: Ask, place: int, last: int, params: EventParams, began: float) -> tuple[Sequence[Record], int]:
    """The caller's next records of those that are there, and how far it got: to ``last`` or a little behind it."""
    inside, sees = ask.api.inside, ask.who.caller.sees
    until, size = began + max(params.wait, _LEAST_S), params.limit
    while kept := await inside.store.feed(place, size):
        if found := [record for record in kept if sees(record.brand)][: params.limit]:
            return found, (found if len(found) == params.limit else kept)[-1].feed
        place, size = kept[-1].feed, _PAGE
        if place >= last or inside.clock.monotonic() >= until or ask.api.hub.going.is_set():
            break
    return [], place


async def _news(ask: Ask, listening: Subscription, seconds: float) -> bool:
    """Wait until something is published; False if nothing is, or the server is going."""
    tasks = {asyncio.ensure_future(listening.next()), asyncio.ensure_future(ask.api.hub.going.wait())}
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return any(task.done() for task in tasks) and not ask.api.hub.going.is_set()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _page(ask: Ask, records: Sequence[Record], place: int) -> web.Response:
    encoded = b",".join(ask.api.frames.encoded(record) for record in records)
    following = frames.cursor(place).encode()
    body = b'{"data":[' + encoded + b'],"page":{"next":"' + following + b'"}}'
    return web.Response(body=body, content_type="application/json")


async def _live(ask: Ask) -> web.StreamResponse:
    params: LiveParams = ask.params
    if not web.WebSocketResponse().can_prepare(ask.request):
        raise Problem(426, "upgrade_required", "this address speaks WebSocket", headers={"Upgrade": "websocket"})
    return await ask.api.hub.serve(ask.request, ask.who, params.after)


ROUTES = (
    Route(
        "GET",
        "/v1/events",
        "The feed, by long poll",
        _events,
        {200: FramesShown},
        scope="read",
        params=EventParams,
        problems=(410, 422),
    ),
    Route(
        "GET",
        "/v1/live",
        "The feed, live, over a WebSocket",
        _live,
        {101: None},
        scope="read",
        params=LiveParams,
        problems=(422, 426),
    ),
)
