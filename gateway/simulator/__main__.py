"""The simulator alone: `python -m gateway.simulator --port 0 --data DIR`."""

import argparse
import asyncio
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from gateway.simulator import Pace
from gateway.simulator.guard import loopback
from gateway.simulator.program import listening


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
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with listening(arguments.data, _clock, host=arguments.host, port=arguments.port, pace=pace) as url:
        sys.stdout.write(f"listening on {url}/\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(run(_arguments()))
