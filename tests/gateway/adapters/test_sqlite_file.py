"""The embedded store's file: migrated from any version, refused when it is newer, and a journal that stays bounded."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "ports"))

from store_kit import AT, SqliteHouse, append, received, whole_feed

from gateway.adapters.sqlite import SqliteStore, checkpoints, schema
from gateway.adapters.system import SystemClock
from gateway.ports import Lease, Unavailable, Wanted
from normalizer.decision import Place

DUMPS = sorted((Path(__file__).parents[2] / "ports" / "stores").glob("v*.sql"))


@pytest.fixture
async def house(tmp_path):
    found = SqliteHouse(tmp_path)
    yield found
    await found.close()


def test_every_version_that_has_shipped_is_kept_as_a_dump():
    assert [dump.stem for dump in DUMPS] == [f"v{n + 1}" for n in range(len(schema.MIGRATIONS))]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
async def test_a_stored_older_file_is_opened(house, dump):
    house.do(dump.read_text())
    store = await house.open()
    assert house.ask("PRAGMA user_version") == [(len(schema.MIGRATIONS),)]
    feed = await whole_feed(store)
    assert len(feed) == 20
    ann = await store.conversation("cnv_ann")
    assert (ann.person.name, ann.unread, ann.last_message.id) == ("Ann Lee", 0, "msg_a9")
    assert len((await store.lines("cnv_ann", 50, None)).data) == 8
    assert [one.message for one in await store.unsettled()] == ["msg_r2"]
    assert (await store.message_of("bot", "out-1")).status == "sent"
    assert [one.id for one in await store.pending_files(9)] == ["med_c1_0"]
    assert (await store.key_by_digest("digest")).name == "robot"
    assert (await store.agent_by_email("Grace@example.com")).id == "agt_1"
    assert [one.id for one in await store.attempts("msg_r1")] == ["msg_r1:1:1"]
    assert [one.size for one in await store.kept(9)] == [2]
    assert (await store.kept_one("raw_1")).body == b"\x00{"
    assert await store.unmatched("bot", ["out-9"]) == ["{}"]
    assert await store.value("link key") == "secret"
    leases = [] if dump.stem in {"v1", "v2", "v3"} else [Lease("relay", 2, "gw-1")]
    assert await store.leases() == leases
    assert await store.bind("main", "telegram:ann", Place("x", "y")) == Place("per_ann", "cnv_ann")
    await append(store, received("new"))
    assert await store.head() == 21
    before = await shown(store)
    await store.rebuild(lambda *_: None)
    assert await shown(store) == before


async def shown(store):
    """All that the views say, whatever way this version writes it down."""
    conversations = (await store.conversations(Wanted())).data
    lines = [(await store.lines(one.id, 100, None)).data for one in conversations]
    return conversations, lines, (await store.people(None, None, 100, None)).data, await store.unsettled()


async def test_uploads_that_were_sent_before_are_not_left_over(house):
    """Version 2 did not say which uploads a message holds; its records do."""
    house.do((DUMPS[0].parent / "v2.sql").read_text())
    request = house.ask("SELECT data FROM records WHERE kind = 'message.queued'")[0][0]
    held = json.loads(request)
    held["message"]["parts"].append({"kind": "media", "media_type": "image", "media": "med_sent"})
    db = sqlite3.connect(house.path)
    db.execute("UPDATE records SET data = ? WHERE data = ?", (json.dumps(held).encode(), request))
    for name in ("med_sent", "med_unsent"):
        db.execute("INSERT INTO files VALUES (?, 'main', 'kept', '', '', '', 'image/png', '', 7, ?, '')", (name, name))
    db.commit()
    db.close()
    store = await house.open()
    assert list(await store.remove_files(AT, 9, "never sent", unsent=True)) == []  # ids of no time: young for ever
    assert (await store.file("med_sent")).conversation == "cnv_ann"
    assert (await store.file("med_unsent")).conversation == ""


async def test_the_newest_ten_epochs_of_a_lease_are_kept(house):
    store = await house.open()
    for epoch in range(1, 26):
        assert await store.take_lease(Lease("relay", epoch, "gw-1"))
    assert await store.take_lease(Lease("other", 1, "gw-2"))
    held = house.ask("SELECT epoch FROM leases WHERE name = 'relay' ORDER BY epoch")
    assert held == [(epoch,) for epoch in range(16, 26)]
    assert house.ask("SELECT epoch FROM leases WHERE name = 'other'") == [(1,)]


async def test_an_interrupted_migration_leaves_the_file_as_it_was(house, monkeypatch):
    store = await house.open()
    await append(store, received("1"))
    await store.stop()
    shipped = len(schema.MIGRATIONS)
    with monkeypatch.context() as patch:
        broken = (
            "CREATE TABLE extra (x INTEGER) STRICT;\nINSERT INTO extra VALUES (1);\nINSERT INTO missing VALUES (1);\n"
        )
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        with pytest.raises(Unavailable, match="missing"):
            await house.open()
        assert house.ask("PRAGMA user_version") == [(shipped,)]
        assert house.ask("SELECT name FROM sqlite_master WHERE name = 'extra'") == []
        next_one = "CREATE TABLE extra (x INTEGER) STRICT;\n"
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:shipped], next_one))
        store = await house.open()
        assert house.ask("PRAGMA user_version") == [(shipped + 1,)]
        assert len(await whole_feed(store)) == 1
        await store.stop()
    words = f"this store is of version {shipped + 1}; this program reads up to {shipped}: use a newer one"
    with pytest.raises(Unavailable, match=words):
        await house.open()
    assert house.ask("PRAGMA user_version") == [(shipped + 1,)]


async def test_a_new_file_is_made_by_several_at_once(house):
    stores = await asyncio.gather(*(house.open() for _ in range(4)), return_exceptions=True)
    opened = [store for store in stores if not isinstance(store, Unavailable)]
    assert opened  # whoever was locked out says so, and may try again
    assert not [store for store in stores if isinstance(store, Exception) and not isinstance(store, Unavailable)]
    await append(opened[0], received("1"))
    store = await house.open()
    assert len(await whole_feed(store)) == 1


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to look like one" * 20, b"SQLite format 3\x00" + bytes(600)]
)
async def test_a_file_that_is_no_store_is_unavailable(house, content):
    house.path.write_bytes(content)
    with pytest.raises(Unavailable, match=r"cannot use the store .*test\.db"):
        await house.open()
    assert house.path.read_bytes() == content


async def test_a_folder_is_no_store(house):
    house.path.mkdir()
    with pytest.raises(Unavailable, match="cannot open the store"):
        await house.open()


async def test_a_file_somebody_has_for_himself_is_unavailable(house, monkeypatch):
    monkeypatch.setattr("gateway.adapters.sqlite.connection.BUSY_MS", 20)
    db = sqlite3.connect(house.path, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(Unavailable, match="locked"):
            await house.open()
    finally:
        db.close()
    assert await (await house.open()).head() == 0


# The journal.


def wal(house):
    path = house.path.with_name("test.db-wal")
    return path.stat().st_size if path.exists() else 0


async def test_the_journal_is_bounded_while_writing_and_while_catching_up(house, monkeypatch):
    monkeypatch.setattr(checkpoints, "_LARGE_BYTES", 200_000)
    monkeypatch.setattr(checkpoints, "_APART_S", 0.0)
    store = await house.open()
    largest = 0
    for n in range(60):
        await append(store, *(received(f"{n}.{m}", f"w{m}", text="x" * 1000) for m in range(20)))
        largest = max(largest, wal(house))
    assert largest < 1_500_000
    assert house.path.stat().st_size > 1_000_000
    await store.stop()
    house.unfold()
    again = await house.open()
    sizes = []
    monkeypatch.setattr("gateway.adapters.sqlite.following._AT_ONCE", 50)
    copies = again._writer.checkpoints
    monkeypatch.setattr(copies, "make", _watching(copies.make, house, sizes))
    assert len((await again.conversations(Wanted())).data) == 20
    assert len(sizes) > 1  # also while a reader waits for a long way to be folded


def _watching(checkpoint, house, sizes):
    def watched():
        sizes.append(wal(house))
        checkpoint()

    return watched


async def test_a_journal_that_a_reader_held_back_is_truncated_afterwards(house, monkeypatch):
    monkeypatch.setattr(checkpoints, "_LARGE_BYTES", 50_000)
    monkeypatch.setattr(checkpoints, "_TRUNCATE_BYTES", 300_000)
    monkeypatch.setattr(checkpoints, "_APART_S", 0.0)
    monkeypatch.setattr("gateway.adapters.sqlite.connection.BUSY_MS", 10)
    store = await house.open()
    await append(store, received("first"))
    db = sqlite3.connect(house.path, isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM records").fetchone()  # reads an old state, so the journal cannot start over
    try:
        for n in range(15):
            await append(store, *(received(f"{n}.{m}", text="x" * 2000) for m in range(20)))
        grown = wal(house)
        assert grown > 300_000
    finally:
        db.close()
    await append(store, received("last"))
    await store.conversation("cnv_ann")
    await append(store, received("very last"))
    await store.conversation("cnv_ann")
    assert wal(house) < grown / 2
    assert len(await whole_feed(store)) == 303


async def test_stopping_folds_and_truncates(house):
    store = await house.open()
    await append(store, *(received(f"{n}") for n in range(300)))
    await store.stop()
    assert wal(house) == 0
    assert house.ask("SELECT feed FROM folded") == [(300,)]
    assert house.ask("SELECT seq FROM conversations") == [(300,)]


async def test_nobody_but_the_writer_checkpoints(house, monkeypatch):
    asked = []
    connect = sqlite3.connect

    class Watched(sqlite3.Connection):
        def execute(self, sql, *parameters):
            if "wal_checkpoint" in sql:
                asked.append(threading.current_thread().name)
            return super().execute(sql, *parameters)

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: connect(*args, factory=Watched, **named))
    store = await house.open()
    await append(store, received("1"))
    await store.conversation("cnv_ann")
    for db in store._connections:
        assert db.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 0
    assert await store._writer.run(lambda db: db.execute("PRAGMA wal_autocheckpoint").fetchone()[0]) == 0
    await store.stop()
    assert set(asked) == {"sqlite-writer"}


async def test_a_process_beside_the_server_never_checkpoints(tmp_path):
    """SQLite before 3.51.3 can corrupt a file when one connection checkpoints while another commits."""
    server = SqliteStore(tmp_path / "p.db", SystemClock())
    await server.start()
    beside = SqliteStore(tmp_path / "p.db", SystemClock(), alone=False)
    await beside.start()
    said = []
    beside._writer._db.set_trace_callback(said.append)
    await beside.set_value("a", "b")
    beside._writer.checkpoints.due = True
    beside._writer.checkpoints.make()
    await beside.stop()
    assert any("settings" in statement for statement in said)
    assert not any("wal_checkpoint" in statement for statement in said)
    await server.stop()
