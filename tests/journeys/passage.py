"""A way between the gateway and the simulator on which a call can be stopped, going or coming back."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import ClientSession, web
from journeys.programs import Simulator


@dataclass
class Stop:
    """Where a call is to be stopped. ``reached`` tells that it is there; ``go`` lets it go on."""

    where: Literal["going", "coming back"]
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)


class Passage:
    """Hands every call on to the simulator, ``slow`` seconds later, and stops those whose text is in ``stops``."""

    def __init__(self, session: ClientSession, simulator: Simulator) -> None:
        self._session, self._simulator = session, simulator
        self.stops: dict[str, Stop] = {}
        self.slow = 0.0
        self.under_way = 0
        self.url = ""

    def stop(self, text: str, where: Literal["going", "coming back"]) -> Stop:
        """Stop the call that sends this text."""
        return self.stops.setdefault(text, Stop(where))

    async def hand_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        text = json.loads(body or b"{}").get("text", "")
        self.under_way += 1
        try:
            await asyncio.sleep(self.slow)
            await self._at(text, "going")
            url = f"{self._simulator.api}/{request.match_info['path']}"
            headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
            async with self._session.post(url, data=body, headers=headers) as answer:
                said = web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)
            await self._at(text, "coming back")
            return said
        finally:
            self.under_way -= 1

    async def _at(self, text: str, where: str) -> None:
        stop = self.stops.get(text)
        if stop is not None and stop.where == where:
            stop.reached.set()
            await stop.go.wait()
            if where == "going":
                raise web.HTTPBadGateway  # whoever asked is gone, and so the call is: it never arrives


@asynccontextmanager
async def passage(session: ClientSession, simulator: Simulator) -> AsyncIterator[Passage]:
    """One that is open; ``url`` is what an account has as ``api``."""
    found = Passage(session, simulator)
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/{path:.*}", found.hand_on)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        for stop in found.stops.values():
            stop.go.set()
        await runner.cleanup()


@contextmanager
def nobody_answers() -> Iterator[str]:
    """An address where a connection is neither made nor refused: its queue is full."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:
                one.settimeout(0)
                one.connect_ex(door.getsockname())
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            for one in waiting:
                one.close()
