"""What one process puts off and another one sends, when their clocks are not the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mongo_kit import Places, number
from store_kit import AT, append, received, reply, settle
from toys.world import ToyClock

from gateway.adapters.deferrals import Deferrals
from gateway.adapters.instants import millis
from gateway.adapters.mongo import MongoStore

AHEAD = timedelta(hours=1)


class Behind(ToyClock):
    """An hour behind the process that puts off, which thinks it is AT."""

    def __init__(self) -> None:
        super().__init__()
        self._now = AT - AHEAD


@pytest.fixture
async def beside(where: Places) -> MongoStore:
    """A store of a process whose clock is behind."""
    store = where.make()
    store._clock = store._deferrals._clock = Behind()
    await store.start()
    return store


async def put_off(store: MongoStore, minute: float, until: float) -> None:
    await append(store, received("1"))
    await store.append("cnv_ann", reply("a"))
    await store.append("cnv_ann", settle("msg_a", "deferred", minute, send_at=AT + timedelta(minutes=until)))
    await number(store)


async def test_a_deferral_of_a_process_whose_clock_is_ahead_lasts_its_own_length_and_no_longer(
    where: Places, beside: MongoStore
) -> None:
    await put_off(await where.open(), 2, 3)
    clock = beside._clock
    assert isinstance(clock, ToyClock)
    for passed, left in ((0, 60), (20, 40), (39, 1), (1, 0), (5, 0)):
        clock.turn(passed)
        (waiting,) = await beside.unsettled("cnv_ann")
        assert (waiting.send_at - clock.now()).total_seconds() == left


async def test_a_deferral_by_our_own_clock_is_due_when_it_says(where: Places) -> None:
    store = await where.open()
    await put_off(store, 0, 3)
    assert [one.send_at for one in await store.unsettled()] == [AT + timedelta(minutes=3)]


async def test_each_deferral_of_a_message_is_counted_anew(where: Places, beside: MongoStore) -> None:
    store = await where.open()
    await put_off(store, 0, 1)
    clock = beside._clock
    assert isinstance(clock, ToyClock)
    await beside.unsettled()
    clock.turn(55)
    await store.append("cnv_ann", settle("msg_a", "deferred", 1, send_at=AT + timedelta(minutes=3)))
    await number(store)
    (waiting,) = await beside.unsettled()
    assert (waiting.send_at - clock.now()).total_seconds() == 120


async def test_what_is_not_put_off_is_due_at_once_whatever_the_clocks_say(where: Places, beside: MongoStore) -> None:
    store = await where.open()
    await append(store, received("1"))
    await store.append("cnv_ann", reply("a"))
    await number(store)
    (waiting,) = await beside.unsettled()
    assert waiting.send_at == beside._clock.now()


async def test_what_an_earlier_version_put_off_waits_as_it_said(where: Places, beside: MongoStore) -> None:
    await put_off(await where.open(), 0, 3)
    await beside._collections.unsettled.driven.update_many({}, {"$unset": {"since": ""}})
    (waiting,) = await beside.unsettled()
    assert waiting.send_at == AT + timedelta(minutes=3)


@given(st.integers(-7200, 7200), st.integers(0, 600), st.lists(st.integers(0, 300), max_size=8))
def test_nobody_waits_longer_than_the_length_nor_longer_than_it_says(ahead: int, length: int, turns: list[int]) -> None:
    clock = ToyClock()
    deferrals, written = Deferrals(clock), clock.now() + timedelta(seconds=ahead)
    send_at, passed = written + timedelta(seconds=length), 0
    for turn in [0, *turns]:
        clock.turn(turn)
        passed += turn
        due = deferrals.due("msg", millis(written), millis(send_at))
        wait = max(0.0, (due - clock.now()).total_seconds())
        assert wait == min(max(0, length - passed), max(0, ahead + length - passed))
