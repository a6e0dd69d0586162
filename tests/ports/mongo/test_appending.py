"""Appends of several processes to the same streams: no number twice, no gap, and nothing acknowledged is ever lost."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from mongo_kit import intents, number, views, whole_feed
from store_kit import append, change, note, received, reply

from gateway.adapters.mongo import MongoStore
from gateway.ports import Unavailable, Wanted
from normalizer.decision import Refusal

RACERS = 200 if os.environ.get("CI") == "true" else 60
KILLS = 5 if os.environ.get("CI") == "true" else 2
CHILD = Path(__file__).with_name("mongo_child.py")
ROOT = Path(__file__).parents[3]


async def test_many_appends_of_two_processes_to_one_stream(where):
    one, two = await where.open(), await where.open()
    seen = []

    def decide(n):
        def look(view):
            seen.append(view.conversation.unread if view.conversation else 0)
            return received(f"{n}")

        return look

    done = await asyncio.gather(*((one if n % 2 else two).append("cnv_ann", decide(n)) for n in range(RACERS)))
    assert sorted(found.record.seq for found in done) == list(range(1, RACERS + 1))
    assert {found.duplicate for found in done} == {False}
    await number(one)
    feed = await whole_feed(one)
    assert Counter(record.key for record in feed) == {f"bot:message:{n}": 1 for n in range(RACERS)}
    assert (await two.conversation("cnv_ann")).unread == RACERS


async def test_the_same_keys_from_two_processes_are_written_once(where):
    stores = [await where.open() for _ in range(2)]
    drafts = [received(f"{n}", f"w{n % 4}") for n in range(40)]
    done = await asyncio.gather(*(append(store, *drafts) for store in stores))
    assert [record.id for record in done[0]] == [record.id for record in done[1]]
    await number(stores[0])
    assert len(await whole_feed(stores[0])) == 40
    assert await intents(stores[0]) == []


async def test_a_no_to_what_another_process_has_changed_meanwhile_is_decided_again(where):
    one, two = await where.open(), await where.open()
    await append(one, received("1"))
    await one.append("cnv_ann", change(1, status="resolved"))
    await append(two, received("2", minute=2))  # which opens it again, and the first process does not know

    def decide(view):
        if view.conversation.status == "resolved":
            raise Refusal("stale", "it is resolved")
        return note("n", minute=3)(view)

    assert (await one.append("cnv_ann", decide)).record.seq == 4


async def test_what_a_decision_asks_for_is_read_when_the_relay_has_not_come_so_far(where):
    one, two = await where.open(), await where.open()
    await append(one, *(received(f"{n}", minute=n) for n in range(4)))
    await number(one)
    await append(one, received("4", minute=4))
    await one.append("cnv_ann", reply("r", 5))
    found = {}

    def decide(view):
        found["late"] = view.message("msg_4").seq, view.message("msg_r").status
        found["unread after"] = view.unread_after(view.message("msg_1"))
        found["missing"] = view.message("msg_none")

    assert (await two.append("cnv_ann", decide)).record is None
    assert found == {"late": (5, "queued"), "unread after": 3, "missing": None}


async def test_a_caller_who_goes_away_harms_nobody(where):
    store = await where.open()
    gone = [asyncio.create_task(append(store, received(f"gone{n}"))) for n in range(10)]
    await asyncio.sleep(0.01)
    for one in gone:
        one.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    await append(store, *(received(f"{n}") for n in range(5)))
    await number(store)
    feed = await whole_feed(store)
    assert {f"bot:message:{n}" for n in range(5)} <= {record.key for record in feed}


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # PyMongo leaves refused connections to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_without_a_server_everything_is_unavailable_soon(where):
    store = MongoStore("mongodb://127.0.0.1:9/nowhere?serverSelectionTimeoutMS=200", where.clock)
    with pytest.raises(Unavailable):
        await store.start()
    done = await asyncio.gather(*(append(store, received(f"{n}")) for n in range(50)), return_exceptions=True)
    assert {type(one) for one in done} == {Unavailable}
    assert await store.ready()
    for asked in (
        store.conversation("x"),
        store.conversations(Wanted()),
        store.head(),
        store.number(),
        store.feed(0, 1),
    ):
        with pytest.raises(Unavailable):
            await asked
    await store.stop()
    with pytest.raises(Unavailable, match="closed"):
        await append(store, received("1"))
    assert await store.ready() == "the store is closed"
    gc.collect()


async def test_whatever_was_acknowledged_before_a_kill_is_in_the_feed_once(where):
    store, told = await where.open(), []
    for kill in range(KILLS):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            str(CHILD),
            where.url,
            f"k{kill}",
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{CHILD.parents[1]}"},
        )
        while len(told) < 60 * (kill + 1):
            told.append((await child.stdout.readline()).decode().strip())
        child.send_signal(signal.SIGKILL)
        told += (await child.stdout.read()).decode().split()
        await child.wait()
        await asyncio.sleep(0.5)  # the server ends what it was told, as it does before a lease passes on
    assert "" not in told
    await number(store)
    feed = await whole_feed(store)
    assert set(told) <= {record.key for record in feed}
    assert len(feed) == await store._collections.records.driven.count_documents({})
    before = await views(store)
    unread = sum(one.unread for one in (await store.conversations(Wanted())).data)
    assert unread == len(feed)
    await store.rebuild(lambda *_: None)
    assert await views(store) == before
