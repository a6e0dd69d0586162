"""Throws spoilt webhooks of every connector's samples at a real gateway.

    python benchmarks/fuzz.py --count 1000000 --seed 1

It holds: only the contract's status codes come, nothing breaks inside (a mistake of ours is answered 200 and kept, so the
log is read along), and memory stays flat from a tenth of the way to the end
(in a run that is long enough for the caches to be full by then). Request number N of a seed is always the same:
`--first N --count 1` repeats it. A provider that signs needs its function in proofs.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvloop
import yaml
from proofs import SIGN

from connectors import catalog
from connectors.api import Request
from connectors.testing.mutations import mutated
from connectors.testing.samples import Sign, read

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "tests" / "samples"
ALLOWED = frozenset({200, 401, 404, 413, 415, 503})
BROKEN = ("broke", "Traceback", "our mistake")
TOO_LARGE = 5 << 20
PUBLIC = "https://fuzz.example.com"
GROWTH, WARM = 1.1, 80_000
"""How much more memory the end may take than a tenth of the way did, and after how many requests the caches are full."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook to spoil: the account's hook, and how its provider proves what it sends."""

    hook: str
    request: Request
    content_type: str
    settings: Any
    sign: Sign | None

    def headers(self, body: bytes) -> dict[str, str]:
        url = f"{PUBLIC}/hooks/{self.hook}"
        proof = self.sign(replace(self.request, body=body, url=url), self.settings) if self.sign else {}
        return {"content-type": self.content_type, **self.request.headers, **proof}


def targets() -> tuple[list[Target], dict[str, Any]]:
    """Every sample that is let in, and the accounts that they are for."""
    found, accounts = [], {}
    for name, connector in catalog.find().items():
        if not (SAMPLES / name / "settings.json").exists():
            print(f"{name}: no samples here, so it is left out", file=sys.stderr)
            continue
        samples = read(connector, SAMPLES / name, SIGN.get(name))
        hook = f"fuzz-{name.replace('_', '-')}"
        accounts[hook] = {"connector": name, **samples.given, "api": "http://127.0.0.1:9"}
        kind = connector.content_types[0]
        cases = [case for case in samples.heard if case.accepted]
        found += [Target(hook, case.request, kind, samples.settings, SIGN.get(name)) for case in cases]
    return found, accounts


def packet(number: int, seed: int, found: list[Target]) -> bytes:
    """One request, whole; the same for the same number and seed."""
    dice = random.Random(seed << 40 | number)  # noqa: S311 - dice that fall alike again
    target = found[dice.randrange(len(found))]
    body = mutated(target.request.body, dice.randrange)
    headers, hook = target.headers(body), target.hook
    match dice.randrange(1000):
        case 0:
            body += b" " * TOO_LARGE
        case fate if fate < 20:
            hook = dice.choice(["nobody", "x" * 500, "%00", "..%2f", hook + "x", hook.upper()])
        case fate if fate < 40:
            headers["content-type"] = dice.choice(
                ["text/plain", "", "application/xml", "x", "a/b; c=d", "multipart/form-data"]
            )
        case fate if fate < 80:
            headers = _without_proof(headers, dice)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /hooks/{hook} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
    return head.encode("latin-1", "replace") + body


def _without_proof(headers: dict[str, str], dice: random.Random) -> dict[str, str]:
    proofs = [name for name in headers if name != "content-type"]
    if not proofs:
        return headers
    name = dice.choice(proofs)
    wrong = ["", " ", "guess", headers[name][:-1], headers[name] + "x", "\xff\xfe", "é" * 50, "x" * 4000]
    return {**headers, name: dice.choice(wrong)}


