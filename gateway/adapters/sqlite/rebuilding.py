"""Every view folded anew from the records."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from gateway.adapters.sqlite import rows, schema
from gateway.adapters.sqlite.writer import Writer

_AT_ONCE = 1000


async def rebuild(writer: Writer, progress: Callable[[int, int], None]) -> int:
    """Empty the views, then fold every record; an interrupted rebuild goes on when the store is next opened."""
    await writer.run(lambda db: _empty(db, writer))
    while True:
        done, of = await writer.run(lambda db: _fold_some(db, writer))
        progress(done, of)
        if done >= of:
            return of


def _empty(db: sqlite3.Connection, writer: Writer) -> None:
    for table in schema.VIEW_TABLES:
        db.execute(f"DELETE FROM {table}")
    db.execute("UPDATE folded SET feed = 0")
    writer.following.fold.forget()


def _fold_some(db: sqlite3.Connection, writer: Writer) -> tuple[int, int]:
    done: int = db.execute("SELECT feed FROM folded").fetchone()[0]
    chunk = rows.after(db, done, _AT_ONCE)
    if chunk:
        writer.following.fold.fold(chunk)
        done = chunk[-1].feed
        db.execute("UPDATE folded SET feed = ?", (done,))
    return done, db.execute("SELECT coalesce(max(feed), 0) FROM records").fetchone()[0]
