"""Every view folded anew from the records."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

from gateway.adapters.sqlite import schema
from gateway.adapters.sqlite.writer import Writer

_PROGRESS_S = 0.1


async def rebuild(writer: Writer, progress: Callable[[int, int], None]) -> int:
    """Empty the views and let them follow the log from its start; an interrupted rebuild goes on by itself.

    Raises Unavailable.
    """
    await writer.run(lambda db: _empty(db, writer))
    of = writer.head
    following = asyncio.ensure_future(writer.views_at_head())
    try:
        while not following.done():
            await asyncio.wait({following}, timeout=_PROGRESS_S)
            progress(min(writer.following.folded, of), of)
        await following
    finally:
        following.cancel()
    return of


def _empty(db: sqlite3.Connection, writer: Writer) -> None:
    for table in schema.VIEW_TABLES:
        db.execute(f"DELETE FROM {table}")
    db.execute("UPDATE folded SET feed = 0")
    writer.following.reload(writer.head)  # what is being folded just now must not pass for all that there is
