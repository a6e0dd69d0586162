"""A load generator for webhooks: so many connections, each asks again as soon as it is answered, or at a fixed rate.

    python benchmarks/load.py --url http://127.0.0.1:8080/hooks/bench --connections 64 --seconds 5

Prints one JSON object: requests, seconds, per_second, p50_ms, p99_ms, worked (seconds of processor, its own), and how many
answers were not 200.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from urllib.parse import urlsplit

import uvloop
from webhooks import CHANNELS, Webhooks

PEOPLE = 1000
_BODY = (
    b'{"update_id":%010d,"message":{"message_id":%010d,"date":1790000000,"from":{"id":%010d,"is_bot":false,'
    b'"first_name":"Ann","last_name":"Lee","username":"annlee","language_code":"en"},"chat":{"id":%010d,'
    b'"type":"private","first_name":"Ann","last_name":"Lee","username":"annlee"},'
    b'"text":"Hello, my order 4711 was due yesterday and it has not come; can you tell me where it is? %s"}}'
)
_PADDING = b"Thank you. " * 12


class Customers:
    """Makes Telegram updates of about 550 bytes, each new, from a thousand people in turn."""

    def __init__(self, path: str, host: str, secret: str, first: int) -> None:
        self.number = 1_000_000_000 + first % 1_000_000_000  # ten digits, so that every body has the same length
        body = self.body()
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()

    def body(self) -> bytes:
        self.number += 1
        who = 1_000_000_000 + self.number % PEOPLE
        return _BODY % (self.number, self.number, who, who, _PADDING)

    def request(self) -> bytes:
        return self._head + self.body()


class Connection(asyncio.Protocol):
    """One request under way at a time."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment] # of TCP
        self._buffer = b""
        self._run.idle(self)

    def ask(self) -> None:
        self._at = time.perf_counter()
        self._transport.write(self._run.customers.request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        self._run.answered(head[9:12], time.perf_counter() - self._at)
        self._buffer = b""
        self._run.idle(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._run.lost += 1


class Run:
    """The whole: when it ends, who asks next, what was measured."""

    def __init__(self, customers: Customers | Webhooks, seconds: float, rate: float, most: int) -> None:
        self.customers, self._seconds, self._rate, self._most = customers, seconds, rate, most
        self.latencies: list[float] = []
        self.refused = self.lost = self._asked = 0
        self._idle: list[Connection] = []
        self._started, self._worked = time.perf_counter(), time.process_time()
        self.late = 0

    def idle(self, connection: Connection) -> None:
        if self._rate == 0 and not self._over():
            self._asked += 1
            connection.ask()
        else:
            self._idle.append(connection)

    def _over(self) -> bool:
        return time.perf_counter() - self._started > self._seconds or 0 < self._most <= self._asked

    def answered(self, status: bytes, took: float) -> None:
        self.latencies.append(took)
        self.refused += status != b"200"

    async def go(self, host: str, port: int, connections: int) -> dict[str, float]:
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: Connection(self), host, port)
        while not self._over():
            await asyncio.sleep(0.002)
            while self._rate and self._asked < (time.perf_counter() - self._started) * self._rate and not self._over():
                if not self._idle:
                    self.late += 1
                    break
                self._asked += 1
                self._idle.pop().ask()
        while len(self._idle) < connections - self.lost and time.perf_counter() - self._started < self._seconds + 10:
            await asyncio.sleep(0.001)
        return self.result(time.perf_counter() - self._started)

    def result(self, seconds: float) -> dict[str, float]:
        took = sorted(self.latencies)
        return {
            "requests": len(took),
            "seconds": round(seconds, 3),
            "per_second": round(len(took) / seconds, 1),
            "p50_ms": round(took[len(took) // 2] * 1000, 3) if took else 0,
            "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 3) if took else 0,
            "worked": round(time.process_time() - self._worked, 3),
            "not_200": self.refused,
            "lost": self.lost,
            "next": self.customers.number,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--secret", default="bench-secret")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=0, help="requests a second; 0 asks again at once")
    parser.add_argument("--most", type=int, default=0, help="requests in all; 0 is as many as there is time for")
    parser.add_argument("--first", type=int, default=0, help="the number before the first message's")
    parser.add_argument("--channel", choices=["telegram", *CHANNELS], default="telegram", help="whose webhooks")
    parser.add_argument("--cpu", type=int, default=-1)
    options = parser.parse_args()
    if options.cpu >= 0 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.cpu})
    url = urlsplit(options.url)
    customers: Customers | Webhooks = Customers(url.path, url.netloc, options.secret, options.first)
    if options.channel != "telegram":
        customers = Webhooks(options.channel, url.path, url.netloc, options.secret, options.first)
    run = Run(customers, options.seconds, options.rate, options.most)
    result = uvloop.run(run.go(url.hostname or "127.0.0.1", url.port or 80, options.connections))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
