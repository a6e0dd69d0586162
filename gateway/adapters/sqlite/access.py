"""How the parts of the store reach its file: writing goes to the writer's thread, reading to two readers."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from gateway.adapters.sqlite import connection
from gateway.adapters.sqlite.writer import CLOSED, Writer
from gateway.ports import Clock, Unavailable

T = TypeVar("T")
P = ParamSpec("P")

_READERS = 2


class Access:
    """What the parts of the store have in common. Each of them implements a port of ``gateway.ports`` on it."""

    def __init__(self, path: Path, clock: Clock, *, alone: bool) -> None:
        self._path, self._clock = path, clock
        self._writer = Writer(path, alone=alone)
        self._threads = ThreadPoolExecutor(_READERS, "sqlite-reader")
        self._mine = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def start(self) -> None:
        """Open, migrate and catch up. Raises Unavailable."""
        await self._writer.start()

    async def stop(self) -> None:
        """Finish what is queued and close."""
        await self._writer.stop()
        await asyncio.to_thread(self._threads.shutdown)
        for reading in self._connections:
            reading.close()

    async def _read(
        self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Ask in a reader's thread. Raises Unavailable, and what the question raises."""

        def ask() -> T:
            try:
                return question(self._reader(), *args, **kwargs)
            except sqlite3.Error as error:
                raise Unavailable(f"the store cannot be read: {error}") from error

        try:
            asked = asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except RuntimeError as error:  # the threads have been shut down
            raise Unavailable(CLOSED) from error
        return await asked

    def _reader(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._mine, "db", None)
        if db is None:
            db = self._mine.db = connection.reader(self._path)
            self._connections.append(db)
        return db

    async def _view(
        self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Ask the views, once they have reached the log's head as it is now."""
        await self._writer.views_at_head()
        return await self._read(question, *args, **kwargs)
