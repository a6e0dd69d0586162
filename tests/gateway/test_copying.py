"""A store copied into another: all of it, whatever cuts it off, and whatever is different is found."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from toys.copies import AT, LATER, append, fill, received, relayed, told
from toys.servers import drop_database, fresh_database, servers_end
from typer.testing import CliRunner

from gateway import copying
from gateway.adapters.mongo import MongoStore
from gateway.adapters.mongo import copying as of_mongo
from gateway.adapters.mongo.copying import MongoCopyable
from gateway.adapters.sqlite import SqliteStore, locked, schema
from gateway.adapters.sqlite import copying as of_sqlite
from gateway.adapters.sqlite.copying import SqliteCopyable
from gateway.adapters.system import SystemClock
from gateway.commands.common import group
from gateway.commands.copy import _check, _copy, copy_store
from gateway.copying import Occupied, copy, verify
from gateway.logs import HIDDEN, HIDE
from gateway.ports import Kept, Session, Store, Unavailable
from gateway.ports.copying import FIELDS, PRIVATE, PROGRESS, TABLES, Copyable

__all__ = ["servers_end"]


class Sqlite:
    def __init__(self, path: Path) -> None:
        self.path = path

    def store(self) -> Store:
        return SqliteStore(self.path, SystemClock())

    def copyable(self) -> Copyable:
        return SqliteCopyable(self.path)

    def drop(self) -> None:
        pass


class Mongo:
    def __init__(self, _: Path) -> None:
        self.url = fresh_database()

    def store(self) -> Store:
        return MongoStore(self.url, SystemClock())

    def copyable(self) -> Copyable:
        return MongoCopyable(self.url, SystemClock())

    def drop(self) -> None:
        drop_database(self.url)


KINDS: dict[str, Callable[[Path], Sqlite | Mongo]] = {"sqlite": Sqlite, "mongo": Mongo}
Made = Callable[[str], Sqlite | Mongo]


@pytest.fixture
def make(tmp_path: Path) -> Any:
    with_names: list[Sqlite | Mongo] = []

    def made(kind: str) -> Sqlite | Mongo:
        with_names.append(KINDS[kind](tmp_path / f"{len(with_names)}.db"))
        return with_names[-1]

    yield made
    for one in with_names:
        one.drop()


@asynccontextmanager
async def opened(*places: Sqlite | Mongo) -> AsyncIterator[list[Copyable]]:
    async with AsyncExitStack() as stack:
        found = []
        for place in places:
            copyable = place.copyable()
            await copyable.start()
            stack.push_async_callback(copyable.stop)
            found.append(copyable)
        yield found


@asynccontextmanager
async def running(place: Sqlite | Mongo) -> AsyncIterator[Store]:
    store = place.store()
    await store.start()
    try:
        async with relayed(store):
            yield store
    finally:
        await store.stop()


async def filled(place: Sqlite | Mongo) -> None:
    async with running(place) as store:
        await fill(store)


def silent(*_: object) -> None:
    pass


async def differences(source: Sqlite | Mongo, target: Sqlite | Mongo) -> list[str]:
    async with opened(source, target) as (ours, theirs):
        return [one.table for one in await verify(ours, theirs, silent) if not one.same]


@pytest.mark.parametrize(("one", "other"), [("sqlite", "mongo"), ("mongo", "sqlite"), ("sqlite", "sqlite")])
async def test_everything_durable_is_in_the_copy(make: Made, one: str, other: str) -> None:
    source, target = make(one), make(other)
    await filled(source)
    seen: list[tuple[str, int, int]] = []
    async with opened(source, target) as (ours, theirs):
        assert await copy(ours, theirs, lambda *step: seen.append(step))
        verdicts = await verify(ours, theirs, silent)
        assert not await copy(ours, theirs, silent)  # all of it was copied before
    assert [one.table for one in verdicts if not one.same] == []
    assert all(one.source.rows for one in verdicts), "something of everything"
    assert {step[0] for step in seen} == set(TABLES)
    assert all(0 < done <= of for _, done, of in seen)
    async with running(source) as ours_, running(target) as theirs_:
        await theirs_.rebuild(silent)
        before, after = await told(ours_), await told(theirs_)
    for what, found in before.items():
        assert after[what] == found, what


async def test_there_and_back_is_the_same(make: Made) -> None:
    first, second, third = make("sqlite"), make("mongo"), make("sqlite")
    await filled(first)
    for source, target in ((first, second), (second, third)):
        async with opened(source, target) as (ours, theirs):
            await copy(ours, theirs, silent)
    assert await differences(first, third) == []


class Cut(Exception):
    pass


class Fragile:
    """A target that fails at its n-th write: before it, or after it and before anybody notes that."""

    def __init__(self, real: Copyable, writes: int, *, after: bool) -> None:
        self._real, self._writes, self._after = real, writes, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def put(self, table: str, rows: Any) -> None:
        self._writes -= 1
        if self._writes < 0 and not self._after:
            raise Cut
        await self._real.put(table, rows)
        if self._writes < 0:
            raise Cut


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("other", "every"), [("sqlite", 1), ("mongo", 11)])
async def test_cut_off_anywhere_it_goes_on_where_it_was(
    make: Made, other: str, every: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PAGE", 4)
    source, target = make("sqlite"), make(other)
    await filled(source)
    for _ in range(200):
        async with opened(source, target) as (ours, theirs):
            try:
                await copy(ours, Fragile(theirs, every, after=after), silent)
                break
            except Cut:
                pass
    else:
        pytest.fail("it does not get on")
    assert await differences(source, target) == []


async def test_a_target_with_something_else_in_it_is_refused(make: Made) -> None:
    source, target, another = make("sqlite"), make("sqlite"), make("sqlite")
    await filled(source)
    async with running(target) as store:
        await store.set_value("link key", "somebody's")
    async with opened(source, target) as (ours, theirs):
        with pytest.raises(Occupied, match="it has settings already"):
            await copy(ours, theirs, silent)
    async with running(another) as store:
        await store.set_value("link key", "somebody's")
    begun = make("sqlite")
    async with opened(another, begun) as (ours, theirs):
        await copy(ours, theirs, silent)
    async with opened(source, begun) as (ours, theirs):
        with pytest.raises(Occupied, match="from another store"):
            await copy(ours, theirs, silent)


CHANGES = {
    "bindings": "UPDATE identities SET person = 'per_x' WHERE identity = 'telegram:ann'",
    "files": "UPDATE files SET look = '{}' WHERE id = 'med_up'",
    "attempts": "UPDATE attempts SET body = x'01' WHERE status = 200",
    "kept": "UPDATE kept SET accounts = 'a' WHERE id = 'req_1'",
    "unmatched": "UPDATE unmatched SET at = at + 1",
    "keys": "UPDATE keys SET revoked_at = NULL WHERE name = 'other'",
    "agents": "UPDATE agents SET brands = NULL",
    "sessions": "DELETE FROM sessions",
    "settings": "INSERT INTO settings VALUES ('more', '')",
    "records": "UPDATE records SET data = CAST(replace(CAST(data AS TEXT), 'line 2', 'line 3') AS BLOB)",
}


@pytest.mark.parametrize("table", TABLES)
async def test_verification_catches_one_changed_row(make: Made, table: str) -> None:
    source, target = make("sqlite"), make("sqlite")
    assert isinstance(target, Sqlite)
    await filled(source)
    async with opened(source, target) as (ours, theirs):
        await copy(ours, theirs, silent)
    db = sqlite3.connect(target.path)
    assert db.execute(CHANGES[table]).rowcount > 0
    db.commit()
    db.close()
    assert await differences(source, target) == [table]


async def test_verification_catches_two_rows_that_changed_places(make: Made) -> None:
    """The sum does not know of an order, so the place in the feed is in the row."""
    source, target = make("sqlite"), make("sqlite")
    assert isinstance(target, Sqlite)
    await filled(source)
    async with opened(source, target) as (ours, theirs):
        await copy(ours, theirs, silent)
    db = sqlite3.connect(target.path)
    for change in ("feed = -1 WHERE feed = 1", "feed = 1 WHERE feed = 2", "feed = 2 WHERE feed = -1"):
        db.execute(f"UPDATE records SET {change}")  # noqa: S608 - our own texts
    db.commit()
    db.close()
    assert await differences(source, target) == ["records"]


@pytest.mark.parametrize("kind", KINDS)
async def test_large_rows_are_read_a_few_at_a_time(make: Made, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (of_sqlite, of_mongo):
        monkeypatch.setattr(module, "_AT_ONCE", 5000)
    source, target = make(kind), make("sqlite")
    async with running(source) as store:
        for number in range(9):
            await store.keep(Kept(f"req_{number}", "bot", "why", AT, "POST", "/", {}, bytes(2000)))
    async with opened(source, target) as (ours, theirs):
        assert len(await ours.rows("kept", "", 100)) == 3
        await copy(ours, theirs, silent)
    assert await differences(source, target) == []


async def test_what_a_page_leaves_out_does_not_end_the_table(make: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that ended, and settings of the store's own, stand among the others."""
    monkeypatch.setattr(copying, "PAGE", 1)
    for kind in KINDS:
        source, target = make(kind), make("sqlite")
        async with running(source) as store:
            for name in "abcdef":
                await store.add_session(Session(name, "agt_1", LATER))
            for name in "abde":
                await store.end_session(name)
            for name in ("aaa", PROGRESS, "trial", "zzz"):
                await store.set_value(name, name)
        async with opened(source, target) as (ours, theirs):
            await copy(ours, theirs, silent)
            for table, names in (("sessions", ["c", "f"]), ("settings", ["aaa", "zzz"])):
                found: list[str] = []
                while page := await theirs.rows(table, found[-1] if found else "", 1):
                    found += [next(iter(row.values())) for _, row in page]
                assert found == names


