"""What just changed, told to every page that listens; bounded, and never waiting for a slow listener."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BACKLOG = 2000


class Board:
    """Publishes changes to listeners. One that falls behind is told to read everything again."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[dict[str, Any] | None]] = set()

    def publish(self, what: str, **data: Any) -> None:
        """Tell every listener; `what` is message, chat, typing, query, account, fault, traffic or resync."""
        for queue in self._listeners:
            if queue.qsize() >= BACKLOG:
                _empty(queue)
                queue.put_nowait({"what": "resync"})
            else:
                queue.put_nowait({"what": what, **data})

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[dict[str, Any] | None]]:
        """A queue of changes from now on; None means that the simulator stops."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """Let every listener go."""
        for queue in self._listeners:
            queue.put_nowait(None)


def _empty(queue: asyncio.Queue[dict[str, Any] | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
