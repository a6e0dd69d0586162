"""A million records through the exchange: whether the publisher's memory stays as it is, and its lag goes back to zero.

    million.py [--url amqp://guest:guest@127.0.0.1:5672/] [--count 1000000] [--keep]

A process of its own appends records to an SQLite store in a temporary folder, over some thousand conversations, as fast
as it takes them, and publishes them meanwhile: ``store: sqlite``, ``broker: amqp``. This one consumes from a quorum
queue, counts, checks the order, and looks at the other's memory. Without ``--url`` it starts a RabbitMQ of its own.
Prints one JSON object; ends with 1 if one of the promises is broken. ``--keep`` puts it into long_runs.json.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika
import structlog
import uvloop
from long_runs import keep
from servers import no_rabbit, own_rabbit

from gateway import frames
from gateway.adapters.rabbitmq import RabbitExchange, declare
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock
from gateway.publishing import CHECKPOINT, Publisher
from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import MessageReceived
from normalizer.model import Text
from normalizer.record import By

_QUEUE = "passerelle.million"
_CONVERSATIONS = 5000
_SIDE_BY_SIDE = 256
_AHEAD = 1000
_GROWTH = 1.25
"""By how much memory may have grown from a tenth of the way to its end: what the interpreter's own heap does."""
_TELL_S = 1.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


# The process that is looked at.


async def works(url: str, db: Path, count: int) -> None:
    """Append and publish; say how it stands each second, and end once everything is published and noted."""
    clock = SystemClock()
    store, exchange = SqliteStore(db, clock), RabbitExchange(url, clock)
    await store.start()
    await exchange.start()
    publisher = Publisher(store, exchange, clock, {"bench": "telegram"})
    await publisher.start()
    appending = asyncio.create_task(_appended(store, clock, count))
    while not appending.done() or await _noted(store) < count:
        await asyncio.sleep(_TELL_S)
        print(json.dumps({"head": await store.head(), "published": await _noted(store)}), flush=True)
    await appending
    await publisher.stop()
    await exchange.stop()
    await store.stop()


async def _noted(store: SqliteStore) -> int:
    return int(await store.value(CHECKPOINT) or 0)


async def _appended(store: SqliteStore, clock: SystemClock, count: int) -> None:
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await _append(store, clock, number)

    await asyncio.gather(*(some() for _ in range(_SIDE_BY_SIDE)))


async def _append(store: SqliteStore, clock: SystemClock, number: int) -> None:
    """One message of one of the customers."""
    chat = number % _CONVERSATIONS
    now = clock.now()
    event = MessageReceived(
        id=f"message:{chat}:{number}",
        identity=f"telegram:{chat}",
        name=f"Customer {chat}",
        sent_at=now,
        parts=(Text(text=f"message {number} " + "and what else there is to say " * 4),),
        provider_ids=(f"{chat}:{number}",),
        order=number,
    )
    place = Place(f"per_{chat:032x}", f"cnv_{chat:032x}")
    stamp = Stamp(clock.new_id("rec"), By("person", place.person, event.name), now, "main")
    message = clock.new_id("msg")
    draft = told.received(event, place, Channel("bench", "telegram"), stamp, message, event.parts, None)
    await store.append(place.conversation, lambda _: draft, draft.key)


# The process that looks.


@dataclass
class Seen:
    """What came by the exchange, and how the other process stood meanwhile."""

    place: int = 0
    repeats: int = 0
    gaps: int = 0
    memory: list[tuple[int, int]] = field(default_factory=list)
    """Places that were published, and the bytes in memory then."""
    lag: list[int] = field(default_factory=list)

    def note(self, body: bytes) -> None:
        """Places are dense, so the next one is one more; what was there already is a repeat."""
        place = frames.place(json.loads(body)["cursor"])
        if place <= self.place:
            self.repeats += 1
            return
        self.gaps += place != self.place + 1
        self.place = place


async def consumed(url: str, count: int, seen: Seen) -> None:
    """Until all have come."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_AHEAD)
        queue = await channel.get_queue(_QUEUE)
        unacknowledged = 0
        async with queue.iterator() as messages:
            async for message in messages:
                seen.note(message.body)
                unacknowledged += 1
                if unacknowledged >= _AHEAD // 4 or seen.place >= count:
                    await message.ack(multiple=True)
                    unacknowledged = 0
                if seen.place >= count:
                    break
        await channel.queue_delete(_QUEUE)


def _resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


async def watched(worker: asyncio.subprocess.Process, seen: Seen) -> None:
    """What the other process says, each time with its memory."""
    assert worker.stdout is not None
    while line := await worker.stdout.readline():
        stands = json.loads(line)
        seen.memory.append((stands["published"], _resident(worker.pid)))
        seen.lag.append(stands["head"] - stands["published"])


async def measured(url: str, count: int) -> dict[str, float | bool]:
    """Both processes, until everything has been published and has come."""
    await declare(url, _QUEUE, ["#"], None)
    seen, began = Seen(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="million-") as folder:
        command = [__file__, "--url", url, "--count", str(count), "--work", str(Path(folder) / "store.db")]
        worker = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(watched(worker, seen))
                both.create_task(consumed(url, count, seen))
            ended = await worker.wait()
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
    took = time.perf_counter() - began
    late = [held for place, held in seen.memory if place >= count / 10]
    growth = max(late) / late[0]
    return {
        "records": count,
        "seconds": round(took, 1),
        "records a second": round(count / took),
        "repeats": seen.repeats,
        "gaps": seen.gaps,
        "lag at most": max(seen.lag),
        "lag at the end": seen.lag[-1],
        "MiB at a tenth": round(late[0] / 2**20, 1),
        "MiB at most after it": round(max(late) / 2**20, 1),
        "held": ended == 0 and not seen.gaps and seen.lag[-1] == 0 and growth <= _GROWTH,
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--url")
    options.add_argument("--count", type=int, default=1_000_000)
    options.add_argument("--keep", action="store_true", help="put the result into long_runs.json and RESULTS.md")
    options.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.work is not None:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)  # as the product has it
        uvloop.run(works(asked.url, asked.work, asked.count))
        return
    with ExitStack() as stack:
        if asked.url is None and (why := no_rabbit()):
            sys.exit(why)
        url = asked.url or stack.enter_context(own_rabbit()).url
        found = uvloop.run(measured(url, asked.count))
    print(json.dumps(found))
    if asked.keep:
        keep("million", f"python benchmarks/million.py --count {asked.count}", found)
    sys.exit(0 if found["held"] else 1)


if __name__ == "__main__":
    main()
