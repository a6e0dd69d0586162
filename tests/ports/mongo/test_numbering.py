"""The relay's part: each record numbered once and in order, whoever dies, wherever, and whoever comes back late."""

from __future__ import annotations

import asyncio

import pytest
from mongo_kit import Killed, Plug, die, intents, number, places, relay, views, whole_feed
from store_kit import append, history, received

from gateway.adapters.mongo import following
from gateway.adapters.mongo.intents import FORGOTTEN_S
from gateway.ports import Overtaken, Unavailable, Wanted


async def test_nothing_has_a_place_before_the_relay_gives_it(where):
    store = await where.open()
    await append(store, received("1"), received("2", "bob"))
    assert (await store.head(), await store.feed(0, 10)) == (0, [])
    assert await store.number() == 2
    assert (await store.head(), len(await store.feed(0, 10))) == (2, 2)
    assert await intents(store) == []
    assert await store.number() == 0


async def test_one_conversation_is_exact_without_a_relay(where):
    writer, reader = await where.open(), await where.open()
    for n in range(3):
        await append(writer, received(f"{n}", minute=n))
        assert (await reader.conversation("cnv_ann")).unread == n + 1
        if n == 1:
            await number(writer)
    assert (await reader.message("msg_1")).seq == 2


async def test_a_list_without_a_relay_says_so(where, monkeypatch):
    monkeypatch.setattr(following, "PATIENCE_S", 0.2)
    store = await where.open()
    await append(store, received("1"))
    with pytest.raises(Unavailable, match="is a relay running"):
        await store.conversations(Wanted())


async def test_a_list_waits_for_a_relay_of_another_process(where):
    writer, reader, relaying = await where.open(), await where.open(), await where.open()
    async with relay(relaying):
        for n in range(5):
            await append(writer, received(f"{n}"))
            page = await reader.lines("cnv_ann", 10, None)
            assert (len(page.data), page.cursor) == (n + 1, n + 1)
            assert [one.unread for one in (await reader.conversations(Wanted())).data] == [n + 1]


async def test_an_intent_without_a_record_keeps_no_reader_and_goes_after_ten_minutes(where):
    store, dying = await where.open(), await where.open()
    die(dying, Plug(1, after=False))  # the intent is written, the record is not
    dead = asyncio.create_task(dying._collections.pending.insert_one({"_id": "cnv_ann|dead", "key": "bot:message:x"}))
    await dead
    await append(store, received("1"))
    await number(store)
    assert await intents(store) == ["cnv_ann|dead"]
    assert len((await store.conversations(Wanted())).data) == 1
    start, where.clock.monotonic = where.clock.monotonic(), lambda: start + FORGOTTEN_S - 1
    await number(store)
    assert await intents(store) == ["cnv_ann|dead"]
    where.clock.monotonic = lambda: start + FORGOTTEN_S + 60
    await number(store)
    assert await intents(store) == []


async def test_a_record_whose_writer_died_before_it_was_told_is_numbered(where):
    writer, relaying = await where.open(), await where.open()
    die(writer, Plug(1, after=True))  # the record is written, and nobody hears of it
    asked = asyncio.create_task(append(writer, received("1")))
    done = await asyncio.wait({asked}, timeout=5)
    assert done
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert await number(relaying) == 1
    again = await where.open()
    assert (await append(again, received("1")))[0].seq == 1
    assert await number(relaying) == 0
    assert len(await whole_feed(again)) == 1


async def test_a_repeated_key_leaves_nothing_behind(where):
    one, two = await where.open(), await where.open()
    await append(one, received("1"))
    await append(two, received("1"))
    assert await number(one) == 1
    assert await intents(one) == []


