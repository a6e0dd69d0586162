"""The simulator as one web application: the providers' APIs, the control API and the phone page."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web

from gateway.simulator.control import Control, explained
from gateway.simulator.graph import Instagram, Messenger
from gateway.simulator.guard import guard
from gateway.simulator.telegram import Telegram
from gateway.simulator.twilio import Twilio
from gateway.simulator.whatsapp import WhatsApp
from gateway.simulator.world import Channel, Pace, World

STATIC = Path(__file__).parent / "static"
CHANNELS = (
    Telegram,
    Twilio,
    WhatsApp,
    Messenger,
    Instagram,
)
"""The simulated channels, in the order of the page's tabs; a line here adds one."""


def create_app(
    folder: Path, *, clock: Callable[[], datetime], pace: Pace | None = None, seed: int = 0, quiet: bool = False
) -> web.Application:
    """The simulator, to be mounted with `app.add_subapp("/simulator", …)` or any other prefix.

    `folder` keeps what it must not forget. Its tasks start and end with the application. Answers are for
    loopback addresses only. `pace` says how webhooks are repeated. A folder that is thrown away takes another
    `seed` each time, so that a gateway which remembers the last one does not take its numbers for repeats.
    A `quiet` one answers, and keeps what it has to tell for later.
    """
    world = World(folder, clock, pace or Pace(), seed, quiet=quiet)
    made: list[Channel] = [channel(world) for channel in CHANNELS]
    channels = {channel.name: channel for channel in made}
    app = web.Application(middlewares=[guard, explained])
    for channel in channels.values():
        app.add_routes(channel.routes())
    app.add_routes(Control(world, channels).routes())
    app.add_routes([web.get("", _slash), web.get("/", _page), web.static("/static", STATIC)])

    async def living(_: web.Application) -> AsyncIterator[None]:
        await world.start()
        for channel in channels.values():
            await channel.start()
        yield
        await world.stop()

    async def release(_: web.Application) -> None:
        world.release()

    app.cleanup_ctx.append(living)
    app.on_shutdown.append(release)
    return app


async def _slash(request: web.Request) -> web.Response:
    return web.Response(status=308, headers={"Location": f"{request.path}/"})


async def _page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")
