"""The embedded store when its file says no, at every step: all in the batch hear of it, nothing is lost, and it goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "ports"))

from store_kit import SqliteHouse, always, append, history, received, reply, whole_feed

from gateway.adapters.cache import Cache
from gateway.adapters.sqlite import batch, bulk, connection, fold, following, rows
from gateway.ports import Unavailable, Wanted
from normalizer.decision import Place

FULL, NORMAL = 2, 1


class Faulty(sqlite3.Connection):
    """A connection whose statements fail while ``fault`` names a piece of them."""

    fault = ""
    error: Exception = sqlite3.OperationalError("disk I/O error")
    failed = 0

    def execute(self, sql, *parameters):
        if Faulty.fault and Faulty.fault in sql:
            Faulty.failed += 1
            raise Faulty.error
        return super().execute(sql, *parameters)


@pytest.fixture
async def house(tmp_path, monkeypatch):
    monkeypatch.setattr(Faulty, "fault", "")
    monkeypatch.setattr(Faulty, "failed", 0)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: connect(*args, factory=Faulty, **named))
    found = SqliteHouse(tmp_path)
    yield found
    Faulty.fault = ""
    await found.close()


@pytest.fixture
async def store(house):
    return await house.open()


async def inside(store, sql):
    """What the writer's own connection answers, between two commits."""
    return await store._writer.run(lambda db: db.execute(sql).fetchone()[0])


ERRORS = [
    sqlite3.OperationalError("database or disk is full"),
    sqlite3.DatabaseError("database disk image is malformed"),
    sqlite3.IntegrityError("UNIQUE constraint failed"),
    OverflowError("Python int too large"),
]


@pytest.mark.parametrize(
    "fault", ["BEGIN IMMEDIATE", "INSERT INTO records", "COMMIT", "PRAGMA data_version", "SELECT key"]
)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_a_commit_that_fails_is_unavailable_for_all_in_it(store, fault, error):
    await append(store, received("0"))
    await store.conversation("cnv_ann")
    Faulty.error, Faulty.fault = error, fault
    drafts = [received(f"{n}") for n in range(1, 20)]
    async with asyncio.timeout(30):
        bound, *done = await asyncio.gather(
            store.bind("main", "telegram:new", Place("per_1", "cnv_1")),
            *(append(store, draft) for draft in drafts),
            return_exceptions=True,
        )
    assert Faulty.failed
    assert [type(one) for one in done] == [Unavailable] * 19
    if fault in {"BEGIN IMMEDIATE", "COMMIT"}:
        assert str(error) in await store.ready()
    Faulty.fault = ""
    assert await store.ready() == ""
    assert len(await whole_feed(store)) == 1
    await append(store, *drafts, *drafts)
    assert len(await whole_feed(store)) == 20
    assert (await store.conversation("cnv_ann")).unread == 20
    again = Place("per_2", "cnv_2")  # the binding may have been in a batch of its own, which adds no record
    assert await store.bind("main", "telegram:new", again) == (again if isinstance(bound, Unavailable) else bound)