@dataclass
class Run:
    """What has been sent and what came back."""

    port: int
    process: int
    seed: int
    first: int
    count: int
    targets: list[Target]
    statuses: Counter[int] = field(default_factory=Counter)
    bad: list[tuple[int, object]] = field(default_factory=list)
    memory: dict[int, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers: Iterator[int] = iter(range(self.first, self.first + self.count))
        self.started = time.perf_counter()

    async def go(self, connections: int) -> None:
        await asyncio.gather(*(self._one_after_the_other() for _ in range(connections)))

    async def _one_after_the_other(self) -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for number in self.numbers:
            if streams is None:
                streams = await asyncio.open_connection("127.0.0.1", self.port)
            status, goes_on = await self._ask(*streams, packet(number, self.seed, self.targets))
            self._answered(number, status)
            if not goes_on:
                streams[1].close()
                streams = None
        if streams is not None:
            streams[1].close()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: bytes
    ) -> tuple[object, bool]:
        """The status and whether the connection can be used again."""
        with suppress(ConnectionError):  # an answer may come before all has been sent
            writer.write(asked)
            await writer.drain()
        try:
            async with asyncio.timeout(60):
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = re.search(rb"content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            return ("none, as for a body too large" if len(asked) > TOO_LARGE else repr(error)), False
        status = int(head.split(b" ", 2)[1])
        return status, status != 413 and b"connection: close" not in head

    def _answered(self, number: int, status: object) -> None:
        if isinstance(status, int):
            self.statuses[status] += 1
        elif str(status).startswith("none"):
            self.statuses[413] += 1  # the server hung up while the rest of it was still being sent
        if not (isinstance(status, int) and status in ALLOWED) and not str(status).startswith("none"):
            self.bad.append((number, status))
        done = sum(self.statuses.values()) + len(self.bad)
        if done % max(1, self.count // 20) == 0:
            self._tell(done)

    def _tell(self, done: int) -> None:
        self.memory[done] = memory_kb(self.process)
        speed = done / (time.perf_counter() - self.started)
        statuses = ", ".join(f"{status} {number:,}" for status, number in sorted(self.statuses.items()))
        print(
            f"{done:>10,} of {self.count:,}  {speed:,.0f}/s  {self.memory[done] / 1024:,.0f} MB  {statuses}", flush=True
        )

    def verdict(self) -> list[str]:
        """What does not hold."""
        wrong = [f"request {number} was answered {status}" for number, status in self.bad[:10]]
        wrong += [f"the log says: {line}" for line in self.log[:10]]
        tenth = next((kb for done, kb in self.memory.items() if done >= self.count // 10), 0)
        end = next(reversed(self.memory.values()), 0)
        if self.count // 10 < WARM:
            print(f"memory is judged from {10 * WARM:,} requests on: before, caches fill")
        elif end > tenth * GROWTH:
            wrong.append(f"memory grew from {tenth / 1024:,.0f} MB at a tenth to {end / 1024:,.0f} MB")
        return wrong


def memory_kb(process: int) -> int:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True)
    return int(told.stdout)


async def fuzz(options: argparse.Namespace, folder: Path) -> Run:
    found, accounts = targets()
    config = folder / "fuzz.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "http": {"host": "127.0.0.1", "port": 0, "public_url": PUBLIC},
                "store": "sqlite:fuzz.db",
                "accounts": accounts,
            }
        )
    )
    command = [sys.executable, "-m", "gateway.main", "serve", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, limit=1 << 24)
    assert process.stderr is not None
    port = 0
    async for line in process.stderr:
        if heard := re.search(rb"listening on http://127.0.0.1:(\d+)", line):
            port = int(heard[1])
            break
    if not port:
        raise RuntimeError("the gateway did not start")
    run = Run(port, process.pid, options.seed, options.first, options.count, found)
    reading = asyncio.create_task(_read_along(process.stderr, run))
    try:
        await run.go(options.connections)
    finally:
        process.terminate()
        await process.wait()
        await reading
    return run


async def _read_along(lines: asyncio.StreamReader, run: Run) -> None:
    async for line in lines:
        text = line.decode(errors="replace").strip()
        if any(word in text for word in BROKEN):
            run.log.append(text[:3000])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first request")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="passerelle-fuzz-") as folder:
        run = uvloop.run(fuzz(options, Path(folder)))
        size = sum(file.stat().st_size for file in Path(folder).iterdir() if file.is_file())
    seconds = time.perf_counter() - run.started
    wrong = run.verdict()
    figures = {"requests": options.count, "seed": options.seed, "seconds": round(seconds), "store_mb": size >> 20}
    print(
        json.dumps({**figures, "statuses": dict(sorted(run.statuses.items())), "memory_kb": list(run.memory.values())})
    )
    for line in wrong:
        print(f"WRONG: {line}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
