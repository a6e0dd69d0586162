"""What the event loop asks of the writer's thread, and what the thread tells the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from gateway.adapters.sqlite.batch import Job
from normalizer.record import Record

Ask = tuple[Job, "asyncio.Future[Any]"]
Told = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Jobs:
    """Two queues without a lock. ``listeners`` hear, on the loop, what each commit added.

    What is asked for in one turn of the event loop is handed over together: the thread would else commit the first
    alone while the others are still coming.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[list[Ask] | None] = SimpleQueue()
        self._asked: list[Ask] = []
        self.listeners: list[Callable[[Sequence[Record]], None]] = []

    # On the event loop.

    def open(self) -> None:
        """From now on the thread may tell this loop."""
        self._loop = asyncio.get_running_loop()

    def future(self) -> asyncio.Future[Any]:
        """One of this loop."""
        return self._loop.create_future()

    def ask(self, job: Job, future: asyncio.Future[Any]) -> None:
        """Queue a job; the future hears what becomes of it."""
        if not self._asked:
            self._loop.call_soon(self.hand_over)
        self._asked.append((job, future))

    def hand_over(self) -> None:
        """Give the thread what has been asked in this turn."""
        asked, self._asked = self._asked, []
        if asked:
            self._queue.put(asked)

    def end(self) -> None:
        """Nothing more is asked."""
        self._queue.put(None)

    # In the thread.

    @property
    def waiting(self) -> bool:
        """Whether anything has been handed over that was not taken."""
        return not self._queue.empty()

    def take(self, patience: float, enough: int) -> tuple[list[Ask], bool]:
        """Everything that has been asked by now, or nothing after so many seconds; and whether to go on.

        Once there are ``enough``, the rest stays for the next time.
        """
        jobs: list[Ask] = []
        try:
            asked = self._queue.get(timeout=patience)
            while asked is not None:
                jobs.extend(asked)
                if len(jobs) >= enough:
                    return jobs, True
                asked = self._queue.get_nowait()
        except Empty:
            return jobs, True
        return jobs, False

    def tell(self, results: Sequence[Told], added: Sequence[Record] = ()) -> None:
        """One wake-up of the loop for everything that a commit settled."""
        with suppress(RuntimeError):  # the loop has ended; nobody listens any more
            self._loop.call_soon_threadsafe(self._told, results, added)

    def _told(self, results: Sequence[Told], added: Sequence[Record]) -> None:
        for listener in self.listeners if added else ():
            try:
                listener(added)
            except Exception as mistake:  # noqa: BLE001 - its own, which nobody else waits for
                self._loop.call_exception_handler({"message": f"{listener} failed", "exception": mistake})
        for future, result, error in results:
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)
