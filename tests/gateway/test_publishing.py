"""The publisher: the whole feed, in order, at least once, whatever the exchange does."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
import structlog
from toys.engine import Engine
from toys.rabbit import Rabbit, lasting_queue
from toys.world import ToyHttp, until

from gateway.adapters.rabbitmq import RabbitExchange
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock
from gateway.metrics import UNPUBLISHED
from gateway.ports import Announcement, Unavailable
from gateway.publishing import AT_ONCE, CHECKPOINT, Publisher

PATIENCE_S = 90


class ToyExchange:
    """Keeps what it is given; ``refuse`` says how many of the next batches it takes nothing of, or half."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.seen: list[str] = []
        self.refuse: list[str] = []
        self.listeners: list[Callable[[], None]] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def publish(self, announcements: Sequence[Announcement]) -> None:
        await asyncio.sleep(0)
        ids = [one.id for one in announcements]
        self.batches.append(ids)
        how = self.refuse.pop(0) if self.refuse else ""
        self.seen += ids[: len(ids) // 2] if how == "half" else [] if how else ids
        if how:
            raise Unavailable(how)

    async def nudge(self) -> None: ...

    def on_nudge(self, listener: Callable[[], None]) -> None:
        self.listeners.append(listener)

    async def ready(self) -> str:
        return ""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    found = Engine(tmp_path / "store.db", ToyHttp())
    await found.store.start()
    await found.intake.start(found.accounts)
    yield found
    await found.intake.stop()
    await found.store.stop()


async def feed(store: SqliteStore, after: int = 0) -> list[str]:
    return [record.id for record in await store.feed(after, 10_000)]


@asynccontextmanager
async def publishing(engine: Engine, exchange: Any, clock: Any = None) -> AsyncIterator[Publisher]:
    publisher = Publisher(engine.store, exchange, clock or SystemClock(), {"toy-one": "toy"})
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()


async def hear(engine: Engine, first: int, count: int) -> None:
    for number in range(first, first + count):
        await engine.hear(number, who=f"p{number % 3}")


async def test_what_was_there_and_what_comes_is_published_once_and_in_order(engine):
    await hear(engine, 1, 3)
    exchange = ToyExchange()
    async with publishing(engine, exchange):
        await hear(engine, 4, 3)
        await until(lambda: len(exchange.seen) >= 6)
    assert exchange.seen == await feed(engine.store)


async def test_the_checkpoint_is_where_the_next_one_goes_on(engine):
    await hear(engine, 1, 2)
    exchange = ToyExchange()
    async with publishing(engine, exchange):
        await until(lambda: len(exchange.seen) == 2)
    assert await engine.store.value(CHECKPOINT) == str(await engine.store.head())
    await hear(engine, 3, 2)
    async with publishing(engine, exchange):
        await until(lambda: len(exchange.seen) == 4)
    assert exchange.seen == await feed(engine.store)


async def test_the_checkpoint_never_runs_ahead_of_what_is_confirmed(engine):
    exchange = ToyExchange()
    exchange.refuse = ["no"] * 1000
    await hear(engine, 1, 2)
    async with publishing(engine, exchange):
        await until(lambda: len(exchange.batches) >= 2)
    assert await engine.store.value(CHECKPOINT) is None


async def test_one_publisher_can_be_started_again(engine):
    exchange = ToyExchange()
    publisher = Publisher(engine.store, exchange, SystemClock(), {})
    for round_ in range(3):
        await publisher.start()
        await hear(engine, round_ + 1, 1)
        await until(lambda count=round_ + 1: len(exchange.seen) == count)
        await publisher.stop()
    assert exchange.seen == await feed(engine.store)


@pytest.mark.parametrize("how", ["nothing", "half"])
async def test_after_a_lost_confirm_it_repeats_from_the_first_and_begins_with_one(engine, how):
    await hear(engine, 1, 6)
    exchange = ToyExchange()
    exchange.refuse = [how]
    async with publishing(engine, exchange):
        await until(lambda: len(dict.fromkeys(exchange.seen)) == 6)
    ids = await feed(engine.store)
    assert exchange.batches[:4] == [ids, ids[:1], ids[1:2], ids[2:4]] or exchange.batches[:3] == [
        ids,
        ids[:1],
        ids[1:3],
    ]
    assert list(dict.fromkeys(exchange.seen)) == ids


async def test_a_nudge_of_another_process_is_enough_to_look(engine, tmp_path):
    exchange = ToyExchange()
    async with publishing(engine, exchange):
        other = Engine(tmp_path / "store.db", ToyHttp())
        await other.store.start()
        await other.intake.start(other.accounts)
        await hear(other, 1, 1)
        for listener in exchange.listeners:
            listener()
        await until(lambda: exchange.seen)
        await hear(other, 2, 1)  # and without any, it looks now and then
        await until(lambda: len(exchange.seen) == 2)
        await other.intake.stop()
        await other.store.stop()
    assert exchange.seen == await feed(engine.store)


async def test_more_than_a_batch_goes_in_batches(engine):
    exchange = ToyExchange()
    events = [engine.event(number, "ann") for number in range(AT_ONCE + 20)]
    for some in itertools.batched(events, 100) if hasattr(itertools, "batched") else [events]:
        await engine.intake.take(engine.account, list(some), "req_1")
    async with publishing(engine, exchange):
        await until(lambda: len(exchange.seen) == AT_ONCE + 20)
    assert [len(batch) for batch in exchange.batches] == [AT_ONCE, 20]


async def test_what_left_the_feed_before_it_was_published_is_said_aloud_and_the_rest_goes_on(engine):
    await hear(engine, 1, 3)
    await engine.store.set_value(CHECKPOINT, "1")
    engine.store._retention = timedelta(days=30)
    engine.clock.turn(31 * 24 * 3600)
    await engine.hear(9, who="late")
    exchange = ToyExchange()
    with structlog.testing.capture_logs() as said:
        async with publishing(engine, exchange):
            await until(lambda: exchange.seen)
    assert exchange.seen == await feed(engine.store, await engine.store.oldest())
    assert len(exchange.seen) == 1
    assert any(line["log_level"] == "error" and "before they could be published" in line["event"] for line in said)


async def test_records_that_all_left_the_feed_are_told_of_once(engine):
    await hear(engine, 1, 3)
    await engine.store.set_value(CHECKPOINT, "1")
    engine.store._retention = timedelta(days=30)
    engine.clock.turn(31 * 24 * 3600)
    exchange = ToyExchange()
    with structlog.testing.capture_logs() as said:
        async with publishing(engine, exchange) as publisher:
            for _ in range(4):
                publisher.look()
                await asyncio.sleep(0.05)
            await engine.hear(9, who="late")
            await until(lambda: exchange.seen)
    assert len([line for line in said if "before they could be published" in line["event"]]) == 1


async def test_how_far_it_lags_is_counted(engine):
    exchange = ToyExchange()
    exchange.refuse = ["no"] * 100_000
    async with publishing(engine, exchange):
        await hear(engine, 1, 4)
        await until(lambda: UNPUBLISHED._value.get() == 4)
        exchange.refuse.clear()
        await until(lambda: UNPUBLISHED._value.get() == 0)
    assert exchange.seen == await feed(engine.store)


async def test_a_server_that_is_killed_and_comes_back_has_the_whole_feed_in_order(engine, rabbit):
    queue = f"feed-{engine.clock.new_id('q')}"
    await lasting_queue(rabbit, queue)
    exchange = RabbitExchange(rabbit.url, SystemClock())
    await exchange.start()
    try:
        async with publishing(engine, exchange):
            await hear(engine, 1, 50)
            killing = asyncio.create_task(_killed_and_started(rabbit))
            number = 51
            while not killing.done():
                await hear(engine, number, 1)
                number += 1
                await asyncio.sleep(0.01)
            await killing
            await hear(engine, number, 50)
            head = str(await engine.store.head())
            async with asyncio.timeout(PATIENCE_S):
                while await engine.store.value(CHECKPOINT) != head:
                    await asyncio.sleep(0.05)
    finally:
        await exchange.stop()
    found = await _drained(rabbit, queue)
    assert list(dict.fromkeys(one["id"] for one in found)) == await feed(engine.store)
    bodies: dict[str, Any] = {}
    for one in found:  # the same at every repeat
        assert bodies.setdefault(one["id"], one) == one


async def _killed_and_started(rabbit: Rabbit) -> None:
    await rabbit.do("kill")
    await rabbit.do("start")


async def _drained(rabbit: Rabbit, name: str) -> list[dict[str, Any]]:
    found = []
    connection = await aio_pika.connect(rabbit.url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(name)
        for _ in range(queue.declaration_result.message_count or 0):
            message = await queue.get(timeout=30)
            assert message is not None
            await message.ack()
            found.append(json.loads(message.body))
        await channel.queue_delete(name)
    return found


async def test_a_store_that_does_not_answer_keeps_the_publisher_from_nothing_but_its_note(engine, monkeypatch):
    async def never(*_: object, **__: object) -> str:
        await asyncio.Event().wait()
        return ""

    await hear(engine, 1, 2)
    exchange = ToyExchange()
    publisher = Publisher(engine.store, exchange, SystemClock(), {})
    monkeypatch.setattr(engine.store, "set_value", never)
    await publisher.start()
    await until(lambda: len(exchange.seen) == 2)
    async with asyncio.timeout(PATIENCE_S):
        await publisher.stop()
