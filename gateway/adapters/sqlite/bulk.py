"""Many rows in few statements: each statement hands Python's lock to the event loop, which gives it back when it likes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

ITS_OWN = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
"""What SQLite says of somebody's values; anything else it says is about the file."""
_SIZES = (64, 16, 4, 1)
"""Rows per statement: few different statements, so that SQLite's compiled ones are used again."""


def insert(db: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]], then: str = "") -> None:
    """Insert rows; ``into`` is such as ``INSERT INTO t``, ``then`` such as ``ON CONFLICT …``."""
    for chunk in chunks(rows):
        db.execute(_statement(into, len(chunk[0]), len(chunk), then), [value for row in chunk for value in row])


def known_keys(db: sqlite3.Connection, keys: Sequence[str]) -> set[str]:
    """Which of these records' keys are in the log."""
    found: set[str] = set()
    for chunk in chunks(keys):
        found.update(key for (key,) in db.execute(_question(len(chunk)), chunk))
    return found


def chunks(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows in runs of the fixed sizes, largest first."""
    start = 0
    for size in _SIZES:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


@cache
def _statement(into: str, columns: int, count: int, then: str) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"{into} VALUES {', '.join([row] * count)} {then}"


@cache
def _question(count: int) -> str:
    return f"SELECT key FROM records WHERE key IN ({', '.join('?' * count)})"