@pytest.mark.parametrize(
    "fault", ["INSERT OR REPLACE INTO conversations", "INSERT INTO lines", "UPDATE folded", "COMMIT", "SAVEPOINT fold"]
)
async def test_views_that_cannot_be_written_are_unavailable_and_catch_up(store, house, fault):
    await append(store, received("0"))
    assert (await store.conversation("cnv_ann")).unread == 1
    drafts = [received(f"{n}") for n in range(1, 40)]
    await append(store, *drafts)
    Faulty.error, Faulty.fault = sqlite3.OperationalError("database or disk is full"), fault
    async with asyncio.timeout(30):
        done = await asyncio.gather(*(store.conversation("cnv_ann") for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in done] == [Unavailable] * 3 or Faulty.failed == 0
    if fault != "COMMIT":  # the log goes on without the views
        assert await append(store, received("40"))
        assert await inside(store, "PRAGMA synchronous") == FULL
    Faulty.fault = ""
    async with asyncio.timeout(30):
        found = await store.conversation("cnv_ann")
    assert found.unread == await store.head()
    assert await inside(store, "PRAGMA synchronous") == FULL
    views = house.views()
    await store.rebuild(lambda *_: None)
    assert house.views() == views


async def test_a_full_disk_while_appending_and_while_folding(store, house):
    await append(store, received("0"))
    await store.conversation("cnv_ann")
    pages = await inside(store, "PRAGMA page_count")
    await inside(store, f"PRAGMA max_page_count = {pages + 40}")
    fits, refused = 0, []
    for n in range(1, 60):  # each fits alone until the file has no page left, be it for the log or for the views
        try:
            await append(store, received(f"{n}", f"w{n}", text="x" * 5000))
            fits += 1
        except Unavailable as error:
            refused.append((n, str(error)))
    assert fits
    assert refused
    assert "full" in refused[0][1]
    with pytest.raises(Unavailable, match="full"):
        await store.conversations(Wanted())
    assert await inside(store, "PRAGMA synchronous") == FULL
    assert len(await whole_feed(store)) == fits + 1
    await inside(store, "PRAGMA max_page_count = 1000000")
    for n, _ in refused:
        await append(store, received(f"{n}", f"w{n}", text="x" * 5000))
    assert len(await whole_feed(store)) == 60
    page = await store.conversations(Wanted(limit=100))
    assert sum(one.unread for one in page.data) == 60
    assert await store.ready() == ""
    views = house.views()
    await store.rebuild(lambda *_: None)
    assert house.views() == views


async def test_a_decision_that_finds_the_disk_full_fails_with_its_batch(store):
    await append(store, received("0"))
    await store.append("cnv_ann", reply("r0", 1))
    Faulty.error, Faulty.fault = sqlite3.OperationalError("database or disk is full"), "INSERT INTO lines"
    await append(store, received("1"))
    done = await asyncio.gather(
        store.append("cnv_ann", reply("r", 2)), append(store, received("2")), return_exceptions=True
    )
    # Unless the views were folded before the disk was full, the decision cannot look, nor can those in its batch go on.
    assert isinstance(done[0], Unavailable) or Faulty.failed == 0
    Faulty.fault = ""
    await append(store, received("2"))
    await store.append("cnv_ann", reply("r", 2))
    await whole_feed(store)
    assert await store.message("msg_2")
    assert await store.message("msg_r")


async def test_after_a_failed_commit_what_others_wrote_meanwhile_is_told(store, house):
    heard = []
    store.on_commit(heard.extend)
    await append(store, received("1"))
    other = await house.open()
    await append(other, received("2"), received("3"))
    await other.stop()
    Faulty.error, Faulty.fault = sqlite3.OperationalError("disk I/O error"), "BEGIN IMMEDIATE"
    with pytest.raises(Unavailable):
        await append(store, received("4"))
    Faulty.fault = ""
    await append(store, received("4"))
    assert heard == await whole_feed(store)
    assert len(heard) == 4


async def test_a_record_that_cannot_be_folded_costs_one_line_and_a_rebuild_brings_it_back(store, monkeypatch):
    real = fold.apply_to_line

    def poisoned(line, record):
        if record.key == "bot:message:bad":
            raise AssertionError("a mistake of ours")
        return real(line, record)

    with monkeypatch.context() as patch:
        patch.setattr(fold, "apply_to_line", poisoned)
        await append(store, received("1"), received("bad"), received("b", "bob"), received("2"))
        async with asyncio.timeout(30):
            assert (await store.conversation("cnv_ann")).unread == 2
            assert (await store.conversation("cnv_bob")).unread == 1
        await append(store, received("3"))
        await store.append("cnv_ann", reply("r", 5))
        page = await store.lines("cnv_ann", 10, None)
        assert {line.id for line in page.data} == {"msg_1", "msg_2", "msg_3", "msg_r"}
        assert await inside(store, "PRAGMA synchronous") == FULL
    await store.rebuild(lambda *_: None)
    assert await store.message("msg_bad")
    assert len((await store.lines("cnv_ann", 10, None)).data) == 5


async def test_the_fold_is_relaxed_and_the_log_never_is(store, monkeypatch):
    levels = {"fold": set(), "commit": set()}
    step, flush = following.Following.step, batch.Batch.flush

    def watched_step(self, head):
        levels["fold"].add(self._db.execute("PRAGMA synchronous").fetchone()[0])
        return step(self, head)

    def watched_flush(self):
        levels["commit"].add(self.db.execute("PRAGMA synchronous").fetchone()[0])
        return flush(self)

    monkeypatch.setattr(following.Following, "step", watched_step)
    monkeypatch.setattr(batch.Batch, "flush", watched_flush)
    await history(store)
    await store.conversations(Wanted())
    await append(store, received("last"))
    assert levels == {"fold": {NORMAL}, "commit": {FULL}}


async def test_the_log_stays_durable_when_the_fold_could_not_be_tightened_again(store):
    await append(store, received("1"))
    Faulty.error, Faulty.fault = sqlite3.OperationalError("disk I/O error"), "synchronous = FULL"
    await asyncio.gather(store.conversation("cnv_ann"), return_exceptions=True)  # folds, if nobody has yet
    with pytest.raises(Unavailable):
        await append(store, received("3"))  # rather nothing than something that a power cut takes
    Faulty.fault = ""
    await append(store, received("3"))
    assert await inside(store, "PRAGMA synchronous") == FULL


async def test_reading_that_fails_is_unavailable(store):
    await history(store)
    await store.conversations(Wanted())
    Faulty.error, Faulty.fault = sqlite3.OperationalError("disk I/O error"), "SELECT body"
    with pytest.raises(Unavailable, match="cannot be read: disk I/O error"):
        await store.conversation("cnv_ann")
    with pytest.raises(Unavailable):
        await store.conversations(Wanted())
    Faulty.fault = ""
    assert await store.conversation("cnv_ann")
    assert (await store.conversations(Wanted())).data


async def test_a_closed_store_says_so(store):
    await append(store, received("1"))
    stopping = asyncio.create_task(store.stop())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):  # asked while it closes: an answer, not a wait for ever
        done = await asyncio.gather(*(append(store, received(f"{n}")) for n in range(50)), return_exceptions=True)
        await stopping
    assert {type(one) for one in done} == {Unavailable}
    for question in (store.record_of("x"), append(store, received("2")), store.bind("main", "x", Place("p", "c"))):
        with pytest.raises(Unavailable, match="closed"):
            await question
    assert await store.ready() == "the store is closed"
    await store.stop()


