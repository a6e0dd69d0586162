"""Numbering begins and ends with the lease of the relay, and a store that hangs keeps nobody from stopping."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from toys.leasing import Table
from toys.world import ToyClock, until

from gateway.leases import Holdings, Post
from gateway.numbering import Numbering


class Hanging:
    """A store whose numbering goes on to its end, whoever cancels it."""

    def __init__(self) -> None:
        self.over, self.asked = asyncio.Event(), 0

    async def number(self) -> int:
        self.asked += 1
        while not self.over.is_set():
            with suppress(asyncio.CancelledError):
                await self.over.wait()
        return 0


def numbering_of(store: Any, told: list[str]) -> Numbering:
    return Numbering(store, ToyClock(), lambda: told.append("grown"), lambda: told.append("overtaken"))


async def test_a_store_that_hangs_is_not_waited_for_and_the_lease_is_left_to_lapse() -> None:
    store, told = Hanging(), list[str]()
    numbering = numbering_of(store, told)
    await numbering.start()
    await until(lambda: store.asked)
    try:
        async with asyncio.timeout(30):
            await numbering.stop()
        assert told == ["overtaken"]
    finally:
        store.over.set()
        await asyncio.sleep(0)


async def test_what_is_under_way_ends_before_numbering_does() -> None:
    store, told = Hanging(), list[str]()
    numbering = numbering_of(store, told)
    await numbering.start()
    await until(lambda: store.asked)
    asyncio.get_running_loop().call_later(0.05, store.over.set)
    await numbering.stop()
    assert store.over.is_set()
    assert told == []


async def test_a_post_that_has_been_stopped_is_not_taken_up_again() -> None:
    table, clock = Table(), ToyClock()
    holdings = Holdings(table, clock, "one")
    post = Post(holdings, "relay", clock, ())
    await holdings.start()
    await post.start()
    assert holdings.holds("relay")
    holdings.drop("relay")
    await post.stop()
    await holdings.once()
    assert not holdings.holds("relay")
    await post.start()
    assert holdings.holds("relay")
    await post.stop()
    await holdings.stop()
