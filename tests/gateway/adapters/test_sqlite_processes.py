"""The embedded store among processes: killed, locked out, beside a second one, out of room."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "ports"))

from store_kit import SqliteHouse, append, received, whole_feed

from gateway.adapters.sqlite import InUse, connection, locked
from gateway.ports import Unavailable, Wanted

ROOT = Path(__file__).parents[3]
PORTS = ROOT / "tests" / "ports"
ROUNDS = 10


class Mother:
    """Starts children and hears what they say."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PORTS / "store_mother.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}"},
        )

    def hear(self):
        line = self._process.stdout.readline()
        assert line, "the children's process has ended"
        return line.split()

    @contextmanager
    def child(self, role, path, word="-"):
        """A child, killed at the end if it has not ended; yields its pid and a list of what it says after that."""
        self._process.stdin.write(f"{role} {path} {word}\n")
        self._process.stdin.flush()
        said, pid = [], None
        while pid is None:
            words = self.hear()
            if words[0] == "pid":
                pid = int(words[1])
            else:
                said.append(words)
        child = Child(self, pid, said)
        try:
            yield child
        finally:
            child.kill()
            child.rest()

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


class Child:
    def __init__(self, mother, pid, said):
        self._mother, self._pid, self.said, self._ended = mother, pid, said, False

    def until(self, enough):
        while not self._ended and not enough(self.said):
            words = self._mother.hear()
            assert words[0] != "failed", words
            if words[0] == "ended":
                self._ended = True
            else:
                self.said.append(words)

    def rest(self):
        self.until(lambda _: False)
        return self.said

    def tell(self, number):
        os.kill(self._pid, number)

    def kill(self):
        if not self._ended:
            with suppress(ProcessLookupError):
                self.tell(signal.SIGKILL)


@pytest.fixture(scope="module")
def mother():
    found = Mother()
    yield found
    found.close()


@pytest.fixture
async def house(tmp_path):
    found = SqliteHouse(tmp_path)
    yield found
    await found.close()


# Killed.


async def test_killed_at_any_instant_it_has_everything_that_it_acknowledged(mother, house):
    acknowledged, dice = [], random.Random(7)
    for number in range(ROUNDS):
        enough = dice.randrange(1, 120)
        with mother.child("appends", house.path, f"r{number}") as child:
            child.until(lambda said, enough=enough: len(said) >= enough)
            child.kill()
            acknowledged += [words[1] for words in child.rest()]
    assert len(acknowledged) >= ROUNDS
    store = await house.open()
    feed = await whole_feed(store)
    keys = {record.key for record in feed}
    assert len(keys) == len(feed)
    assert keys >= set(acknowledged)
    assert len(acknowledged) == len(set(acknowledged))
    page = await store.conversations(Wanted())
    assert sum(one.unread for one in page.data) == len(feed)
    assert page.cursor == len(feed)
    views = house.views()
    await store.rebuild(lambda *_: None)
    assert house.views() == views


# Locked out.


async def test_another_process_holds_the_write_lock(mother, house):
    store = await house.open()
    await append(store, received("0"))
    assert (await store.conversation("cnv_ann")).unread == 1
    with mother.child("holds", house.path) as holder:
        holder.until(lambda said: ["holds"] in said)
        started = time.monotonic()
        drafts = [received(f"{n}") for n in range(1, 30)]
        done = await asyncio.gather(*(append(store, draft) for draft in drafts), return_exceptions=True)
        assert 0.5 < time.monotonic() - started < 3
        assert [type(one) for one in done] == [Unavailable] * 29
        assert "locked" in await store.ready()
        assert (await store.conversation("cnv_ann")).unread == 1  # the views are at the head: reading goes on
        holder.tell(signal.SIGTERM)
        assert ["let", "go"] in holder.rest()
        await asyncio.gather(*(append(store, draft) for draft in drafts))
    assert await store.ready() == ""
    assert len(await whole_feed(store)) == 30
    assert (await store.conversation("cnv_ann")).unread == 30