STEPS = 14


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after it"])
@pytest.mark.parametrize("step", range(STEPS))
async def test_a_relay_that_dies_anywhere_is_followed_by_one_that_completes_its_work(where, step, after):
    store, dying = await where.open(), await where.open()
    async with relay(store):
        await history(store)
    await number(store)
    made = [received(f"{who}.late{n}", who, 20 + n) for n in range(3) for who in ("ann", "bob", "new")]
    await append(store, *made)
    plug = Plug(step, after=after)
    die(dying, plug)
    try:
        await number(dying)
    except Killed:
        assert plug.pulled
    next_one = await where.open()
    await number(next_one)
    feed = await whole_feed(next_one)
    assert {draft.key for draft in made} <= {record.key for record in feed}
    assert len(feed) == await next_one.head()
    assert await intents(next_one) == []
    before = await views(next_one)
    await next_one.rebuild(lambda *_: None)
    assert await views(next_one) == before
    assert {one.id: one.unread for one in (await next_one.conversations(Wanted())).data}["cnv_new"] == 3


async def test_the_steps_are_more_than_a_round_takes(where):
    """So that no write of a round is left untried by the test above."""
    store, dying = await where.open(), await where.open()
    async with relay(store):
        await history(store)
    await number(store)
    await append(store, *(received(f"{who}.late{n}", who, 20 + n) for n in range(3) for who in ("ann", "bob", "new")))
    plug = Plug(STEPS, after=False)
    die(dying, plug)
    assert await dying.number() == 9
    assert not plug.pulled


async def test_of_two_relays_the_slower_one_is_overtaken_and_no_view_is_set_back(where):
    one, two = await where.open(), await where.open()
    await append(one, received("1"))
    assert await one.number() == 1
    await append(two, received("2"), received("b", "bob"))
    assert await two.number() == 2
    await append(one, received("3"))
    with pytest.raises(Overtaken):
        await one.number()
    assert await one.number() == 1  # whoever is given the lease again goes on where the other was
    assert [record.seq for record in await whole_feed(two) if record.stream == "cnv_ann"] == [1, 2, 3]
    assert (await two.conversation("cnv_ann")).unread == 3


async def test_relays_that_fight_number_each_record_once(where):
    stores = [await where.open() for _ in range(3)]
    going = True

    async def fight(store):
        while going:
            try:
                await store.number()
            except Overtaken:
                await asyncio.sleep(0)

    fighting = [asyncio.create_task(fight(store)) for store in stores[:2]]
    for n in range(15):
        await append(stores[2], *(received(f"{who}{n}", who, n) for who in ("ann", "bob", "cid", "dee")))
    going = False
    await asyncio.gather(*fighting)
    last = await where.open()
    await number(last)
    assert len(await whole_feed(last)) == 60
    assert sorted(one.unread for one in (await last.conversations(Wanted())).data) == [15] * 4


async def test_a_view_that_a_late_relay_set_back_is_mended_by_the_next_record(where):
    store = await where.open()
    await append(store, received("1", minute=1))
    await number(store)
    (old,) = await store._collections.conversations.find({}).to_list()
    await append(store, received("2", minute=2), received("3", minute=3))
    await number(store)
    await store._collections.conversations.replace_one({"_id": old["_id"]}, old)
    writer, relaying = await where.open(), await where.open()
    assert (await append(writer, received("4", minute=4)))[0].seq == 4
    assert await number(relaying) == 1
    assert len(await whole_feed(relaying)) == 4
    assert (await relaying.conversations(Wanted())).data[0].unread == 4


async def test_places_of_one_batch_follow_time_but_never_against_a_stream(where):
    store = await where.open()
    await append(store, received("a1", "ann", 5))
    await append(store, received("a2", "ann", 1), received("b1", "bob", 3), received("c1", "cid", 9))
    await number(store)
    assert [record.key.rpartition(":")[2] for record in await whole_feed(store)] == ["b1", "a1", "a2", "c1"]


async def test_a_database_of_a_later_version_is_refused():
    async with places() as where:
        store = await where.open()
        await store._collections.meta.insert_one({"_id": "version:99"})
        await store._collections.meta.insert_one({"_id": "version:2"})
        with pytest.raises(Unavailable, match="newer version"):
            await where.open()
