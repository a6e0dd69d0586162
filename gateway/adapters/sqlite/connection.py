"""Opening the file: one writer's connection, readers' connections, and the lock of a running server."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.ports import Unavailable

BUSY_MS = 1000
"""How long a statement waits for another process's lock."""


class InUse(Exception):
    """A server is running on this store."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the store for this process alone; raises InUse. The lock ends with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUse(f"another passerelle is running on {path}; stop it first") from None
        yield


class Beside:
    """Keeps checkpoints of one process and commits of another apart: SQLite before 3.51.3 can corrupt a file otherwise.

    Who works beside a server shares the lock for as long; the server checkpoints only while it has it for itself.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.with_name(path.name + ".beside").open("a")

    def share(self) -> None:
        """Wait for a checkpoint under way, then keep others from beginning."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    @contextmanager
    def nobody(self) -> Iterator[bool]:
        """Whether nobody works beside us; nobody begins to meanwhile."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Work beside nobody any more."""
        self._file.close()


def writer(path: Path) -> sqlite3.Connection:
    """The connection that writes. It alone checkpoints: see docs/adr/0002-sqlite-log.md."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # messages, and digests of passwords: for its owner only; SQLite's other files follow
        db = sqlite3.connect(path, isolation_level=None, cached_statements=256, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"cannot open the store {path}: {error}") from error
    try:
        db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 8388608")  # a journal that starts over is cut to this
        db.execute("PRAGMA cache_size = -32768")
        db.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.Error as error:
        db.close()
        raise Unavailable(f"cannot use the store {path}: {error}") from error
    return db


def reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads."""
    db = sqlite3.connect(path, isolation_level=None, cached_statements=128, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("PRAGMA query_only = ON")
    return db


def onlooker(path: Path) -> sqlite3.Connection:
    """A connection to a file that is to stay as it is, byte by byte: it makes none, and copies no journal into it."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
