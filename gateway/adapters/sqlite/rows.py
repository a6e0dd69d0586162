"""Records as rows, and rows as records."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

import orjson

from gateway.adapters.instants import millis, moment
from normalizer.record import VERSION, By, Draft, Record, upcast

_LAST = 2**63 - 1

COLUMNS = "feed, id, stream, seq, key, kind, v, brand, account, by_kind, by_id, by_name, cause, at, received_at, request, data"
INSERT = f"INSERT INTO records ({COLUMNS})"


def row(draft: Draft, feed: int, stream: str, seq: int) -> tuple[Any, ...]:
    """What is inserted for a draft. Raises ValueError for what SQLite or JSON cannot hold, such as half a character."""
    by = draft.by
    texts = (draft.id, draft.key, draft.kind, draft.brand, by.kind, by.id, by.name)
    "".join((*texts, draft.account or "", draft.cause or "", draft.request or "")).encode()
    return (
        feed,
        draft.id,
        stream,
        seq,
        draft.key,
        draft.kind,
        VERSION,
        draft.brand,
        draft.account,
        by.kind,
        by.id,
        by.name,
        draft.cause,
        millis(draft.at),
        millis(draft.received_at),
        draft.request,
        orjson.dumps(draft.data),
    )


def record(found: tuple[Any, ...]) -> Record:
    """A row as a record, its data as this version reads it."""
    feed, id_, stream, seq, key, kind, v, brand, account, by_kind, by_id, by_name, cause, at, received_at = found[:15]
    request, data = found[15:]
    return Record(
        v=v,
        feed=feed,
        id=id_,
        stream=stream,
        seq=seq,
        key=key,
        kind=kind,
        brand=brand,
        account=account,
        by=By(by_kind, by_id, by_name),
        cause=cause,
        at=moment(at),
        received_at=moment(received_at),
        data=upcast(v, orjson.loads(data)),
        request=request,
    )


def by_key(db: sqlite3.Connection, key: str) -> Record | None:
    """The record with a key."""
    found = db.execute(f"SELECT {COLUMNS} FROM records WHERE key = ?", (key,)).fetchone()
    return None if found is None else record(found)


def by_place(db: sqlite3.Connection, stream: str, seq: int) -> Record | None:
    """The record with a number in its stream."""
    found = db.execute(f"SELECT {COLUMNS} FROM records WHERE stream = ? AND seq = ?", (stream, seq)).fetchone()
    return None if found is None else record(found)


def after(db: sqlite3.Connection, feed: int, limit: int, up_to: int = _LAST) -> list[Record]:
    """Records after a place in the feed and up to another, in order."""
    found = db.execute(
        f"SELECT {COLUMNS} FROM records WHERE feed > ? AND feed <= ? ORDER BY feed LIMIT ?", (feed, up_to, limit)
    )
    return [record(one) for one in found]


def of_stream(db: sqlite3.Connection, stream: str, after_feed: int, up_to: int) -> list[Record]:
    """A stream's records between two places in the feed, in order."""
    found = db.execute(
        f"SELECT {COLUMNS} FROM records WHERE stream = ? AND feed > ? AND feed <= ? ORDER BY seq",
        (stream, after_feed, up_to),
    )
    return [record(one) for one in found]


def oldest(db: sqlite3.Connection, since: datetime) -> int:
    """The place before the first record that is not older than ``since``."""
    # Feed and time rise together but for clock steps, so a search by halves finds the place without an index.
    low, high = 0, db.execute("SELECT coalesce(max(feed), 0) FROM records").fetchone()[0]
    limit = millis(since)
    while low < high:
        middle = (low + high) // 2
        if db.execute("SELECT at FROM records WHERE feed = ?", (middle + 1,)).fetchone()[0] < limit:
            low = middle + 1
        else:
            high = middle
    return low
