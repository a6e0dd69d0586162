"""The ``Journal`` on a file: SQLite with one connection and one thread; many entries go into one fsync."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from gateway.adapters import journal_file
from gateway.adapters.instants import moment
from gateway.ports import Unavailable
from gateway.ports.journal import Entry

T = TypeVar("T")
Asked = tuple[tuple[Any, ...], "asyncio.Future[None]"]

MAX_BYTES = 1 << 30
"""Of bodies and what belongs to them."""
_BATCH = 256
"""How many entries share one fsync, at most."""
_CLOSED = "the journal is closed"


class FileJournal:
    """Implements ``gateway.ports.journal.Journal`` on ``path``, or on a file beside it while another edge has that one.

    What waits may weigh ``max_bytes``; then the journal is full. The file keeps its size when it is emptied.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._path, self._max = path, max_bytes
        self._held = ExitStack()
        self._thread = ThreadPoolExecutor(1, "journal")
        self._asked: list[Asked] = []
        self._asking = 0  # what the entries that are not written yet weigh
        self._writing: asyncio.Task[None] | None = None
        self._waiting = journal_file.Waiting()  # changed in the thread only
        self._forgotten = 0
        self._trouble = ""
        self._closed = False

    @property
    def length(self) -> int:
        """See ``gateway.ports.journal.Journal``."""
        return self._waiting.many

    @property
    def since(self) -> datetime | None:
        """See ``gateway.ports.journal.Journal``."""
        return moment(self._waiting.since)

    async def start(self) -> None:
        """See ``gateway.ports.journal.Journal``."""
        await self._run(self._open)

    async def stop(self) -> None:
        """See ``gateway.ports.journal.Journal``."""
        if self._writing is not None:
            await self._writing
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown()

    async def append(self, entry: Entry) -> None:
        """See ``gateway.ports.journal.Journal``."""
        row = journal_file.row(entry)
        if self._closed:
            raise Unavailable(_CLOSED)
        if self._waiting.weight + self._asking + journal_file.weight(row) > self._max:
            raise Unavailable(f"the journal is full: {self.length} webhooks wait in it")
        self._asking += journal_file.weight(row)  # now: those who ask next must not be given the same room
        future = asyncio.get_running_loop().create_future()
        self._asked.append((row, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="journal")
        await future

    async def _write(self) -> None:
        """All that has been asked for by now goes into one commit; what is asked for meanwhile into the next."""
        while self._asked:
            asked, self._asked = self._asked[:_BATCH], self._asked[_BATCH:]
            batch = [row for row, _ in asked]
            failure: BaseException | None = None
            try:
                await self._run(lambda batch=batch: self._insert(batch))  # type: ignore[misc] # mypy and a default
            except Exception as error:  # noqa: BLE001 - whatever it is, everybody who waits must hear of it
                failure = error
            self._asking -= sum(map(journal_file.weight, batch))
            for _, future in asked:
                if future.done():  # whoever asked was cancelled
                    continue
                if failure is None:
                    future.set_result(None)
                else:
                    future.set_exception(failure)
        self._writing = None

    async def oldest(self, limit: int) -> Sequence[Entry]:
        """See ``gateway.ports.journal.Journal``."""
        return await self._run(lambda: journal_file.oldest(self._db, self._forgotten, limit))

    async def forget(self, up_to: int) -> None:
        """See ``gateway.ports.journal.Journal``."""
        await self._run(lambda: self._forget(up_to))

    async def set_aside(self, number: int, why: str) -> None:
        """See ``gateway.ports.journal.Journal``."""
        await self._run(lambda: self._set_aside(number, why))

    async def ready(self) -> str:
        """See ``gateway.ports.journal.Journal``. After trouble it tries."""
        if self._waiting.weight + self._asking >= self._max:
            return "the journal is full"
        if self._trouble or self._closed:
            try:
                await self._run(self._attempt)
            except Unavailable as error:
                return str(error)
        return ""

    async def _run(self, work: Callable[[], T]) -> T:
        """Do something in the thread. Raises Unavailable."""

        def do() -> T:
            try:
                return work()
            except (sqlite3.Error, OSError) as error:
                self._trouble = f"the journal {self._path} cannot be used: {error}"
                raise Unavailable(self._trouble) from error

        if self._closed:
            raise Unavailable(_CLOSED)
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)

    # In the thread.

    def _open(self) -> None:
        with ExitStack() as held:
            own, self._db = journal_file.claim(self._path, held)
            journal_file.adopt(self._db, self._path, own)
            self._waiting = journal_file.waiting(self._db, 0)
            self._held = held.pop_all()

    def _close(self) -> None:
        self._held.close()

    def _insert(self, batch: Sequence[tuple[Any, ...]]) -> None:
        with journal_file.commit(self._db):
            self._db.executemany(journal_file.INSERT, batch)
        self._trouble = ""
        self._waiting = self._waiting.grown(batch)

    def _attempt(self) -> None:
        journal_file.attempt(self._db)
        self._trouble = ""

    def _forget(self, up_to: int) -> None:
        """First what this process knows: a full disk may keep the file from forgetting, and nobody is to wait for that."""
        gone = journal_file.waiting(self._db, self._forgotten, up_to)
        self._forgotten = max(self._forgotten, up_to)
        self._waiting = self._waiting.without(gone, journal_file.since(self._db, self._forgotten))
        with journal_file.commit(self._db):
            self._db.execute("DELETE FROM entries WHERE number <= ? AND aside IS NULL", (self._forgotten,))

    def _set_aside(self, number: int, why: str) -> None:
        one = journal_file.waiting(self._db, number - 1, number)
        with journal_file.commit(self._db):
            self._db.execute("UPDATE entries SET aside = ? WHERE number = ?", (why, number))
        self._waiting = self._waiting.without(one, journal_file.since(self._db, self._forgotten))
