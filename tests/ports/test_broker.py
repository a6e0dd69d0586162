"""What every broker promises: feed order, a bound, and that nobody waits for a listener."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_kit import AT

from gateway.adapters.memory import MemoryBroker
from normalizer.record import By, Record

BROKERS = {"memory": MemoryBroker}


@pytest.fixture(params=BROKERS)
def broker(request):
    return BROKERS[request.param]()


def records(first, count):
    by = By("agent", "agt_1")
    return [
        Record(
            feed=feed, id=f"rec_{feed}", stream="cnv_1", seq=feed, key=f"k{feed}", kind="note.added", brand="main",
            account=None, by=by, cause=None, at=AT, received_at=None, data={},
        )
        for feed in range(first, first + count)
    ]  # fmt: skip


async def take(subscription, count):
    async with asyncio.timeout(30):
        return [(await subscription.next()).feed for _ in range(count)]


async def rest(subscription):
    """All that is still given, up to the end."""
    found = []
    async with asyncio.timeout(30):
        while (record := await subscription.next()) is not None:
            found.append(record.feed)
    return found


async def test_everybody_gets_everything_in_feed_order(broker):
    listeners = [broker.subscribe(100) for _ in range(3)]
    await broker.publish(records(1, 10))
    await broker.publish(records(11, 5))
    for listener in listeners:
        assert await take(listener, 15) == list(range(1, 16))


async def test_a_listener_hears_from_now_on(broker):
    await broker.publish(records(1, 3))
    listener = broker.subscribe(10)
    await broker.publish(records(4, 2))
    assert await take(listener, 2) == [4, 5]


async def test_a_waiting_listener_is_woken(broker):
    listener = broker.subscribe(10)
    waiting = asyncio.create_task(take(listener, 1))
    await asyncio.sleep(0)
    assert not waiting.done()
    await broker.publish(records(1, 1))
    assert await waiting == [1]


async def test_who_lags_gets_what_was_queued_and_then_none(broker):
    slow, quick = broker.subscribe(10), broker.subscribe(1000)
    async with asyncio.timeout(30):  # nobody waits for the slow one
        await broker.publish(records(1, 8))
        await broker.publish(records(9, 8))
    assert await rest(slow) == list(range(1, 9))
    assert await slow.next() is None
    assert await take(quick, 16) == list(range(1, 17))
    await broker.publish(records(17, 1))
    assert await slow.next() is None
    assert await take(quick, 1) == [17]


async def test_exactly_the_bound_is_not_too_far(broker):
    listener = broker.subscribe(8)
    await broker.publish(records(1, 8))
    assert await take(listener, 8) == list(range(1, 9))
    await broker.publish(records(9, 8))
    assert await take(listener, 8) == list(range(9, 17))


async def test_who_keeps_up_is_not_overrun_by_a_long_publication(broker):
    listener = broker.subscribe(256)
    reading = asyncio.create_task(take(listener, 5000))
    await broker.publish(records(1, 5000))
    assert await reading == list(range(1, 5001))


async def test_a_waiting_listener_hears_that_it_has_ended(broker):
    listener = broker.subscribe(10)
    waiting = asyncio.create_task(listener.next())
    await asyncio.sleep(0)
    listener.close()
    listener.close()
    async with asyncio.timeout(30):
        assert await waiting is None
    await broker.publish(records(1, 3))
    assert await listener.next() is None


async def test_nothing_published_is_nothing_heard(broker):
    listener = broker.subscribe(1)
    await broker.publish([])
    await broker.publish(records(1, 1))
    assert await take(listener, 1) == [1]


@given(sizes=st.lists(st.integers(1, 200), max_size=8), bound=st.integers(1, 300), eager=st.booleans())
@pytest.mark.parametrize("kind", BROKERS)
def test_whatever_is_published_is_heard_from_the_start_without_a_gap(kind, sizes, bound, eager):
    async def play():
        broker = BROKERS[kind]()
        listener, place = broker.subscribe(bound), 0
        reading = asyncio.create_task(rest(listener)) if eager else None
        for size in sizes:
            await broker.publish(records(place + 1, size))
            place += size
        await asyncio.sleep(0)
        listener.close()
        return await (reading or rest(listener))

    heard = asyncio.run(play())
    assert heard == list(range(1, len(heard) + 1))
    if sum(sizes) <= bound:
        assert len(heard) == sum(sizes)
