"""The simulator alone: `python -m gateway.simulator --port 0 --data DIR`."""

import argparse
import asyncio
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from gateway.simulator import Pace, create_app
from gateway.simulator.guard import loopback


def _clock() -> datetime:
    return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gateway.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="the folder that keeps chats and ids")
    parser.add_argument("--first-wait", type=float, default=Pace.first, help="seconds before a webhook is repeated")
    parser.add_argument("--longest-wait", type=float, default=Pace.longest, help="the most that this wait grows to")
    parser.add_argument("--webhook-timeout", type=float, default=Pace.timeout, help="seconds a webhook may take")
    arguments = parser.parse_args()
    if not loopback(arguments.host):
        parser.error("--host: the simulator has no passwords, so it listens on loopback addresses only")
    return arguments


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    pace = Pace(first=arguments.first_wait, longest=arguments.longest_wait, timeout=arguments.webhook_timeout)
    app = web.Application()
    app.add_subapp("/simulator", create_app(arguments.data, clock=_clock, pace=pace))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    site = web.TCPSite(runner, arguments.host, arguments.port)
    await site.start()
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    sys.stdout.write(f"listening on http://{host}:{runner.addresses[0][1]}/simulator/\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(run(_arguments()))
