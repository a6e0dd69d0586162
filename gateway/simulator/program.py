"""A simulator that listens, for as long as somebody needs it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from aiohttp import web

from gateway.simulator.app import create_app
from gateway.simulator.world import Pace


@asynccontextmanager
async def listening(
    folder: Path,
    clock: Callable[[], datetime],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    pace: Pace | None = None,
    seed: int = 0,
    quiet: bool = False,
) -> AsyncIterator[str]:
    """Its address, without a slash at the end; raises OSError when it cannot listen there."""
    app = web.Application()
    app.add_subapp("/simulator", create_app(folder, clock=clock, pace=pace, seed=seed, quiet=quiet))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        named = f"[{host}]" if ":" in host else host
        yield f"http://{named}:{runner.addresses[0][1]}/simulator"
    finally:
        await runner.cleanup()
