"""What the broker of one process does beyond what every broker promises."""

from __future__ import annotations

import asyncio

import pytest

from gateway.adapters import memory
from gateway.adapters.memory import MemoryBroker


@pytest.fixture
def broker():
    return MemoryBroker()


async def test_a_listener_may_leave_while_records_are_handed_on(broker, monkeypatch):
    monkeypatch.setattr(memory, "TURN", 2)
    one, two = broker.subscribe(100), broker.subscribe(100)

    async def leave():
        await one.next()
        one.close()

    leaving = asyncio.create_task(leave())
    await broker.publish(list(range(10)))
    await leaving
    assert [await two.next() for _ in range(10)] == list(range(10))


async def test_an_ended_listener_is_forgotten(broker):
    lagging, closed, stays = broker.subscribe(1), broker.subscribe(10), broker.subscribe(10)
    closed.close()
    await broker.publish([1, 2])
    assert broker._listeners == {stays}
    assert await lagging.next() is None
    assert await closed.next() is None


async def test_what_comes_after_a_lag_is_never_mixed_in(broker):
    listener = broker.subscribe(3)
    await broker.publish([1, 2])
    await broker.publish([3, 4])  # too many
    assert [await listener.next(), await listener.next()] == [1, 2]
    await broker.publish([5])
    assert await listener.next() is None


async def test_a_publication_lets_the_others_have_a_turn(broker):
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await broker.publish(list(range(memory.TURN * 5)))
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    assert turns >= 4


async def test_a_cancelled_wait_loses_nothing(broker):
    listener = broker.subscribe(10)
    waiting = asyncio.create_task(listener.next())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await broker.publish([1])
    assert await listener.next() == 1
