"""The file of a journal: its table, its rows, and which of several files an edge has for itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from gateway.adapters.instants import millis, moment
from gateway.adapters.sqlite.connection import InUse, locked, writer
from gateway.ports import Unavailable
from gateway.ports.journal import Entry

log = structlog.get_logger(__name__)

_SLOTS = 100
"""How many edges of one machine may share a configuration."""
_AROUND = 200
"""Bytes that an entry takes beside its body, headers and query."""
_AT_ONCE = 16 << 20
"""Bytes of entries that are read together."""
_VERSION = 1
_LAST = 2**63 - 1
# What is counted stands before the body, which SQLite would have to read through to what stands behind it.
_SCHEMA = """
CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, hook TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, received_at INTEGER NOT NULL, accounts TEXT NOT NULL, weight INTEGER NOT NULL, aside TEXT,
    query TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE trial (one INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT
"""
_COLUMNS = "id, hook, method, path, received_at, accounts, weight, query, headers, body"
_RECEIVED, _WEIGHT = 4, 6
INSERT = f"INSERT INTO entries ({_COLUMNS}) VALUES ({', '.join('?' * 10)})"  # noqa: S608 - names of our own columns
_WAITING = f"SELECT number, {_COLUMNS} FROM entries WHERE number > ? AND aside IS NULL ORDER BY number LIMIT ?"  # noqa: S608 - see above


class Waiting(NamedTuple):
    """What waits in a journal: how many, what they weigh in bytes, when the oldest was received (milliseconds)."""

    many: int = 0
    weight: int = 0
    since: int | None = None

    def grown(self, batch: Sequence[tuple[Any, ...]]) -> Waiting:
        """With these rows at its end."""
        since = batch[0][_RECEIVED] if self.since is None else self.since
        return Waiting(self.many + len(batch), self.weight + sum(map(weight, batch)), since)

    def without(self, gone: Waiting, since: int | None) -> Waiting:
        """Without some, which leaves this oldest one."""
        return Waiting(self.many - gone.many, self.weight - gone.weight, since)


def claim(path: Path, held: ExitStack) -> tuple[Path, sqlite3.Connection]:
    """The first of the files that no other edge has, held until ``held`` is closed; and its connection.

    Raises Unavailable.
    """
    for slot in _slots(path):
        try:
            held.enter_context(locked(slot))
        except InUse:
            continue
        return slot, held.enter_context(closing(_opened(slot)))
    raise Unavailable(f"{_SLOTS} edges have journals beside {path} already")


def _slots(path: Path) -> Iterator[Path]:
    """``journal.db``, ``journal-2.db`` …"""
    yield path
    for number in range(2, _SLOTS + 1):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _opened(path: Path) -> sqlite3.Connection:
    db = writer(path)
    try:
        # In pages. There is no other connection that could commit while this one checkpoints.
        db.execute("PRAGMA wal_autocheckpoint = 1000")
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise Unavailable(f"the journal {path} was written by a later version: use that one to empty it")
    if version < _VERSION:
        with commit(db):
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_VERSION}")


def adopt(db: sqlite3.Connection, path: Path, own: Path) -> None:
    """Take over what edges that are gone left in the files beside ours: nobody else may ever start there again.

    Cut off in the middle, an entry may be in both files; it is taken twice then, and recorded once.
    """
    for slot in _slots(path):
        if slot == own or not slot.exists():
            continue
        try:
            with locked(slot), closing(_opened(slot)) as other:
                _move(other, db)
        except InUse:
            continue
        except (Unavailable, sqlite3.Error) as error:
            log.error("a journal beside ours cannot be read", path=str(slot), why=str(error))


def _move(other: sqlite3.Connection, db: sqlite3.Connection) -> None:
    with commit(db):
        db.executemany(INSERT, (found[1:] for found in other.execute(_WAITING, (0, -1))))  # -1: all of them
    with commit(other):
        other.execute("DELETE FROM entries WHERE aside IS NULL")


@contextmanager
def commit(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction; what fails in it has not happened."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has already rolled it back
            db.execute("ROLLBACK")
        raise


def waiting(db: sqlite3.Connection, after: int, up_to: int = _LAST) -> Waiting:
    """What waits between two numbers."""
    asked = "SELECT count(*), coalesce(sum(weight), 0) FROM entries WHERE number > ? AND number <= ? AND aside IS NULL"
    many, heavy = db.execute(asked, (after, up_to)).fetchone()
    return Waiting(many, heavy, since(db, after))


def since(db: sqlite3.Connection, after: int) -> int | None:
    """When the oldest that waits after a number was received."""
    asked = "SELECT received_at FROM entries WHERE number > ? AND aside IS NULL ORDER BY number LIMIT 1"
    found = db.execute(asked, (after,)).fetchone()
    return None if found is None else found[0]


def oldest(db: sqlite3.Connection, after: int, limit: int) -> Sequence[Entry]:
    """The oldest entries after a number: so many, or as many as memory should hold."""
    found, heavy = [], 0
    with closing(db.execute(_WAITING, (after, limit))) as given:
        for one in given:
            found.append(_entry(one))
            heavy += weight(one[1:])
            if heavy > _AT_ONCE:
                break
    return found


def attempt(db: sqlite3.Connection) -> None:
    """Write as much as a webhook does."""
    with commit(db):
        db.execute("INSERT OR REPLACE INTO trial VALUES (1, randomblob(8192))")


def row(entry: Entry) -> tuple[Any, ...]:
    """An entry as it is inserted. JSON is written in ASCII: a header may hold half a character."""
    query, headers = json.dumps(dict(entry.query)), json.dumps(dict(entry.headers))
    heavy = len(query) + len(headers) + len(entry.body) + _AROUND
    known = (entry.id, entry.hook, entry.method, entry.path, millis(entry.received_at), " ".join(entry.accounts))
    return (*known, heavy, query, headers, entry.body)


def weight(row_: tuple[Any, ...]) -> int:
    """How many bytes a row takes, roughly."""
    heavy: int = row_[_WEIGHT]
    return heavy


def _entry(found: tuple[Any, ...]) -> Entry:
    number, id_, hook, method, path, received_at, accounts, _, query, headers, body = found
    return Entry(
        id=id_,
        hook=hook,
        method=method,
        path=path,
        query=json.loads(query),
        headers=json.loads(headers),
        body=body,
        received_at=moment(received_at),
        accounts=tuple(accounts.split()),
        number=number,
    )