def test_every_column_of_every_table_is_copied_or_left_out_on_purpose() -> None:
    """A migration that adds one must say here what becomes of it."""
    db = sqlite3.connect(":memory:")
    for migration in schema.MIGRATIONS:
        db.executescript(migration)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    names = dict(zip(TABLES, TABLES, strict=True)) | {"bindings": "identities"}
    assert tables == {*names.values(), *schema.VIEW_TABLES, "leases", "folded"}
    for table, name in names.items():
        columns = {column for _, column, *_ in db.execute(f"PRAGMA table_info({name})")}
        assert columns == set(FIELDS[table]), table
    db.close()
    assert PROGRESS in PRIVATE


async def test_a_store_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 999")
    db.close()
    copyable = SqliteCopyable(path)
    with pytest.raises(Unavailable, match="version 999"):
        await copyable.start()
    copyable._thread.shutdown()


# The command.


@pytest.fixture
def run() -> Callable[..., tuple[int, str]]:
    """Runs it in this process; gives the exit code and all that was said."""
    app = group("")
    app.callback()(lambda: None)  # so that it is one of several, which fail in words
    app.command("copy")(copy_store)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["copy", *words])
        assert "Traceback" not in result.output
        return result.exit_code, result.output

    return run


def test_the_command_refuses_in_words(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    def file(name: str, **settings: str) -> str:
        async def made() -> None:
            async with running(Sqlite(tmp_path / name)) as store:
                for one, value in settings.items():
                    await store.set_value(one, value)

        asyncio.run(made())
        return f"sqlite:{tmp_path / name}"

    source, new = file("source.db", link="x"), f"sqlite:{tmp_path / 'new.db'}"
    full = file("full.db", link="another")
    with locked(tmp_path / "source.db"):
        code, said = run("--from", source, "--to", new)
    assert (code, "another passerelle is running on" in said) == (1, True)
    for words, ending, why in (
        ((f"sqlite:{tmp_path / 'none.db'}", new), 2, "there is no store"),
        ((source, "mongodb://ann:s3cret pass@x/y"), 2, "--to: must be an address"),
        ((source, source), 2, "the same store"),
        ((source, full), 1, "--to: it has settings already"),
    ):
        code, said = run("--from", words[0], "--to", words[1])
        assert (code, why in said, "s3cret" in said) == (ending, True, False), said
    assert not (tmp_path / "new.db").exists()
    assert run("--from", source, "--to", new)[0] == 0
    code, said = run("--from", full, "--to", new, "--verify")
    assert code == 1
    assert re.search(r"^settings .* DIFFERENT$", said, re.MULTILINE)


def test_a_password_that_is_escaped_in_the_address_is_said_nowhere_as_it_is_meant():
    _check("--from", "mongodb://ann:c0py%40hidden@127.0.0.1/store")
    assert HIDE.text("c0py@hidden and c0py%40hidden") == f"{HIDDEN} and {HIDDEN}"


# Verifying only reads.


async def test_verifying_leaves_both_as_they_are_and_misses_no_record_without_a_place(make: Made) -> None:
    source, target = make("mongo"), make("sqlite")
    assert isinstance(source, Mongo)
    assert isinstance(target, Sqlite)
    await filled(source)
    async with opened(source, target) as (ours, theirs):
        await copy(ours, theirs, silent)
    beside = MongoStore(source.url, SystemClock())  # and no relay is there
    await beside.start()
    for number in range(3):
        await append(beside, received(f"late{number}", "ann", number))
    await beside.stop()
    before = everything(source.url), target.path.read_bytes()
    verdicts = await _copy(source.url, f"sqlite:{target.path}", verify_only=True)
    assert [one.table for one in verdicts if not one.same] == ["records"]
    assert verdicts[-1].source.rows == verdicts[-1].target.rows + 3
    assert (everything(source.url), target.path.read_bytes()) == before


def everything(url: str) -> dict[str, list[Any]]:
    """Every document of a database."""
    with MongoClient[dict[str, Any]](url) as client:
        db = client[url.rpartition("/")[2]]
        return {name: sorted(map(str, db[name].find())) for name in sorted(db.list_collection_names())}


async def test_a_page_of_records_without_a_place_is_followed_by_the_next(make: Made) -> None:
    source = make("mongo")
    assert isinstance(source, Mongo)
    store = source.store()
    await store.start()
    for number in range(5):
        await append(store, received(f"late{number}", f"w{number}", number))
    await store.stop()
    copyable = MongoCopyable(source.url, SystemClock(), reading=True)
    await copyable.start()
    found: list[str] = []
    while page := await copyable.rows("records", found[-1] if found else "", 2):
        found += [one.place for one in page]
    await copyable.settle()
    await copyable.stop()
    assert len(set(found)) == len(found) == 5


async def test_what_is_only_read_is_not_migrated(make: Made, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    db = sqlite3.connect(path)
    db.executescript(schema.MIGRATIONS[0])
    db.execute("PRAGMA user_version = 1")
    db.close()
    before = path.read_bytes()
    for file, why in ((path, "version 1, and only to be read"), (tmp_path / "none.db", "unable to open")):
        older = SqliteCopyable(file, reading=True)
        with pytest.raises(Unavailable, match=why):
            await older.start()
        await older.stop()
    assert path.read_bytes() == before
    assert not (tmp_path / "none.db").exists()
    empty = make("mongo")
    assert isinstance(empty, Mongo)
    nothing = MongoCopyable(empty.url, SystemClock(), reading=True)
    with pytest.raises(Unavailable, match="no store of this version"):
        await nothing.start()
    await nothing.stop()
    assert everything(empty.url) == {}


def test_the_command_makes_nothing_where_it_only_compares(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    source, none = Sqlite(tmp_path / "source.db"), tmp_path / "elsewhere" / "none.db"
    asyncio.run(filled(source))
    code, said = run("--from", f"sqlite:{source.path}", "--to", f"sqlite:{none}", "--verify")
    assert (code, "none.db: there is no store" in said) == (2, True), said
    assert not none.parent.exists()