async def test_what_was_asked_before_the_stop_is_done(store, house):
    asked = [asyncio.create_task(store.append("cnv_ann", always(received(f"{n}")))) for n in range(600)]
    await asyncio.sleep(0)
    await store.stop()
    await asyncio.gather(*asked)
    again = await house.open()
    assert len(await whole_feed(again)) == 600


async def test_a_stream_beyond_those_remembered_is_numbered_all_the_same(store, monkeypatch):
    monkeypatch.setattr("gateway.adapters.sqlite.append._STREAMS_CACHED", 3)
    await append(store, *(received(f"{n}", f"w{n % 10}") for n in range(100)))
    assert len(await whole_feed(store)) == 100


@pytest.mark.parametrize("room", [{"most": 2, "most_bytes": 1 << 20}, {"most": 1000, "most_bytes": 3000}])
async def test_caches_that_are_full_change_nothing(house, monkeypatch, room):
    monkeypatch.setattr(fold, "Cache", lambda _: Cache(**room))
    store = await house.open()
    await history(store)
    places = [await store.bind("main", f"x:{n}", Place(f"per_{n}", f"cnv_{n}")) for n in range(9)]
    assert [await store.bind("main", f"x:{n}", Place("no", "no")) for n in range(9)] == places
    await store.conversations(Wanted())
    views = house.views()
    await store.rebuild(lambda *_: None)
    assert house.views() == views


async def test_what_is_remembered_of_long_messages_is_bounded_in_bytes(house, monkeypatch):
    monkeypatch.setattr(fold, "Cache", lambda most: Cache(most, 100_000))
    store = await house.open()
    for number in range(20):
        await append(store, received(f"{number}", f"w{number}", text="x" * 30_000))
        await store.conversations(Wanted())
    remembered = store._writer.following.fold._conversations
    remembered.trim()
    assert 0 < len(remembered) <= 3


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 15, 16, 63, 64, 65, 85, 200, 700])
def test_rows_in_bulk_are_all_of_them_in_order(count):
    found = [one for chunk in bulk.chunks(range(count)) for one in chunk]
    assert found == list(range(count))


def test_what_a_file_is_opened_with(tmp_path):
    path = tmp_path / "x" / "test.db"
    for db in (connection.writer(path), connection.reader(path)):
        try:
            assert db.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 0
            assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            assert db.execute("PRAGMA synchronous").fetchone()[0] == FULL
            assert db.execute("PRAGMA busy_timeout").fetchone()[0] == connection.BUSY_MS
        finally:
            db.close()


def test_a_row_is_as_wide_as_its_columns():
    assert len(rows.row(received("1"), 1, "cnv_ann", 1)) == len(rows.COLUMNS.split(","))