async def test_the_views_wait_for_another_process_and_go_on(mother, house, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_MS", 50)
    store = await house.open()
    heard = []
    store.on_commit(heard.extend)
    await append(store, *(received(f"{n}") for n in range(20)))
    with mother.child("holds", house.path) as holder:
        holder.until(lambda said: ["holds"] in said)
        reads = await asyncio.gather(*(store.conversation("cnv_ann") for _ in range(3)), return_exceptions=True)
        # Either the views had been folded before the lock was taken, or the reader hears that they cannot be.
        assert all(isinstance(one, Unavailable) or one.unread == 20 for one in reads)
        holder.tell(signal.SIGTERM)
        assert ["let", "go"] in holder.rest()
    async with asyncio.timeout(30):
        assert (await store.conversation("cnv_ann")).unread == 20
    assert heard == await whole_feed(store)


# Beside another.


async def test_a_second_process_appends_while_the_first_runs(mother, house):
    store = await house.open()
    heard = []
    store.on_commit(heard.extend)
    await append(store, received("1"), received("b", "bob"))
    await store.conversation("cnv_ann")
    with mother.child("few", house.path, "5") as command:
        command.rest()
    again = await store.append("cnv_ann", lambda view: received("2") if view.conversation.unread == 6 else None)
    assert (again.record.feed, again.record.seq) == (8, 7)
    feed = await whole_feed(store)
    assert heard == feed
    assert [record.key for record in feed[2:7]] == [f"bot:message:foreign{n}" for n in range(5)]
    assert (await store.conversation("cnv_ann")).unread == 7
    assert len((await store.lines("cnv_ann", 50, None)).data) == 7
    known = await store.append("cnv_ann", lambda _: received("foreign3"))
    assert known.duplicate


async def test_an_idle_store_notices_what_a_second_one_appended(mother, house):
    store = await house.open()
    heard, told = [], asyncio.Event()

    def listen(records):
        heard.extend(records)
        if len(heard) == 4:
            told.set()

    store.on_commit(listen)
    await append(store, received("1"))
    await store.conversation("cnv_ann")  # nothing is left to be folded, so nothing but the idle look can notice
    with mother.child("few", house.path, "3") as command:
        command.rest()
    async with asyncio.timeout(30):
        await told.wait()
    assert await store.head() == 4
    assert (await store.conversation("cnv_ann")).unread == 4


async def test_two_stores_append_at_the_same_time(house):
    one, two = await house.open(), await house.open()
    heard = {one: [], two: []}
    for store, list_ in heard.items():
        store.on_commit(list_.extend)

    async def write(store, name):
        for n in range(40):
            await append(store, received(f"{name}{n}"))

    await asyncio.gather(*(write(store, f"{name}{n}.") for store, name in ((one, "a"), (two, "b")) for n in range(3)))
    await append(one, received("last"))
    await append(two, received("very last"))
    feed = await whole_feed(two)
    assert len(feed) == 242
    assert heard[two] == feed
    assert heard[one] in (feed, feed[:-1])
    assert (await one.conversation("cnv_ann")).unread >= 241
    assert (await two.conversation("cnv_ann")).unread == 242


# Out of room.


def test_no_room_for_a_commit(mother, tmp_path):
    with mother.child("fills", tmp_path / "test.db") as child:
        assert [" ".join(words) for words in child.rest()] == [
            "refused 50 of 50",
            "ready True",
            "ready False",
            "fresh 50",
            "unread 60",
        ]


# The lock of a running server.


def test_the_lock_is_for_one_and_ends_with_its_process(mother, tmp_path):
    path = tmp_path / "deep" / "test.db"
    with mother.child("locks", path) as holder:
        holder.until(lambda said: ["locked"] in said)
        with pytest.raises(InUse, match=r"another passerelle is running on .*test\.db; stop it first"), locked(path):
            pass
        holder.kill()
        holder.rest()
        with locked(path), pytest.raises(InUse), locked(path):
            pass
    with locked(path):
        pass
