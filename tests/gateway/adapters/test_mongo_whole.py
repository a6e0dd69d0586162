"""Operations of MongoDB's driver are done whole: whoever is cancelled goes at once, and the driver never hears of it."""

from __future__ import annotations

import ast
import asyncio
import gc
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect
from pymongo.lock import _async_cond_wait, _async_create_condition, _async_create_lock
from toys.servers import FerretDB, drop_database, fresh_database, own_ferretdb, servers_end
from toys.world import until

import gateway.adapters.mongo
from gateway.adapters.mongo import MongoStore, exact, store, whole
from gateway.adapters.mongo.whole import Operations
from gateway.adapters.system import SystemClock
from gateway.ports import Lease, Unavailable

__all__ = ["servers_end"]

_SOON_S = 20.0
"""More than it takes, and less than for ever."""
_TURNS = 8


class Pool:
    """The driver's: its lock and its condition, waited for as the driver waits for a free connection."""

    def __init__(self) -> None:
        self.lock = _async_create_lock()
        self.freed = _async_create_condition(self.lock)
        self.free = self.waiting = 0

    async def checkout(self) -> None:
        async with self.freed:
            self.waiting += 1
            while not self.free:
                if not await _async_cond_wait(self.freed, 60):
                    raise AutoReconnect("timed out")
            self.free -= 1

    async def checkin(self) -> None:
        async with self.freed:
            self.free += 1
            self.freed.notify()


async def turns(count: int = _TURNS) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def now() -> float:
    return asyncio.get_running_loop().time()


async def close() -> None:
    """A client that closes at once."""


async def test_a_driver_whose_caller_is_cancelled_twice_keeps_its_lock() -> None:
    """The second time while ``asyncio.wait_for`` waits for its inner task, whose turn at the lock has just come."""
    pool, operations = Pool(), Operations()
    asking = asyncio.create_task(operations.whole(pool.checkout()))
    await until(lambda: pool.waiting == 1)
    await turns()
    await pool.lock.acquire()
    asking.cancel()
    await turns()
    asking.cancel()
    pool.lock.release()
    await turns()
    assert not pool.lock.locked()
    assert asking.cancelled()
    async with asyncio.timeout(_SOON_S):
        await pool.checkin()
        await operations.stop(close, now() + _SOON_S)
    assert pool.free == 0  # the operation went to its end


async def test_whoever_is_cancelled_goes_at_once_and_the_operation_goes_on() -> None:
    operations, going, done = Operations(), asyncio.Event(), list[str]()

    async def operation() -> None:
        await going.wait()
        done.append("done")

    asking = asyncio.create_task(operations.whole(operation()))
    await turns()
    asking.cancel()
    await turns()
    assert asking.cancelled()
    going.set()
    await turns()
    assert done == ["done"]


async def test_what_comes_of_an_operation_comes_to_whoever_asked() -> None:
    operations = Operations()

    async def one() -> int:
        return 1

    async def broken() -> int:
        raise AutoReconnect("away")

    assert await operations.whole(one()) == 1
    with pytest.raises(AutoReconnect, match="away"):
        await operations.whole(broken())


@pytest.mark.parametrize("late", [False, True])
async def test_a_failure_that_nobody_waits_for_any_more_is_no_news(late: bool) -> None:
    operations, going, told = Operations(), asyncio.Event(), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def broken() -> None:
        await going.wait()
        raise AutoReconnect("away")

    asking = asyncio.create_task(operations.whole(broken()))
    await turns()
    if late:
        asking.cancel()
        await turns()
    going.set()
    if not late:
        await asyncio.sleep(0)
        asking.cancel()
    await turns()
    assert asking.cancelled()
    gc.collect()
    assert told == []


async def test_stopping_waits_for_what_is_under_way() -> None:
    operations, done = Operations(), list[str]()

    async def slowly() -> None:
        await asyncio.sleep(0.05)
        done.append("operation")

    async def good_bye() -> None:
        await asyncio.sleep(0.05)
        done.append("good-bye")

    asking = asyncio.create_task(operations.whole(slowly()))
    await turns()
    asking.cancel()
    await operations.stop(good_bye, now() + _SOON_S)
    assert done == ["operation", "good-bye"]


async def test_what_does_not_end_by_then_is_ended_and_whoever_waits_for_it_is_told() -> None:
    operations, closed = Operations(), list[str]()

    async def never() -> None:
        await asyncio.Event().wait()

    async def good_bye() -> None:
        closed.append("asked")
        if len(closed) == 1:
            await never()

    asking = [asyncio.create_task(operations.whole(never())) for _ in range(3)]
    await turns()
    asking[0].cancel()
    async with asyncio.timeout(_SOON_S):
        await operations.stop(good_bye, now())
    done = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in done] == [asyncio.CancelledError, Unavailable, Unavailable]
    assert closed == ["asked", "asked"]
    with pytest.raises(Unavailable, match="the store is closed"):
        await operations.whole(never())


