"""What one commit does: its jobs, and the records they add."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.adapters.records import numbered
from gateway.adapters.sqlite import bulk, rows
from gateway.adapters.sqlite.following import Following
from normalizer.record import Draft, Record


class Job(Protocol):
    """Something to do inside a commit. ``key`` is that of the record it would add, where that is known beforehand."""

    @property
    def key(self) -> str | None:
        """See above."""

    def run(self, batch: Batch) -> Any:
        """Do it; whatever it raises fails this job alone."""


@dataclass(slots=True)
class Batch:
    """What one commit has done so far; rows of records are inserted together, at its end or before another job.

    ``head`` is the feed's before this commit; ``heads`` is the last number of each stream that is known; ``known``
    are the keys, of those asked about, that the log has.
    """

    db: sqlite3.Connection
    following: Following
    head: int
    heads: dict[str, int]
    known: set[str]
    added: list[Record] = field(default_factory=list)
    by_key: dict[str, Record] = field(default_factory=dict)
    _rows: list[tuple[Any, ...]] = field(default_factory=list)

    def tail(self, stream: str) -> list[Record]:
        """The records of a stream that are not folded yet."""
        waiting = self.following.tail(stream, self.head)
        return waiting + [record for record in self.added if record.stream == stream]

    def record_of(self, key: str) -> Record | None:
        """The record with a key, if the log or this batch has it."""
        return self.by_key.get(key) or (rows.by_key(self.db, key) if key in self.known else None)

    def has(self, key: str) -> bool:
        """Whether the log or this batch has a key that was not asked about beforehand."""
        if key in self.by_key or key in self.known:
            return True
        if rows.by_key(self.db, key) is not None:
            self.known.add(key)
            return True
        return False

    def add(self, draft: Draft, stream: str, seq: int) -> Record:
        """Number a draft and put it among the rows to insert."""
        feed = (self.added[-1].feed if self.added else self.head) + 1
        self._rows.append(rows.row(draft, feed, stream, seq))
        record = numbered(draft, stream, seq, feed)
        self.added.append(record)
        self.by_key[draft.key] = record
        return record

    def flush(self) -> None:
        """Insert what has been added."""
        bulk.insert(self.db, rows.INSERT, self._rows)
        self._rows.clear()


class Other:
    """A job that is not an append: it runs in a savepoint, so that it fails as a whole and alone."""

    key: str | None = None

    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self._work = work

    def run(self, batch: Batch) -> Any:
        """Do it."""
        batch.flush()
        batch.db.execute("SAVEPOINT job")
        try:
            result = self._work(batch.db)
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk has already rolled everything back
                batch.db.execute("ROLLBACK TO job")
                batch.db.execute("RELEASE job")
            raise
        batch.db.execute("RELEASE job")
        return result


class WakeUp:
    """A job that only makes the writer look up."""

    key: str | None = None

    def run(self, batch: Batch) -> None:
        """Nothing."""
