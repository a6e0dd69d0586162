"""How the views follow the log: what is not folded yet, when it is due, and who waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from gateway.adapters.sqlite import rows
from gateway.adapters.sqlite.fold import Fold
from normalizer.record import Record

LAZY_S = 0.9
"""Views are folded when nobody writes, when a reader waits, or when they are this far behind."""
LATE_S = 1.0
"""This far behind, nothing more is accepted until they have caught up."""
_AT_ONCE, _BETWEEN = 128, 16
"""How many records share a transaction: when the views have to catch up, and while somebody may want to write."""


class Following:
    """Belongs to the writer's thread, but for the waiting readers. ``folded`` is a place in the feed.

    ``behind`` says that records between ``folded`` and the head are in the file only, as after a restart.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.fold = Fold(db)
        self.folded = 0
        self.behind = False
        self._unfolded: deque[tuple[float, Sequence[Record]]] = deque()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._lock = threading.Lock()

    def reload(self, head: int) -> None:
        """Believe the file: after opening, a rollback, or another process's write."""
        folded: int = self._db.execute("SELECT feed FROM folded").fetchone()[0]
        self.fold.forget()
        self._unfolded.clear()
        self.folded = folded
        self.behind = head > self.folded

    def added(self, records: Sequence[Record]) -> None:
        """A commit added these."""
        self._unfolded.append((time.monotonic(), records))

    def tail(self, stream: str, head: int) -> list[Record]:
        """The records of a stream, up to the feed's ``head``, that are not folded yet."""
        if self.behind:
            return rows.of_stream(self._db, stream, self.folded, head)
        return [record for _, records in self._unfolded for record in records if record.stream == stream]

    @property
    def pending(self) -> bool:
        """Whether anything is still to be folded."""
        return bool(self._unfolded) or self.behind

    @property
    def age(self) -> float:
        """How many seconds the views are behind."""
        if self._unfolded:
            return time.monotonic() - self._unfolded[0][0]
        return LATE_S if self.behind else 0.0

    def step(self, head: int) -> None:
        """Fold the oldest records, inside a transaction that the caller commits; then ``done`` is told."""
        count = _AT_ONCE if self.behind or self.urgent else _BETWEEN
        chunk = rows.after(self._db, self.folded, count) if self.behind else self._oldest(count)
        if chunk:
            self.fold.fold(chunk)
            self._db.execute("UPDATE folded SET feed = ?", (chunk[-1].feed,))
        self._chunk, self._head = chunk, head

    def done(self) -> None:
        """The transaction of the last ``step`` is committed."""
        if self._chunk:
            self.folded = self._chunk[-1].feed
        if self.behind:
            self.behind = bool(self._chunk) and self.folded < self._head
            if not self.behind:
                self._unfolded.clear()
            return
        count = len(self._chunk)
        while count > 0:
            count -= len(self._unfolded.popleft()[1])

    def _oldest(self, count: int) -> list[Record]:
        chunk: list[Record] = []
        for _, records in self._unfolded:
            chunk.extend(records)
            if len(chunk) >= count:
                break
        return chunk

    # Readers.

    def wait(self, target: int, reader: asyncio.Future[None]) -> None:
        """On the event loop: this reader wants the views to be at ``target``."""
        with self._lock:
            self._waiting.append((target, reader))

    @property
    def wanted(self) -> bool:
        """Whether a reader waits."""
        with self._lock:
            return bool(self._waiting)

    @property
    def urgent(self) -> bool:
        """Whether the views are late, or a reader waits for more than they have."""
        with self._lock:
            return self.age > LATE_S or any(target > self.folded for target, _ in self._waiting)

    def ready(self) -> list[asyncio.Future[None]]:
        """The readers whose wait is over."""
        return self._take(lambda target: target <= self.folded)

    def everybody(self) -> list[asyncio.Future[None]]:
        """All readers: their wait is in vain."""
        return self._take(lambda _: True)

    def _take(self, which: Callable[[int], bool]) -> list[asyncio.Future[None]]:
        with self._lock:
            taken = [reader for target, reader in self._waiting if which(target)]
            self._waiting = [waiter for waiter in self._waiting if not which(waiter[0])]
        return taken