async def test_a_crowd_at_the_drivers_lock_is_cancelled_once() -> None:
    pool, operations = Pool(), Operations()
    asking = [asyncio.create_task(operations.whole(pool.checkout())) for _ in range(50)]
    await until(lambda: pool.waiting == 50)
    async with asyncio.timeout(_SOON_S):
        await operations.stop(close, now())
    done = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(one) for one in done} == {Unavailable}
    assert not pool.lock.locked()


async def test_an_operation_that_loses_its_cancellation_at_the_end_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whole, "_STILL_S", 0.01)
    operations, lost = Operations(), 0

    async def deaf() -> None:
        nonlocal lost
        while lost < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1

    asking = asyncio.create_task(operations.whole(deaf()))
    await turns()
    async with asyncio.timeout(_SOON_S):
        await operations.stop(close, now())
        await asking
    assert lost == 3


async def test_a_driver_that_never_ends_keeps_nobody_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "_STILL_S", 0.01)
    operations, over = Operations(), asyncio.Event()

    async def deaf() -> None:
        while not over.is_set():
            with suppress(asyncio.CancelledError):
                await over.wait()

    asking = asyncio.create_task(operations.whole(deaf()))
    await turns()
    async with asyncio.timeout(_SOON_S):
        await operations.stop(deaf, now())
        over.set()
        await asking


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_whenever_callers_are_cancelled_all_that_was_checked_out_can_be_again(
    when: list[tuple[int, int]], free: int
) -> None:
    """Any number of callers, each cancelled twice at any turn of the loop: the pool's lock is free in the end."""

    async def play() -> None:
        pool, operations = Pool(), Operations()

        async def used() -> None:
            await pool.checkout()
            await turns(2)
            await pool.checkin()

        async def twice(task: asyncio.Task[None], first: int, second: int) -> None:
            for wait in (first, second):
                await turns(wait)
                task.cancel()

        asking = [asyncio.create_task(operations.whole(used())) for _ in when]
        cancelling = [twice(task, *waits) for task, waits in zip(asking, when, strict=True)]
        async with asyncio.timeout(_SOON_S):
            await asyncio.gather(*cancelling, *(pool.checkin() for _ in range(free + 1)))
            await asyncio.gather(*asking, return_exceptions=True)
            await operations.stop(close, now() + _SOON_S)
        assert not pool.lock.locked()
        assert pool.free == free + 1

    asyncio.run(play())


# At a server.


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[MongoStore]:
    found = MongoStore(url, SystemClock())
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


async def _cancelled_at(ask: Callable[[], Awaitable[object]], waits: tuple[float, float]) -> None:
    task = asyncio.ensure_future(ask())
    for wait in waits:
        await asyncio.sleep(wait)
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_store_answers_after_any_number_of_callers_were_cancelled_twice() -> None:
    """Through two connections, so that most wait for one when they are cancelled."""
    url, chance = fresh_database(), random.Random(7)
    async with opened(f"{url}?maxPoolSize=2&waitQueueTimeoutMS=120000") as made:
        asks: list[Callable[[], Awaitable[object]]] = [
            lambda: made.set_value("name", "value"),
            made.leases,
            lambda: made.take_lease(Lease("relay", chance.randrange(1, 9), "us")),
            lambda: made.value("name"),
            lambda: exact.many(made._collections.records, ["a", "b", "c", "d"]),
        ]
        for _ in range(4):
            waits = [(chance.random() * 0.05, chance.choice((0, 0, chance.random() * 0.005))) for _ in range(60)]
            await asyncio.gather(*(_cancelled_at(chance.choice(asks), one) for one in waits))
            async with asyncio.timeout(120):
                assert await made.ready() == ""
    drop_database(url)


@pytest.fixture
def frozen() -> Any:
    with own_ferretdb() as server:
        yield server
        server.thaw()


async def test_stopping_with_operations_under_way_at_a_frozen_server_leaves_no_task(frozen: FerretDB) -> None:
    before = asyncio.all_tasks()
    made = MongoStore(f"{fresh_database(frozen.url)}?maxPoolSize=3", SystemClock())
    await made.start()
    frozen.freeze()
    gone, waiting = ([asyncio.create_task(made.value(f"{n}")) for n in range(20)] for _ in range(2))
    await asyncio.sleep(0.1)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    async with asyncio.timeout(_SOON_S):
        await made.stop()
        done = await asyncio.gather(*waiting, return_exceptions=True)
    assert {str(one) for one in done} == {"the store is closed"}
    assert asyncio.all_tasks() == before


def test_the_driver_is_bounded_in_all_that_it_waits_for() -> None:
    bounds = {"serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS", "waitQueueTimeoutMS"}
    assert store._PATIENCE.keys() >= bounds
    assert all(0 < store._PATIENCE[name] <= 10_000 for name in bounds)


def test_nobody_else_awaits_the_driver() -> None:
    """What is not asked through ``collection`` could be cancelled."""
    folder, knowing = Path(gateway.adapters.mongo.__file__).parent, set[str]()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if any("pymongo.asynchronous" in name or "Async" in name for name in (module, *names)):
                knowing.add(file.name)
            if isinstance(node, ast.Attribute) and node.attr == "driven":
                knowing.add(file.name)
    assert knowing == {"collection.py", "collections.py", "store.py"}
