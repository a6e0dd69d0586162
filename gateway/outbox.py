"""The relay: takes the log in feed order and hands it to the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from gateway.metrics import PUBLISHED
from gateway.ports import Broker, Clock, CursorExpired, Store, Unavailable
from gateway.tasks import Background
from normalizer.record import Record

log = structlog.get_logger(__name__)

_AT_ONCE = 500


class Relay:
    """Publishes every record once per process, without a gap: what a commit brings is used if it is the next."""

    def __init__(self, store: Store, broker: Broker, clock: Clock) -> None:
        self._store, self._broker, self._clock = store, broker, clock
        self._news = asyncio.Event()
        self._committed: list[Record] = []
        self._position = 0
        self._task = Background(self._run, clock, "relay")

    async def start(self) -> None:
        """From now on."""
        self._store.on_commit(self._on_commit)
        self._position = await self._store.head()
        await self._task.start()

    async def stop(self) -> None:
        """Enough."""
        await self._task.stop()

    def _on_commit(self, records: Sequence[Record]) -> None:
        self._committed.extend(records)
        self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            committed = [record for record in self._committed if record.feed > self._position]
            await self._publish(committed)
            self._committed = [record for record in self._committed if record.feed > self._position]
            if not self._committed:
                self._news.clear()

    async def _publish(self, records: Sequence[Record]) -> None:
        if not records:
            return
        if records[0].feed == self._position + 1 and records[-1].feed == self._position + len(records):
            await self._hand_on(records)
            return
        while self._position < records[-1].feed:  # a gap: somebody else wrote; the feed has everything
            try:
                await self._hand_on(await self._store.feed(self._position, _AT_ONCE))
            except CursorExpired:  # stood still for longer than the feed is kept
                self._position = await self._store.oldest()
            except Unavailable as error:
                log.warning("the feed cannot be read; trying again", why=str(error))
                await self._clock.sleep(1)

    async def _hand_on(self, records: Sequence[Record]) -> None:
        await self._broker.publish(records)
        PUBLISHED.inc(len(records))
        self._position = records[-1].feed
