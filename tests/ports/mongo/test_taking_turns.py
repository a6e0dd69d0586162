"""Processes that take turns: who was the relay once sees what the next one numbers, and nobody writes before it opened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bson.raw_bson import RawBSONDocument
from mongo_kit import intents, number, whole_feed
from pymongo.errors import DuplicateKeyError
from store_kit import append, received

from gateway.adapters.cache import Cache, Tail
from gateway.adapters.mongo import append as appending
from gateway.adapters.mongo import migrations, numbering, recent
from gateway.adapters.mongo.intents import FORGOTTEN_S
from gateway.ports import Unavailable


async def test_who_was_the_relay_once_is_given_what_the_next_relay_numbers(where):
    first, second = await where.open(), await where.open()
    await append(first, received("1"), received("2", "bob"))
    assert await number(first) == 2
    await append(second, received("3"))
    assert await number(second) == 1
    assert [record.feed for record in await first.feed(0, 10)] == [1, 2, 3]
    assert [record.feed for record in await first.feed(2, 10)] == [3]


async def test_a_relay_that_forgets_its_streams_in_the_middle_of_a_round_goes_on(where, monkeypatch):
    monkeypatch.setattr(numbering, "_STREAMS_CACHED", 3)
    monkeypatch.setattr(numbering, "_AT_ONCE", 2)
    store = await where.open()
    people = ("ann", "bob", "cid", "dan", "eve", "fay")
    await asyncio.gather(*(append(store, received(f"{n}", who)) for n, who in enumerate(people)))
    assert await number(store) == len(people)
    assert len(await whole_feed(store)) == len(people)


async def test_a_relay_that_may_remember_little_of_long_messages_numbers_them_all_the_same(where, monkeypatch):
    for module in (numbering, appending, recent):
        monkeypatch.setattr(module, "Cache", lambda most: Cache(most, 5000))
    monkeypatch.setattr(numbering, "Tail", lambda most: Tail(most, 5000))
    store = await where.open()
    for turn in range(6):
        await append(store, received(f"{turn}", f"w{turn % 2}", text="x" * 2000))
        await append(store, received(f"long-{turn}", f"w{turn % 2}", text="x" * 9000))
        assert await number(store) == 2
    assert len(await whole_feed(store)) == 12
    remembered = [store._relay.tail, store._relay._streams, store._appends._states, store._appends.recent._records]
    store._relay._streams.trim()
    assert all(one.weight <= 5000 for one in remembered)


async def test_nothing_is_appended_by_a_process_that_has_not_opened_the_database(where):
    unopened, opened = where.make(), await where.open()
    with pytest.raises(Unavailable, match="not open yet"):
        await append(unopened, received("1"))
    assert await unopened.ready() == "the store is not open yet"
    assert await opened.ready() == ""


async def test_nothing_is_appended_to_the_database_of_a_newer_version(where):
    opened, older = await where.open(), where.make()
    await opened._collections.meta.insert_one({"_id": f"version:{len(migrations.MIGRATIONS) + 1}"})
    with pytest.raises(Unavailable, match="newer version"):
        await older.start()
    with pytest.raises(Unavailable, match="not open yet"):
        await append(older, received("1"))


async def test_a_server_that_does_not_answer_keeps_nobody_from_stopping(where, monkeypatch):
    store = await where.open()
    close, closing = store._client.close, asyncio.Event()

    async def hang_once() -> None:
        if closing.is_set():
            await close()
        else:
            closing.set()
            await asyncio.Event().wait()

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(store._client, "close", hang_once)
    monkeypatch.setattr(store._collections.pending, "insert_many", never)
    asking = asyncio.create_task(append(store, received("1")))
    while not store._appends.intents.under_way:
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await store.stop()
        with pytest.raises(Unavailable, match="the store is closed"):
            await asking


async def test_a_relay_that_slept_in_the_middle_of_a_round_forgets_no_intent_whose_record_came_meanwhile(
    where, monkeypatch
):
    writer, relaying = await where.open(), await where.open()
    start, insert, going = where.clock.monotonic(), writer._appends.records.insert, asyncio.Event()

    async def slowly(document: RawBSONDocument) -> bool:
        await going.wait()
        return await insert(document)

    monkeypatch.setattr(writer._appends.records, "insert", slowly)
    asking = asyncio.create_task(append(writer, received("1")))
    while not await intents(writer):
        await asyncio.sleep(0.01)
    assert await relaying.number() == 0  # it has seen the intent now
    recent: Any = relaying._relay._recent
    read = recent.of

    async def asleep_after(keys: Any) -> Any:
        found = await read(keys)
        going.set()
        await asking
        monkeypatch.setattr(where.clock, "monotonic", lambda: start + 2 * FORGOTTEN_S)
        monkeypatch.setattr(recent, "of", read)
        return found

    monkeypatch.setattr(recent, "of", asleep_after)
    await relaying.number()
    assert await number(relaying) == 1


async def test_a_writer_that_slept_so_long_that_its_intent_was_forgotten_makes_another(where, monkeypatch):
    writer, relaying = await where.open(), await where.open()
    start, insert = where.clock.monotonic(), writer._appends.records.insert

    async def asleep_before(document: RawBSONDocument) -> bool:
        monkeypatch.setattr(where.clock, "monotonic", lambda: start + 2 * FORGOTTEN_S)
        await writer._collections.pending.delete_many({})
        return await insert(document)

    monkeypatch.setattr(writer._appends.records, "insert", asleep_before)
    await append(writer, received("1"))
    assert await number(relaying) == 1


async def test_two_who_make_one_document_at_the_same_instant_both_go_on(where, monkeypatch):
    store = await where.open()
    meta = store._collections.meta
    replace, raced = meta.replace_one, list[str]()

    async def race(wanted: dict[str, Any], document: Any, *, upsert: bool = False) -> None:
        if upsert and wanted["_id"] not in raced:
            raced.append(wanted["_id"])
            await meta.insert_one(wanted)
            raise DuplicateKeyError("E11000 duplicate key")
        await replace(wanted, document, upsert=upsert)

    monkeypatch.setattr(meta, "replace_one", race)
    assert await store.ready() == ""
    await append(store, received("1"))
    assert await number(store) == 1
    assert raced == ["trial", "folded"]


@pytest.mark.parametrize("failure", [None, Unavailable("away")])
async def test_a_round_that_is_cancelled_again_and_again_goes_to_its_end(failure):
    over, ended = asyncio.Event(), []

    async def work():
        await over.wait()
        ended.append(True)
        if failure is not None:
            raise failure
        return 1

    task = asyncio.create_task(numbering._to_its_end(work()))
    for _ in range(3):
        await asyncio.sleep(0.01)
        task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    over.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_a_round_that_nobody_cancels_says_what_came_of_it():
    async def work(of):
        if not of:
            raise Unavailable("away")
        return of

    assert await numbering._to_its_end(work(3)) == 3
    with pytest.raises(Unavailable, match="away"):
        await numbering._to_its_end(work(0))
