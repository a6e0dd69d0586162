"""What every store promises of leases: an epoch of a name is one holder's, and only the newest counts."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_kit import append, received

from gateway.ports import Lease, Unavailable

RACERS = [f"gw-{n}" for n in range(30)]


async def test_nobody_holds_anything_at_first(store):
    assert list(await store.leases()) == []


async def test_who_renews_takes_the_next_epoch_and_only_the_newest_is_told(store):
    for epoch in range(1, 26):
        assert await store.take_lease(Lease("relay", epoch, "gw-1")) is True
    assert list(await store.leases()) == [Lease("relay", 25, "gw-1")]


async def test_of_all_who_want_an_epoch_one_has_it(store):
    for epoch in (1, 2, 3):
        taken = await asyncio.gather(*(store.take_lease(Lease("relay", epoch, racer)) for racer in RACERS))
        assert taken.count(True) == 1
        assert list(await store.leases()) == [Lease("relay", epoch, RACERS[taken.index(True)])]


async def test_whoever_was_overtaken_hears_no_for_every_epoch_that_is_gone(store):
    for epoch in range(1, 26):
        assert await store.take_lease(Lease("relay", epoch, "quick"))
    for epoch in range(1, 26):  # long forgotten ones too
        assert await store.take_lease(Lease("relay", epoch, "slow")) is False
    assert list(await store.leases()) == [Lease("relay", 25, "quick")]


async def test_an_epoch_may_be_left_out_but_not_taken_afterwards(store):
    assert await store.take_lease(Lease("relay", 1, "gw-1"))
    assert await store.take_lease(Lease("relay", 7, "gw-2"))
    assert await store.take_lease(Lease("relay", 6, "gw-1")) is False
    assert list(await store.leases()) == [Lease("relay", 7, "gw-2")]


async def test_names_are_leased_apart(store):
    for number in range(32):
        assert await store.take_lease(Lease(f"partition:{number:02}", 1 + number % 3, f"gw-{number % 2}"))
    assert await store.take_lease(Lease("relay", 1, "gw-1"))
    held = {lease.name: lease for lease in await store.leases()}
    assert len(held) == 33
    assert held["partition:31"] == Lease("partition:31", 2, "gw-1")
    assert held["relay"] == Lease("relay", 1, "gw-1")


async def test_a_lease_is_nobody_elses_after_a_restart_or_a_rebuild(house):
    store = await house.open()
    await append(store, received("1"))
    assert await store.take_lease(Lease("relay", 4, "gw-1"))
    await store.stop()
    store = await house.open()
    await store.rebuild(lambda *_: None)
    assert list(await store.leases()) == [Lease("relay", 4, "gw-1")]
    assert await store.take_lease(Lease("relay", 4, "gw-2")) is False
    assert await store.take_lease(Lease("relay", 5, "gw-2")) is True


async def test_another_process_sees_a_lease_as_soon_as_it_is_taken(house):
    one, other = await house.open(), await house.open()
    assert await one.take_lease(Lease("relay", 1, "gw-1"))
    assert list(await other.leases()) == [Lease("relay", 1, "gw-1")]
    assert await other.take_lease(Lease("relay", 1, "gw-2")) is False
    assert await other.take_lease(Lease("relay", 2, "gw-2")) is True
    assert list(await one.leases()) == [Lease("relay", 2, "gw-2")]
    assert await one.take_lease(Lease("relay", 2, "gw-1")) is False


async def test_a_store_that_is_closed_leases_nothing(store):
    await store.stop()
    with pytest.raises(Unavailable):
        await store.take_lease(Lease("relay", 1, "gw-1"))
    with pytest.raises(Unavailable):
        await store.leases()


wanted = st.lists(st.tuples(st.sampled_from(("a", "b")), st.integers(1, 40), st.sampled_from("xyz")), max_size=12)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=wanted)
async def test_a_lease_is_taken_exactly_when_its_epoch_is_the_newest_of_its_name(store, wanted):
    newest = {one.name: one for one in await store.leases()}  # hypothesis gives every example the same store
    for name, step, holder in wanted:
        floor = newest[name].epoch if name in newest else 0
        lease = Lease(name, max(1, floor + step - 20), holder)
        assert await store.take_lease(lease) is (lease.epoch > floor)
        if lease.epoch > floor:
            newest[name] = lease
    assert {one.name: one for one in await store.leases()} == newest


async def test_a_store_that_numbers_what_it_writes_or_has_numbered_all_has_nothing_to_number(store):
    await append(store, *(received(str(n)) for n in range(3)))
    while await store.number():
        pass
    assert await store.head() == 3
    assert await store.number() == 0
