"""What a Python web server can do at all: bare aiohttp on uvloop, a POST read and answered, nothing kept."""

from __future__ import annotations

import sys

import uvloop
from aiohttp import web


async def hook(request: web.Request) -> web.Response:
    await request.read()
    return web.Response()


def main() -> None:
    app = web.Application()
    app.router.add_post("/hooks/{hook}", hook)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
