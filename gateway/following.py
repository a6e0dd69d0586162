"""The follower: takes the feed in order, and hands it to those in this process who listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from gateway.metrics import PUBLISHED
from gateway.ports import Broker, Clock, CursorExpired, Store, Unavailable
from gateway.tasks import Background, pause
from normalizer.record import Record

log = structlog.get_logger(__name__)

_AT_ONCE = 500


class Follower:
    """Hands every record on once, in feed order, without a gap: what a commit brings is used if it is the next.

    ``every`` is for a store that others write too: seconds after which it looks though nobody told of news. ``notice``
    is called with what was handed on.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        clock: Clock,
        *,
        every: float | None = None,
        notice: Callable[[Sequence[Record]], None] = lambda _: None,
    ) -> None:
        self._store, self._broker, self._clock, self._every, self._notice = store, broker, clock, every, notice
        self._news = asyncio.Event()
        self._committed: list[Record] = []
        self._elsewhere = False
        self._position = 0
        self._task = Background(self._run, clock, "follower")

    async def start(self) -> None:
        """From now on. Raises Unavailable."""
        self._store.on_commit(self._on_commit)
        self._position = await self._store.head()
        await self._task.start()

    async def stop(self) -> None:
        """Enough."""
        await self._task.stop()

    def look(self) -> None:
        """The feed may have grown by what others wrote."""
        self._elsewhere = True
        self._news.set()

    def _on_commit(self, records: Sequence[Record]) -> None:
        if records:
            self._committed.extend(records)
            self._news.set()
        else:
            self.look()

    async def _run(self) -> None:
        while True:
            await self._hear()
            committed = [record for record in self._committed if record.feed > self._position]
            await self._publish(committed)
            done = max(self._position, committed[-1].feed) if committed else self._position
            self._committed = [record for record in self._committed if record.feed > done]
            if self._elsewhere:
                self._elsewhere = False
                await self._read(None)

    async def _hear(self) -> None:
        """Wait for news; for long, only where nobody else writes."""
        if self._committed or self._elsewhere:
            return
        if self._every is None:
            await self._news.wait()
            self._news.clear()
        elif not await pause(self._clock, self._every, self._news):
            self._elsewhere = True

    async def _publish(self, records: Sequence[Record]) -> None:
        if not records:
            return
        if records[0].feed == self._position + 1 and records[-1].feed == self._position + len(records):
            await self._hand_on(records)
        else:  # a gap: somebody else wrote; the feed has everything
            await self._read(records[-1].feed)

    async def _read(self, until: int | None) -> None:
        """Hand on what the feed has, up to a place or up to its end."""
        while until is None or self._position < until:
            try:
                found = await self._next()
            except Unavailable as error:
                log.warning("the feed cannot be read; trying again", why=str(error))
                await self._clock.sleep(1)
                continue
            if not found:
                return
            await self._hand_on(found)

    async def _next(self) -> Sequence[Record]:
        try:
            return await self._store.feed(self._position, _AT_ONCE)
        except CursorExpired:  # stood still for longer than the feed is kept
            self._position = await self._store.oldest()
            return await self._store.feed(self._position, _AT_ONCE)

    async def _hand_on(self, records: Sequence[Record]) -> None:
        await self._broker.publish(records)
        PUBLISHED.inc(len(records))
        self._position = records[-1].feed
        self._notice(records)
