"""Leases: never two who both believe that they hold a name, whatever their clocks say and whoever is paused."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toys.engine import engine
from toys.leasing import SkewedClock, Table
from toys.world import ToyClock, until

from gateway.leases import LOOK, MARGIN, RENEW, Holdings, Post
from gateway.ports import Lease, Unavailable

TTL = 10.0
NAME = "relay"


def claiming(table: Table, holder: str, clock: ToyClock | None = None, name: str = NAME, under: str = "") -> Holdings:
    """Holdings that want one name, by itself or under another."""
    found = Holdings(table, clock or ToyClock(), holder, TTL)

    async def claim() -> None:
        if under and found.free(under):
            await found.take(under)
        if found.free(name) and (not under or found.holds(under)):
            await found.take(name, under)

    found.pursue(claim)
    return found


class Others:
    """Several holders, each with a clock of its own that shows another time."""

    def __init__(self, table: Table, count: int, *, under: bool = False) -> None:
        self.clocks = [SkewedClock(begins=1000.0 * number) for number in range(count)]
        self.all = [
            claiming(table, f"gw-{number}", clock, under=f"seat:{number}" if under else "")
            for number, clock in enumerate(self.clocks)
        ]

    def turn(self, seconds: float) -> None:
        for clock in self.clocks:
            clock.turn(seconds)

    def holding(self) -> list[str]:
        return [one.holder for one in self.all if one.holds(NAME)]


@pytest.mark.parametrize("under", [False, True], ids=["by itself", "under a seat"])
async def test_the_first_has_it_and_keeps_it(under: bool) -> None:
    others = Others(Table(), 3, under=under)
    for _ in range(100):
        for one in others.all:
            await one.once()
        assert others.holding() == ["gw-0"]
        others.turn(TTL * LOOK)


@pytest.mark.parametrize("under", [False, True], ids=["by itself", "under a seat"])
async def test_when_its_holder_dies_another_takes_it_after_the_ttl_and_not_before(under: bool) -> None:
    others = Others(Table(), 2, under=under)
    dead, heir = others.all
    for one in others.all:
        await one.once()
    waited = 0.0
    while not heir.holds(NAME):
        others.turn(0.5)
        waited += 0.5
        await heir.once()
        assert not (heir.holds(NAME) and dead.holds(NAME))
    assert TTL <= waited <= TTL + 1


@pytest.mark.parametrize("under", [False, True], ids=["by itself", "under a seat"])
async def test_a_holder_that_stops_in_order_is_followed_at_once(under: bool) -> None:
    others = Others(Table(), 2, under=under)
    first, second = others.all
    await first.start()
    await second.once()
    await first.stop()
    assert others.holding() == []
    await second.once()
    assert others.holding() == ["gw-1"]


async def test_a_store_that_is_away_makes_its_holder_stop_before_anybody_else_may_begin() -> None:
    table = Table()
    others = Others(table, 1)
    (one,) = others.all
    told: list[bool] = []
    one.on_change(lambda: told.append(one.holds(NAME)))
    await one.once()
    table.away = True
    others.turn(TTL * (1 - MARGIN) - 0.1)
    await one.once()
    assert one.holds(NAME)
    others.turn(0.2)
    assert not one.holds(NAME)
    await one.once()
    assert told == [True, False]
    table.away = False
    await one.once()
    assert told == [True, False, True]


async def test_a_renewal_that_nobody_heard_of_is_ours_all_the_same() -> None:
    table = Table()
    others = Others(table, 2)
    one, other = others.all
    for each in others.all:
        await each.once()
    table.deaf = True
    others.turn(TTL * RENEW)
    await one.once()
    table.deaf = False
    assert table.newest[NAME] == Lease(NAME, 2, "gw-0")
    for _ in range(8):
        await one.once()
        await other.once()
        assert others.holding() == ["gw-0"]
        others.turn(TTL * RENEW)
    assert table.newest[NAME].epoch > 2


async def test_who_was_overtaken_hears_of_it_at_the_next_look_and_lets_it_be() -> None:
    table = Table()
    others = Others(table, 2)
    slow, quick = others.all
    await slow.once()
    await quick.once()
    others.turn(TTL)
    await quick.once()
    assert others.holding() == ["gw-1"]
    await slow.once()
    assert others.holding() == ["gw-1"]
    assert table.newest[NAME].holder == "gw-1"


async def test_what_is_dropped_is_not_ours_though_its_lease_has_time_left() -> None:
    table = Table()
    one = claiming(table, "gw-0")
    await one.once()
    one.drop(NAME)
    assert not one.holds(NAME)
    table.newest[NAME] = Lease(NAME, 2, "gw-1")
    one._claims.clear()
    await one.once()
    await one.give_up(NAME)
    assert table.newest[NAME] == Lease(NAME, 2, "gw-1")  # what is another's is not ours to give up


async def test_names_in_use_are_those_that_somebody_keeps() -> None:
    table = Table()
    clock = ToyClock()
    one = claiming(table, "gw-0", clock, "seat:0")
    table.newest = {
        "seat:1": Lease("seat:1", 3, "gw-1"),
        "seat:2": Lease("seat:2", 3, ""),
        "else": Lease("else", 1, "gw-1"),
    }
    await one.once()
    assert one.in_use("seat:") == {"seat:0", "seat:1"}
    assert one.held() == {"seat:0"}
    clock.turn(TTL)
    one._claims.clear()
    await one.once()
    assert one.in_use("seat:") == set()


async def test_only_the_seat_is_renewed_and_what_was_under_it_lapses_with_it() -> None:
    table = Table()
    others = Others(table, 1, under=True)
    (one,) = others.all
    for _ in range(30):
        await one.once()
        others.turn(TTL * LOOK)
    assert table.newest[NAME] == Lease(NAME, 1, "seat:0 gw-0")
    assert table.newest["seat:0"].epoch > 5
    others.turn(TTL)
    assert not one.holds(NAME)
    await one.once()
    assert table.newest[NAME].epoch == 2  # it might have been somebody's meanwhile
    assert one.holds(NAME)


async def test_a_renewal_of_a_seat_that_is_answered_too_late_takes_what_was_under_it_away() -> None:
    table = Table()
    others = Others(table, 1, under=True)
    (one,) = others.all
    await one.once()
    one._claims.clear()
    others.turn(TTL * RENEW)
    table.slow = True
    renewing = asyncio.ensure_future(one.once())
    for _ in range(3):
        await until(lambda: table.waiting)
        table.waiting.pop().set_result(None)
    await until(lambda: table.newest["seat:0"].epoch == 2 and table.waiting)
    others.turn(TTL)
    table.waiting.pop().set_result(None)
    await renewing
    assert not one.holds(NAME)


async def test_leases_are_seen_to_as_long_as_they_run(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        one = Holdings(made.store, made.clock, "gw-0", TTL)
        post = Post(one, NAME, made.clock, ())
        await post.start()
        await one.start()
        for _ in range(30):
            await until(lambda: len(made.clock.waits) >= 2)
            made.clock.turn(TTL * LOOK)
            assert one.holds(NAME)
        await post.stop()
        await one.stop()
        (lease,) = await made.store.leases()
        assert (lease.holder, lease.epoch > 5) == ("", True)


class Work:
    """A part that says when it runs; ``breaks`` counts how often it cannot be started."""

    def __init__(self, breaks: int = 0) -> None:
        self.runs, self.starts, self.breaks = False, 0, breaks

    async def start(self) -> None:
        self.starts += 1
        if self.starts <= self.breaks:
            raise Unavailable("not yet")
        self.runs = True

    async def stop(self) -> None:
        self.runs = False


async def test_work_runs_where_the_name_is_and_nowhere_else() -> None:
    table, clock = Table(), ToyClock()
    first, second = Holdings(table, clock, "gw-0", TTL), Holdings(table, clock, "gw-1", TTL)
    works = Work(), Work()
    posts = [Post(one, NAME, clock, [work]) for one, work in zip((first, second), works, strict=True)]
    for post, one in zip(posts, (first, second), strict=True):
        await post.start()
        await one.once()
    await until(lambda: works[0].runs)
    assert not works[1].runs
    first.drop(NAME)
    clock.turn(TTL)
    await second.once()
    await first.once()
    await until(lambda: works[1].runs)
    assert not works[0].runs
    for post in posts:
        await post.stop()
    assert not works[1].runs


async def test_work_that_cannot_begin_is_begun_again() -> None:
    clock = ToyClock()
    one = Holdings(Table(), clock, "gw-0", TTL)
    before, work = Work(), Work(breaks=1)
    post = Post(one, NAME, clock, [before, work])
    await post.start()
    await one.once()
    await until(lambda: clock.waits)
    assert not before.runs
    clock.turn(1)
    await until(lambda: work.runs)
    assert before.runs
    await post.stop()


# Whatever happens.


class Chance:
    """Three holders, and a history that chance makes: looks, whole or stalled within, lost answers, time that passes."""

    def __init__(self, chance: Random, *, under: bool) -> None:
        self.chance, self.table = chance, Table()
        self.clocks = [SkewedClock(60.0 * number, chance.uniform(0.95, 1.05)) for number in range(3)]
        self.holders = [
            claiming(self.table, f"gw-{number}", clock, under=f"seat:{number}" if under else "")
            for number, clock in enumerate(self.clocks)
        ]
        self.under_way: dict[Holdings, asyncio.Task[None]] = {}
        self.taken: set[str] = set()

    async def step(self) -> None:
        what = self.chance.choices([self.look, self.begin, self.go_on, self.turn, self.fail, self.leave], WEIGHTS)[0]
        await what()
        for _ in range(4):
            await asyncio.sleep(0)
        believing = [one.holder for one in self.holders if one.holds(NAME)]
        assert len(believing) <= 1, believing
        self.taken.update(believing)

    async def look(self) -> None:
        """Somebody looks, and nothing keeps them."""
        one = self.chance.choice(self.holders)
        if self._idle(one):
            self.table.slow = False
            await one.once()

    async def begin(self) -> None:
        """Somebody looks, and is kept before and after everything that they ask of the store."""
        one = self.chance.choice(self.holders)
        if self._idle(one):
            self.table.slow = True
            self.under_way[one] = asyncio.ensure_future(one.once())
            await asyncio.sleep(0)

    def _idle(self, one: Holdings) -> bool:
        return one not in self.under_way or self.under_way[one].done()

    async def go_on(self) -> None:
        """Something that was asked is done, or heard of."""
        if self.table.waiting:
            self.table.slow = True
            self.table.waiting.pop(self.chance.randrange(len(self.table.waiting))).set_result(None)

    async def turn(self) -> None:
        passed = self.chance.choice([0.3, 1.0, 2.5, 6.0])
        for clock in self.clocks:
            clock.turn(passed)

    async def fail(self) -> None:
        self.table.away, self.table.deaf = self.chance.choice([(True, False), (False, True), *[(False, False)] * 4])

    async def leave(self) -> None:
        one = self.chance.choice(self.holders)
        if self._idle(one):
            self.table.slow = False
            with suppress(Unavailable):
                await one.give_up(self.chance.choice([NAME, "seat:0", "seat:1"]))

    async def end(self) -> None:
        for task in self.under_way.values():
            task.cancel()
        await asyncio.gather(*self.under_way.values(), return_exceptions=True)


WEIGHTS = (8, 4, 14, 6, 1, 1)
HISTORIES: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


@settings(max_examples=40, **HISTORIES)
@pytest.mark.parametrize("under", [False, True], ids=["by itself", "under a seat"])
@given(chance=st.randoms(use_true_random=True))
def test_there_are_never_two(chance: Random, under: bool) -> None:
    async def history() -> set[str]:
        made = Chance(chance, under=under)
        for _ in range(400):
            await made.step()
        await made.end()
        return made.taken

    assert asyncio.run(history())


@pytest.mark.parametrize("died", [0, 1, 2])
async def test_whoever_dies_the_others_go_on(died: int) -> None:
    others = Others(Table(), 3)
    for one in others.all:
        await one.once()
    living = [one for number, one in enumerate(others.all) if number != died]
    for _ in range(15):
        others.turn(TTL * LOOK)
        for one in living:
            await one.once()
    assert len(others.holding()) == 1
    assert others.holding() != [f"gw-{died}"]
