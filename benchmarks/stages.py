"""What each step of an acceptance costs, in microseconds of one core, and group commit against the disk itself.

    python benchmarks/stages.py

Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from load import Customers

from connectors import catalog
from connectors.api import Request
from gateway.adapters.records import numbered
from gateway.adapters.sqlite import SqliteStore, rows
from gateway.adapters.sqlite.fold import Fold
from gateway.adapters.system import SystemClock
from gateway.frames import Frames
from gateway.ports import Wanted
from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.record import By, Draft, Record

COUNT = 3000


def microseconds(work: Callable[[int], object], count: int = COUNT) -> float:
    """Of one call, on this thread."""
    gc.collect()
    started = time.thread_time()
    for number in range(count):
        work(number)
    return (time.thread_time() - started) / count * 1e6


def stages(folder: Path) -> dict[str, float]:
    """The pure steps, one after the other on the same messages."""
    connector = catalog.find()["telegram"]
    settings = connector.settings.model_validate(
        {"name": "bench", "connector": "telegram", "token": "42:abcdefghijklmnopqrstuvwxyz", "secret": "bench-secret"}
    )
    customers, clock = Customers("/hooks/bench", "bench", "bench-secret", 0), SystemClock()
    headers = {"x-telegram-bot-api-secret-token": "bench-secret", "content-type": "application/json"}
    now = datetime.now(UTC)
    requests = [Request("POST", "/hooks/bench", headers, now, body=customers.body()) for _ in range(COUNT)]
    events = [connector.parse(request, settings)[0] for request in requests]
    places = [Place(clock.new_id("per"), clock.new_id("cnv")) for _ in range(1000)]
    by, channel = By("person", "per_0", "Ann Lee"), Channel("bench", "telegram")

    def decide(number: int) -> Draft:
        stamp = Stamp(clock.new_id("rec"), by, now, "main", "req_0")
        event = events[number]
        return told.received(event, places[number % 1000], channel, stamp, clock.new_id("msg"), event.parts, None)  # type: ignore[arg-type, union-attr] # they are messages

    drafts = [decide(number) for number in range(COUNT)]
    seqs = [number // 1000 + 1 for number in range(COUNT)]
    records = [
        numbered(draft, places[number % 1000].conversation, seqs[number], number + 1)
        for number, draft in enumerate(drafts)
    ]
    frames = Frames()
    return {
        "verify": microseconds(lambda number: connector.verify(requests[number], settings)),
        "parse": microseconds(lambda number: connector.parse(requests[number], settings)),
        "decide": microseconds(decide),
        "row": microseconds(lambda number: rows.row(drafts[number], number, "cnv_0", number)),
        "frame": microseconds(lambda number: frames.encoded(records[number])),
        "fold (conversation, line, person; in batches of 256)": _fold(folder, records),
    }


def _fold(folder: Path, records: list[Record]) -> float:
    store = SqliteStore(folder / "fold.db", SystemClock())

    async def go() -> float:
        await store.start()

        def work(db: object) -> float:
            fold = Fold(db)  # type: ignore[arg-type] # it is the connection
            started = time.thread_time()
            for start in range(0, len(records), 256):
                fold.fold(records[start : start + 256])
            return (time.thread_time() - started) / len(records) * 1e6

        took = await store._writer.run(work)
        await store.stop()
        return took

    return uvloop.run(go())


def fdatasyncs(folder: Path, seconds: float = 2.0) -> float:
    """How often a second the disk takes 512 bytes for good."""
    count, started = 0, time.perf_counter()
    with (folder / "sync").open("wb", buffering=0) as file:
        while time.perf_counter() - started < seconds:
            file.write(b"x" * 512)
            os.fdatasync(file.fileno()) if hasattr(os, "fdatasync") else os.fsync(file.fileno())
            count += 1
    return count / (time.perf_counter() - started)


async def commits(folder: Path, writers: int = 64, seconds: float = 3.0) -> float:
    """Records a second through the store, each durable before its writer goes on."""
    clock = SystemClock()
    store = SqliteStore(folder / "commits.db", clock)
    await store.start()
    until, done = time.perf_counter() + seconds, 0

    async def write(stream: str) -> None:
        nonlocal done
        while time.perf_counter() < until:
            draft = Draft(
                id=clock.new_id("rec"), key=clock.new_id("key"), kind="conversation.changed", brand="main",
                by=By("system", "bench"), at=clock.now(), data={"labels": ["a" * 300]},
            )  # fmt: skip
            await store.append(stream, lambda _, draft=draft: draft, draft.key)
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*(write(clock.new_id("cnv")) for _ in range(writers)))
    rate = done / (time.perf_counter() - started)
    await store.conversations(Wanted())
    await store.stop()
    return rate


def main() -> None:
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        found = {f"{stage} µs": round(took, 1) for stage, took in stages(folder).items()}
        disk = fdatasyncs(folder)
        rate = uvloop.run(commits(folder))
        found |= {
            "fdatasync per second": round(disk),
            "group commit per second": round(rate),
            "group commit / fdatasync": round(rate / disk, 2),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
