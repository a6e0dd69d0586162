"""The ``Store`` of one machine: the log, and the parts that keep all else, on one file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from gateway.adapters.sqlite import rows
from gateway.adapters.sqlite.append import Append
from gateway.adapters.sqlite.files import Files
from gateway.adapters.sqlite.keyring import Keyring
from gateway.adapters.sqlite.leases import Leases
from gateway.adapters.sqlite.reads import Views
from gateway.adapters.sqlite.truths import Truths
from gateway.adapters.sqlite.writer import CLOSED
from gateway.ports import Appended, Clock, CursorExpired, Decide, Unavailable
from normalizer.decision import Place
from normalizer.record import Record

_WITHOUT_END = timedelta(days=36500)
_TRIAL = "INSERT OR REPLACE INTO settings VALUES ('trial', hex(randomblob(8192)))"
"""Needs as much room as a webhook does; and it changes something, for SQLite writes nothing where nothing changes."""


class SqliteStore(Views, Truths, Files, Keyring, Leases):
    """Implements ``gateway.ports.Store`` on the file ``path``.

    ``retention_feed`` is how far back the feed is given. ``alone`` says that this process holds the store (``locked``);
    one that works beside it never checkpoints, which could corrupt the file. ``views_behind`` is for health and metrics.
    """

    def __init__(
        self, path: Path, clock: Clock, retention_feed: timedelta = _WITHOUT_END, *, alone: bool = True
    ) -> None:
        super().__init__(path, clock, alone=alone)
        self._retention = retention_feed

    async def ready(self) -> str:
        """Empty when durable writes work; otherwise why not. After trouble it tries."""
        if self._writer.closing:
            return CLOSED
        if not self._writer.alive:
            return CLOSED
        if self._writer.trouble:
            try:
                await self._writer.run(lambda db: db.execute(_TRIAL))
            except Unavailable as error:
                return str(error)
        return self._writer.trouble

    @property
    def views_behind(self) -> int:
        """How many records the views have not seen yet."""
        return self._writer.head - self._writer.following.folded

    async def append(self, stream: str, decide: Decide, key: str | None = None) -> Appended:
        """See ``gateway.ports.Log``."""
        result: Appended = await self._writer.submit(Append(stream, decide, key))
        return result

    async def record_of(self, key: str) -> Record | None:
        """See ``gateway.ports.Log``."""
        return await self._read(rows.by_key, key)

    async def record_at(self, stream: str, seq: int) -> Record | None:
        """See ``gateway.ports.Log``."""
        return await self._read(rows.by_place, stream, seq)

    async def bind(self, brand: str, identity: str, proposal: Place, aliases: Sequence[str] = ()) -> Place:
        """See ``gateway.ports.Log``."""
        return await self._writer.run(lambda db: _bind(db, brand, (identity, *aliases), proposal))

    async def feed(self, after: int, limit: int) -> Sequence[Record]:
        """See ``gateway.ports.Log``."""
        if after < await self.oldest():
            raise CursorExpired
        return await self._read(rows.after, after, limit, self._writer.head)  # the file may be ahead of the head

    async def head(self) -> int:
        """See ``gateway.ports.Log``."""
        return self._writer.head

    async def oldest(self) -> int:
        """See ``gateway.ports.Log``."""
        return await self._read(rows.oldest, self._clock.now() - self._retention)

    async def number(self) -> int:
        """See ``gateway.ports.Log``. Records have their places from the moment they are written."""
        return 0

    def on_commit(self, listener: Callable[[Sequence[Record]], None]) -> None:
        """See ``gateway.ports.Log``."""
        self._writer.jobs.listeners.append(listener)


def _bind(db: sqlite3.Connection, brand: str, identities: Sequence[str], proposal: Place) -> Place:
    """Whose the first identity is: as bound, else as the first bound one of the others, else the proposal."""
    place = proposal
    for identity in identities:
        asked = "SELECT person, conversation FROM identities WHERE brand = ? AND identity = ?"
        found = db.execute(asked, (brand, identity)).fetchone()
        if found is not None:
            place = Place(*found)
            break
    rows_ = [(brand, identity, place.person, place.conversation) for identity in identities]
    db.executemany("INSERT OR IGNORE INTO identities VALUES (?, ?, ?, ?)", rows_)
    return place
