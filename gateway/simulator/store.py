"""What the simulator must not forget, in one SQLite file: ids, people, chats, messages, waiting updates, accepted calls."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS things (kind TEXT, key TEXT, data BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (chat TEXT, id INTEGER, data BLOB NOT NULL, PRIMARY KEY (chat, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
    account TEXT, id INTEGER, chat TEXT NOT NULL, body BLOB NOT NULL, at REAL NOT NULL, url TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accepted (
    n INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, chat TEXT, method TEXT NOT NULL,
    params BLOB NOT NULL, message INTEGER, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS accepted_by_account ON accepted (account, n);
"""


class Store:
    """One SQLite file, written synchronously by one thread; a killed process loses nothing it has answered.

    `synchronous=NORMAL` in WAL mode survives the end of a process, not a power cut: right for a simulator.
    Keys are paths: an account is `telegram/1234`, one of its chats `telegram/1234/42`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._db: sqlite3.Connection | None = None
        self._depth = 0

    def open(self) -> None:
        """Open or create the file."""
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.folder / "simulator.db", isolation_level=None, cached_statements=256)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.executescript(SCHEMA)
        if "url" not in (column for _, column, *_ in db.execute("PRAGMA table_info(waiting)")):
            db.execute("ALTER TABLE waiting ADD COLUMN url TEXT NOT NULL DEFAULT ''")  # a folder of before
        self._db = db

    def close(self) -> None:
        """Close the file; a closed store may be opened again."""
        if self._db is not None:
            self._db.close()
            self._db = None

    @property
    def db(self) -> sqlite3.Connection:
        """The open connection."""
        if self._db is None:
            raise RuntimeError("the simulator's store is not open: its application has not started")
        return self._db

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing for what is written inside; never await inside it. Nested ones join the outer."""
        if self._depth:
            yield
            return
        self.db.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        else:
            self.db.execute("COMMIT")
        finally:
            self._depth = 0

    def next(self, name: str, first: int = 1) -> int:
        """The next number of a counter; numbers are never given twice, restarts included."""
        row = self.db.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name, first),
        ).fetchall()
        return int(row[0][0])

    def get(self, kind: str, key: str) -> Json | None:
        """One thing (account, person, chat, file, query, fault), or None."""
        row = self.db.execute("SELECT data FROM things WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def put(self, kind: str, key: str, data: Json) -> None:
        """Keep or replace one thing."""
        self.db.execute("INSERT OR REPLACE INTO things VALUES (?, ?, ?)", (kind, key, orjson.dumps(data)))

    def drop(self, kind: str, key: str) -> bool:
        """Forget one thing; whether it was there."""
        return self.db.execute("DELETE FROM things WHERE kind = ? AND key = ?", (kind, key)).rowcount > 0

    def every(self, kind: str, under: str = "") -> list[tuple[str, Json]]:
        """All things of a kind whose key begins with `under`, by key."""
        rows = self.db.execute(
            "SELECT key, data FROM things WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
            (kind, under, under + "\U0010ffff"),
        )
        return [(key, orjson.loads(data)) for key, data in rows]

    def put_message(self, chat: str, number: int, data: Json) -> None:
        """Keep or replace one message of a chat."""
        self.db.execute("INSERT OR REPLACE INTO messages VALUES (?, ?, ?)", (chat, number, orjson.dumps(data)))

    def message(self, chat: str, number: int) -> Json | None:
        """One message of a chat, or None."""
        row = self.db.execute("SELECT data FROM messages WHERE chat = ? AND id = ?", (chat, number)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def messages(self, chat: str, after: int = -1, limit: int = 1_000_000) -> list[Json]:
        """The latest `limit` messages of a chat above `after`, oldest first."""
        rows = self.db.execute(
            "SELECT data FROM messages WHERE chat = ? AND id > ? ORDER BY id DESC LIMIT ?", (chat, after, limit)
        ).fetchall()
        return [orjson.loads(row[0]) for row in reversed(rows)]

    def add_waiting(self, account: str, number: int, chat: str, body: bytes, at: float, url: str = "") -> None:
        """Keep an update until it is acknowledged; a `url` is its own address, in place of the account's."""
        self.db.execute(
            "INSERT INTO waiting (account, id, chat, body, at, url) VALUES (?, ?, ?, ?, ?, ?)",
            (account, number, chat, body, at, url),
        )

    def waiting(self, account: str, since: float, first: int = 0, limit: int = 1_000_000) -> list[tuple[int, str]]:
        """Numbers and chats of the updates kept since `since` (seconds), from number `first`, in order."""
        rows = self.db.execute(
            "SELECT id, chat FROM waiting WHERE account = ? AND id >= ? AND at >= ? ORDER BY id LIMIT ?",
            (account, first, since, limit),
        )
        return [(int(number), str(chat)) for number, chat in rows]

    def count_waiting(self, account: str) -> int:
        """How many updates wait."""
        return int(self.db.execute("SELECT count(*) FROM waiting WHERE account = ?", (account,)).fetchone()[0])

    def waiting_body(self, account: str, number: int) -> bytes | None:
        """The update as it will be posted, or None when it no longer waits."""
        row = self.db.execute("SELECT body FROM waiting WHERE account = ? AND id = ?", (account, number)).fetchone()
        return None if row is None else bytes(row[0])

    def waiting_url(self, account: str, number: int) -> str:
        """The update's own address; empty when it goes to the account's."""
        row = self.db.execute("SELECT url FROM waiting WHERE account = ? AND id = ?", (account, number)).fetchone()
        return "" if row is None else str(row[0])

    def done(self, account: str, number: int) -> None:
        """The update was acknowledged."""
        self.db.execute("DELETE FROM waiting WHERE account = ? AND id = ?", (account, number))

    def drop_waiting(self, account: str, below: int | None = None, before: float | None = None) -> None:
        """Forget updates: numbered `below`, kept `before` (seconds), or all of them."""
        self.db.execute(
            "DELETE FROM waiting WHERE account = ? AND id < ? AND at < ?",
            (account, 2**62 if below is None else below, float("inf") if before is None else before),
        )

    def accept(self, account: str, chat: str, method: str, params: Json, message: int | None, at: str) -> None:
        """Write down a call that was accepted, in the order of acceptance."""
        self.db.execute(
            "INSERT INTO accepted (account, chat, method, params, message, at) VALUES (?, ?, ?, ?, ?, ?)",
            (account, chat, method, orjson.dumps(params), message, at),
        )

    def accepted(self, account: str, after: int = 0) -> list[Json]:
        """The accepted calls of an account, oldest first."""
        rows = self.db.execute(
            "SELECT n, chat, method, params, message, at FROM accepted WHERE account = ? AND n > ? ORDER BY n",
            (account, after),
        )
        names = ("n", "chat", "method", "params", "message_id", "at")
        return [dict(zip(names, (n, c, m, orjson.loads(p), i, at), strict=True)) for n, c, m, p, i, at in rows]

    def write_file(self, data: bytes) -> str:
        """Keep a file's bytes; the name under which `read_file` finds them."""
        name = str(self.next("file"))
        (self.folder / "files" / name).write_bytes(data)
        return name

    def read_file(self, name: str) -> bytes:
        """The bytes of a kept file."""
        return (self.folder / "files" / name).read_bytes()
