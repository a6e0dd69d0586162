"""A file as what it is made of: see ``gateway.ports.copying``."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from gateway.adapters.sqlite import connection, keyring, schema
from gateway.ports import Unavailable
from gateway.ports.copying import FIELDS, PRIVATE, PROGRESS, Placed, Row

T = TypeVar("T")

_AT_ONCE = 8 << 20
"""Characters of rows that are read together, at most."""
_JSON = frozenset({"headers", "brands", "look"})


class _Table(NamedTuple):
    """Where rows are, in what order they are read, and what stands between the pieces of a place in it."""

    name: str
    order: tuple[str, ...]
    between: str = ""


_TABLES: Mapping[str, _Table] = {
    "bindings": _Table("identities", ("brand", "identity"), " "),  # no brand has a space
    "files": _Table("files", ("id",)),
    "attempts": _Table("attempts", ("id",)),
    "kept": _Table("kept", ("id",)),
    "unmatched": _Table("unmatched", ("account", "event_id"), ":"),  # and no account a colon
    "keys": _Table("keys", ("revoked_at IS NULL", "id"), ":"),  # of one name, the one in use is the last
    "agents": _Table("agents", ("email",)),
    "sessions": _Table("sessions", ("digest",)),
    "settings": _Table("settings", ("name",)),
    "records": _Table("records", ("feed",)),
}


class SqliteCopyable:
    """Implements ``gateway.ports.copying.Copyable`` on the file ``path``, which this process holds (``locked``).

    ``reading`` leaves it as it is: it is not even migrated.
    """

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        self._path, self._reading = path, reading
        self._thread = ThreadPoolExecutor(1, "copying")

    async def start(self) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        await self._run(self._open)

    async def stop(self) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        await self._run(self._close)
        self._thread.shutdown()

    def _open(self) -> None:
        if self._reading:
            self._db = connection.onlooker(self._path)
            schema.require(self._db)
            return
        self._db = connection.writer(self._path)
        try:
            self._db.execute("PRAGMA wal_autocheckpoint = 1000")  # in pages; nobody else has the file
            schema.migrate(self._db)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        if hasattr(self, "_db"):
            self._db.close()

    async def settle(self) -> None:
        """See ``gateway.ports.copying.Copyable``. Records have their places from the moment they are written."""

    async def count(self, table: str) -> int:
        """See ``gateway.ports.copying.Copyable``."""
        count = f"SELECT count(*) FROM {_TABLES[table].name}"
        return await self._run(lambda: int(self._db.execute(count).fetchone()[0]))

    async def rows(self, table: str, after: str, limit: int) -> Sequence[Placed]:
        """See ``gateway.ports.copying.Copyable``."""
        return await self._run(lambda: self._rows(table, after, limit))

    async def put(self, table: str, rows: Sequence[Row]) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        await self._run(lambda: self._put(table, rows))

    async def noted(self) -> str | None:
        """See ``gateway.ports.copying.Copyable``."""
        return await self._run(lambda: keyring.value(self._db, PROGRESS))

    async def note(self, progress: str) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        await self._run(lambda: keyring.set_value(self._db, PROGRESS, progress, once=False))

    async def _run(self, work: Callable[[], T]) -> T:
        def do() -> T:
            try:
                return work()
            except (sqlite3.Error, schema.TooNewError, schema.TooOldError) as error:
                raise Unavailable(f"cannot use the store {self._path}: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, do)

    # In the thread.

    def _rows(self, table: str, after: str, limit: int) -> list[Placed]:
        name, order, between = _TABLES[table]
        columns = (*order, *FIELDS[table])
        pieces: list[int | str] = [*after.split(between, len(order) - 1)] if between else [after]
        if not after:
            pieces = []
        elif table in {"keys", "records"}:
            pieces[0] = int(pieces[0])
        wanted = [f"({', '.join(order)}) > ({', '.join('?' * len(order))})"] if pieces else []
        if table == "settings":
            wanted.append(f"name NOT IN {tuple(sorted(PRIVATE))}")
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        asked = f"SELECT {', '.join(columns)} FROM {name} {where} ORDER BY {', '.join(order)} LIMIT ?"
        found: list[Placed] = []
        heavy = 0
        with closing(self._db.execute(asked, (*pieces, limit))) as given:
            for one in given:
                place, row = between.join(map(str, one[: len(order)])), one[len(order) :]
                found.append(Placed(place, _row(table, row)))
                heavy += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
                if heavy > _AT_ONCE:
                    break
        return found

    def _put(self, table: str, rows: Sequence[Row]) -> None:
        columns = FIELDS[table]
        into = f"{_TABLES[table].name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(f"INSERT OR IGNORE INTO {into}", [_cells(table, row) for row in rows])
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has already rolled it back
                self._db.execute("ROLLBACK")
            raise


def _row(table: str, cells: Sequence[Any]) -> Row:
    """A row of ours as every store's."""
    row = dict(zip(FIELDS[table], cells, strict=True))
    for name in _JSON & row.keys():
        row[name] = None if row[name] is None else orjson.loads(row[name])
    if row.get("body") is not None:
        row["body"] = base64.b64encode(row["body"]).decode()
    match table:
        case "records":
            row["data"] = row["data"].decode()
        case "kept":
            row["accounts"] = row["accounts"].split()
        case "attempts":
            row["never_sent"] = bool(row["never_sent"])
    return row


def _cells(table: str, row: Row) -> tuple[Any, ...]:
    """Every store's row as ours."""
    given = dict(row)
    for name in _JSON & given.keys():
        given[name] = None if given[name] is None else orjson.dumps(given[name]).decode()
    if given.get("body") is not None:
        given["body"] = base64.b64decode(given["body"])
    match table:
        case "records":
            given["data"] = given["data"].encode()
        case "kept":
            given["accounts"] = " ".join(given["accounts"])
    return tuple(given[name] for name in FIELDS[table])
