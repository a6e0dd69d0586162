"""The log as it is asked: appends, bindings, and the feed that the relay numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from gateway.adapters.mongo import exact, reads, states
from gateway.adapters.mongo.append import Appends
from gateway.adapters.mongo.binding import Bindings
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.following import Following
from gateway.adapters.mongo.numbering import Relay
from gateway.ports import Appended, Clock, CursorExpired, Decide, Unavailable
from normalizer.decision import Place
from normalizer.record import Record

UNOPENED = "the store is not open yet"
"""Before the indexes are known to be there, and that no newer version has written, a record could spoil the log."""


class LogPart:
    """Implements ``gateway.ports.Log``."""

    _collections: Collections
    _clock: Clock
    _retention: timedelta
    _appends: Appends
    _bindings: Bindings
    _following: Following
    _relay: Relay
    _shut: str
    _listeners: list[Callable[[Sequence[Record]], None]]

    async def append(self, stream: str, decide: Decide, key: str | None = None) -> Appended:
        """See ``gateway.ports.Log``. After Unavailable nobody knows; asked again with its key, it is written once."""
        if self._shut:
            raise Unavailable(self._shut)
        return await self._appends.append(stream, decide, key)

    async def record_of(self, key: str) -> Record | None:
        """See ``gateway.ports.Log``. Its place in the feed is 0: only the feed says that."""
        return await exact.record_of(self._collections, key)

    async def record_at(self, stream: str, seq: int) -> Record | None:
        """See ``gateway.ports.Log``. Its place in the feed is 0, as above."""
        return await states.record_at(self._collections, stream, seq)

    async def bind(self, brand: str, identity: str, proposal: Place, aliases: Sequence[str] = ()) -> Place:
        """See ``gateway.ports.Log``."""
        return await self._bindings.bind(brand, (identity, *aliases), proposal)

    async def feed(self, after: int, limit: int) -> Sequence[Record]:
        """See ``gateway.ports.Log``."""
        head, since, tail = await self._following.head(), self._clock.now() - self._retention, self._relay.tail
        if after >= head:
            return []
        # What this process numbered itself, unless another relay has gone on since.
        if (
            tail
            and tail.first.feed <= after + 1
            and tail.last.feed >= min(head, after + limit)
            and tail.first.at >= since
        ):
            return [record for record in tail if after < record.feed <= head][:limit]
        if after < 0 or not await reads.young_after(self._collections, after, since):
            raise CursorExpired
        return await reads.feed(self._collections, after, limit, head)

    async def head(self) -> int:
        """See ``gateway.ports.Log``."""
        return await self._following.head()

    async def oldest(self) -> int:
        """See ``gateway.ports.Log``."""
        since = self._clock.now() - self._retention
        return await reads.oldest(self._collections, await self._following.head(), since)

    async def number(self) -> int:
        """See ``gateway.ports.Log``."""
        return await self._relay.number()

    def on_commit(self, listener: Callable[[Sequence[Record]], None]) -> None:
        """See ``gateway.ports.Log``. It is called with nothing, after each append of this process."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener(())
            except Exception as mistake:  # noqa: BLE001 - its own, which nobody else waits for
                context = {"message": f"{listener} failed", "exception": mistake}
                asyncio.get_running_loop().call_exception_handler(context)
