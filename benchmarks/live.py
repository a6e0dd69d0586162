"""How long from a webhook's first byte to the frame on an agent's socket, at a fixed rate.

    python benchmarks/live.py --url http://127.0.0.1:8080 --key … --rate 500 --seconds 5 [--live http://127.0.0.1:8081]

``--live`` is the process that the agent is connected to, where that is another than the one that is written to.

Prints one JSON object: frames, p50_ms, p99_ms, missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import time
from urllib.parse import urlsplit

import aiohttp
import uvloop
from load import Customers, Run

_NUMBER = re.compile(r'"provider_ids":\["\d+:(\d+)"|"message_id":(\d+)')


class TimedCustomers(Customers):
    """Notes when each message is made, which is when its first byte leaves."""

    def __init__(self, path: str, host: str, secret: str, first: int) -> None:
        self.made: dict[int, float] = {}
        super().__init__(path, host, secret, first)
        self.made.clear()

    def body(self) -> bytes:
        body = super().body()
        self.made[self.number] = time.perf_counter()
        return body


async def measure(url: str, live: str, key: str, rate: float, seconds: float, first: int) -> dict[str, float]:
    parts = urlsplit(url)
    customers = TimedCustomers("/hooks/bench", parts.netloc, "bench-secret", first)
    took: dict[int, float] = {}
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{live}/v1/live", headers=headers) as socket:
        listening = asyncio.create_task(_listen(socket, customers, took))
        await Run(customers, seconds, rate, 0).go(parts.hostname or "", parts.port or 80, 16)
        for _ in range(1000):
            if len(took) >= len(customers.made):
                break
            await asyncio.sleep(0.01)
        listening.cancel()
    waits = sorted(took.values())
    return {
        "frames": len(waits),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 3),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 3),
        "missed": len(customers.made) - len(waits),
        "next": customers.number,
    }


async def _listen(socket: aiohttp.ClientWebSocketResponse, customers: TimedCustomers, took: dict[int, float]) -> None:
    async for message in socket:
        found = _NUMBER.search(message.data)
        if found is not None:
            number = int(found[1] or found[2])
            took[number] = time.perf_counter() - customers.made[number]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument(
        "--live", default="", help="the address of the process with the live client; as --url unless named"
    )
    parser.add_argument("--key", default="")
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cpu", type=int, default=-1)
    options = parser.parse_args()
    if options.cpu >= 0 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.cpu})
    live = options.live or options.url
    found = measure(options.url, live, options.key, options.rate, options.seconds, options.first)
    print(json.dumps(uvloop.run(found)))


if __name__ == "__main__":
    main()
