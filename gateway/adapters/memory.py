"""The broker of one process: bounded queues, and nobody waits for a slow listener."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from normalizer.record import Record

TURN = 64
"""How many records are handed on before the listeners have a turn."""


class MemorySubscription:
    """One listener's queue. Once full it ends: its owner reads the feed from where it was."""

    def __init__(self, broker: MemoryBroker, bound: int, kinds: frozenset[str] | None) -> None:
        self._broker, self._bound, self._kinds = broker, bound, kinds
        self._waiting: deque[Record] = deque()
        self._closed = False
        self._news = asyncio.Event()

    def offer(self, records: Sequence[Record]) -> None:
        """Take records, or note that they are too many."""
        if self._kinds is not None:
            records = [record for record in records if record.kind in self._kinds]
            if not records:
                return
        if len(self._waiting) + len(records) > self._bound:
            self.close()
        else:
            self._waiting.extend(records)
        self._news.set()

    async def next(self) -> Record | None:
        """The next record; None once this has lagged too far (what was queued before is still given) or is closed."""
        while not self._waiting:
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._broker.forget(self)
        self._news.set()


class MemoryBroker:
    """The real ``Broker`` of a single process."""

    def __init__(self) -> None:
        self._listeners: set[MemorySubscription] = set()

    async def publish(self, records: Sequence[Record]) -> None:
        """Hand on records, in feed order, a few at a time so that whoever keeps up is never overrun."""
        for start in range(0, len(records), TURN):
            if start:
                await asyncio.sleep(0)
            for listener in tuple(self._listeners):
                listener.offer(records[start : start + TURN])

    def subscribe(self, bound: int, kinds: frozenset[str] | None = None) -> MemorySubscription:
        """Listen from now on."""
        listener = MemorySubscription(self, bound, kinds)
        self._listeners.add(listener)
        return listener

    def forget(self, listener: MemorySubscription) -> None:
        """A listener has ended."""
        self._listeners.discard(listener)
