"""Partitions: every account is somebody's, nobody has more than their share, and whoever leaves is followed."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys.leasing import SkewedClock, Table

from gateway.leases import LOOK, Holdings
from gateway.partitions import ALONE, COUNT, NOBODY, Partitions, partition
from gateway.ports import Lease

TTL = 10.0
ACCOUNTS = [f"account-{number}" for number in range(200)]


class Process:
    """One that delivers, with a clock of its own."""

    def __init__(self, table: Table, number: int) -> None:
        self.clock = SkewedClock(begins=500.0 * number)
        self.holdings = Holdings(table, self.clock, f"gw-{number}", TTL)
        self.partitions = Partitions(self.holdings)

    def accounts(self) -> set[str]:
        return {account for account in ACCOUNTS if self.partitions.owns(account)}


class Town:
    """Several of them. Time passes for all, and whoever is there looks as often as they should."""

    def __init__(self, count: int) -> None:
        self.table, self.born = Table(), 0
        self.living: list[Process] = []
        self.dead: list[Process] = []
        for _ in range(count):
            self.join()

    def join(self) -> Process:
        self.living.append(Process(self.table, self.born))
        self.born += 1
        return self.living[-1]

    def die(self, one: Process) -> None:
        self.living.remove(one)
        self.dead.append(one)

    async def leave(self, one: Process) -> None:
        self.living.remove(one)
        await one.holdings.stop()

    async def live(self, looks: int) -> None:
        for _ in range(looks):
            for one in self.living:
                await one.holdings.once()
            self.whole()
            for one in (*self.living, *self.dead):
                one.clock.turn(TTL * LOOK)

    def whole(self) -> None:
        """No account is owned twice."""
        owners = Counter(account for one in (*self.living, *self.dead) for account in one.accounts())
        assert not [account for account, times in owners.items() if times > 1]

    def shares(self) -> list[int]:
        return sorted(one.partitions.count for one in self.living)

    def settled(self) -> None:
        """Every partition is somebody's, and nobody has more than their share."""
        assert sum(self.shares()) == COUNT
        assert max(self.shares()) <= ceil(COUNT / len(self.living))
        assert set().union(*(one.accounts() for one in self.living)) == set(ACCOUNTS)


def test_an_account_is_of_the_same_partition_in_every_process_and_version() -> None:
    assert [partition(name) for name in ("support-telegram", "support-sms", "", "é")] == [27, 25, 5, 2]
    assert {partition(account) for account in ACCOUNTS} == set(range(COUNT))


def test_one_process_alone_has_all_and_one_without_the_role_has_none() -> None:
    assert ALONE.owns("any")
    assert not NOBODY.owns("any")


async def test_the_first_takes_all_of_them_at_once() -> None:
    town = Town(1)
    await town.live(1)
    assert town.shares() == [COUNT]


@pytest.mark.parametrize("count", [2, 3, 5, 40])
async def test_they_are_shared_as_evenly_as_can_be(count: int) -> None:
    town = Town(count)
    await town.live(6)
    town.settled()


async def test_when_one_dies_the_others_take_over_what_it_had_once_its_leases_have_stood_still() -> None:
    town = Town(3)
    await town.live(6)
    town.die(town.living[1])
    await town.live(6)
    assert sum(town.shares()) < COUNT
    await town.live(8)
    town.settled()


async def test_one_that_stops_in_order_is_followed_at_the_next_look() -> None:
    town = Town(3)
    await town.live(6)
    await town.leave(town.living[0])
    await town.live(2)
    town.settled()


async def test_one_that_joins_is_given_its_share() -> None:
    town = Town(2)
    await town.live(6)
    before = [one.accounts() for one in town.living]
    town.join()
    await town.live(4)
    town.settled()
    for had, one in zip(before, town.living, strict=False):
        assert one.accounts() < had  # nothing moves but what the new one is given


async def test_a_partition_with_a_call_under_way_is_kept_until_it_has_ended_and_nothing_new_begins() -> None:
    town = Town(1)
    (old,) = town.living
    old.partitions.busy = lambda _: True
    await town.live(1)
    new = town.join()
    await town.live(4)
    assert (old.partitions.count, new.partitions.count) == (COUNT, 0)
    assert len(old.accounts()) < len(ACCOUNTS)
    assert new.accounts() == set()
    old.partitions.busy = lambda _: False
    await town.live(2)
    town.settled()


async def test_what_was_to_be_given_up_is_kept_if_whoever_wanted_it_dies_first() -> None:
    town = Town(1)
    (old,) = town.living
    await town.live(1)
    old.partitions.busy = lambda _: True
    new = town.join()
    await town.live(3)
    town.die(new)
    await town.live(12)
    assert old.accounts() == set(ACCOUNTS)


async def test_whoever_listens_is_told_of_every_change() -> None:
    town = Town(1)
    (old,) = town.living
    told: list[int] = []
    old.partitions.on_change(lambda: told.append(len(old.accounts())))
    await town.live(1)
    assert told == [len(ACCOUNTS)]
    town.join()
    await town.live(4)
    assert told[-1] == len(old.accounts()) < len(ACCOUNTS)
    town.table.away = True
    await town.live(9)
    assert told[-1] == 0


async def test_more_than_there_are_seats_for_wait_for_one() -> None:
    town = Town(101)
    await town.live(3)
    assert sum(not one.holdings.held("seat:") for one in town.living) == 1
    town.die(town.living[0])
    await town.live(14)
    assert all(one.holdings.held("seat:") for one in town.living)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(["join", "die", "leave", "live", "away", "back"]), max_size=14), st.randoms())
async def test_whatever_happens_no_account_is_twice_owned_and_in_the_end_all_are_shared(deeds, chance) -> None:
    town = Town(2)
    for deed in deeds:
        match deed:
            case "join":
                town.join()
            case "die" if len(town.living) > 1:
                town.die(chance.choice(town.living))
            case "leave" if len(town.living) > 1:
                await town.leave(chance.choice(town.living))
            case "live":
                await town.live(chance.randrange(1, 8))
            case "away" | "back":
                town.table.away = deed == "away"
        town.whole()
    town.table.away = False
    await town.live(20)
    town.settled()


class Laden(Table):
    """A table that has much to do: inserts wait for each other, and each takes its time."""

    def __init__(self, town: Town, seconds: float) -> None:
        super().__init__()
        self._town, self._seconds = town, seconds

    async def take_lease(self, lease: Lease) -> bool:
        for one in self._town.living:
            one.clock.turn(self._seconds)
        return await super().take_lease(lease)


@pytest.mark.parametrize("seconds", [0.1, 0.5])
async def test_a_slow_store_is_given_a_share_bit_by_bit_so_that_no_seat_lapses_meanwhile(seconds: float) -> None:
    town = Town(0)
    town.table = Laden(town, seconds)
    town.join()
    await town.live(ceil(COUNT * seconds) + 2)
    town.settled()
    first = town.living[0]
    seat = town.table.newest["seat:delivery:00"].holder
    town.join()  # half of it is to be given up again
    await town.live(ceil(2 * COUNT * seconds) + 20)
    town.settled()
    assert town.table.newest["seat:delivery:00"].holder == seat == first.holdings.holder
