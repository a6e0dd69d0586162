"""The floor of liveness: bare aiohttp on uvloop that hands every POST to every WebSocket, and keeps nothing."""

from __future__ import annotations

import sys

import uvloop
from aiohttp import web

SOCKETS: set[web.WebSocketResponse] = set()


async def hook(request: web.Request) -> web.Response:
    body = await request.text()
    for socket in SOCKETS:
        await socket.send_str(body)
    return web.Response()


async def live(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    SOCKETS.add(socket)
    async for _ in socket:
        pass
    SOCKETS.discard(socket)
    return socket


def main() -> None:
    app = web.Application()
    app.router.add_post("/hooks/{hook}", hook)
    app.router.add_get("/v1/live", live)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
