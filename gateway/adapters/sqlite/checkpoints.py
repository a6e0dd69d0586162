"""The journal beside the file, and when it is copied into the file; see docs/adr/0002-sqlite-log.md."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from gateway.adapters.sqlite.connection import Beside

_APART_S = 0.5
"""How much time lies between two copies, at least."""
_LARGE_BYTES = 32 << 20
_TRUNCATE_BYTES = 256 << 20


class Checkpoints:
    """Belongs to the writer's thread, which alone copies the journal into the file, between its transactions.

    One that works beside a server (not ``alone``) never does. ``due`` says that something has been written since.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, *, alone: bool) -> None:
        self._db, self._alone = db, alone
        self._journal = path.with_name(path.name + "-wal")
        self._beside = Beside(path)
        self._again = 0.0
        self.due = False
        if not alone:
            self._beside.share()

    @property
    def pressing(self) -> bool:
        """Whether the journal has grown large."""
        return self._bytes() > _LARGE_BYTES

    def _bytes(self) -> int:
        try:
            return self._journal.stat().st_size
        except OSError:
            return 0

    def make(self) -> None:
        """Copy what can be copied, unless that was done just now."""
        if time.monotonic() < self._again:
            return
        self._again = time.monotonic() + _APART_S
        if self._copy("TRUNCATE" if self._bytes() > _TRUNCATE_BYTES else "PASSIVE"):
            self.due = False

    def make_last(self) -> None:
        """Copy everything and leave no journal behind, if nobody else is there."""
        self._copy("TRUNCATE")

    def _copy(self, mode: str) -> bool:
        if self._alone:
            with (
                suppress(sqlite3.Error),
                self._beside.nobody() as free,
            ):  # else, or on a full disk, the journal grows on
                if free:
                    self._db.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
                    return True
        return False

    def close(self) -> None:
        """Work beside nobody any more."""
        self._beside.close()
