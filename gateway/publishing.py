"""The publisher: takes the feed in order to everyone outside, and repeats what was not confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from gateway.announcing import announced
from gateway.metrics import CONFIRMED, UNPUBLISHED
from gateway.ports import Clock, CursorExpired, Exchange, Store, Unavailable
from gateway.tasks import Background, ended
from gateway.tracing import Tracer, published
from normalizer.record import Record

log = structlog.get_logger(__name__)

CHECKPOINT = "published"
"""Under this name the store keeps the place of the last record that is known to be confirmed."""

AT_ONCE = 1000
_SAVE_S = 0.1
_LOOKS = 10
"""Every so many savings the feed is looked at, whether or not anybody was heard."""
_PAUSE_S, _LONGEST_S = 0.25, 2.0
_PARTING_S = 1.0


class Publisher:
    """Publishes each record at least once and in feed order; several of them do no harm, but for repeats.

    After a failure one record is tried until it goes through, then two, and so on: a broker that refuses is not given
    the same batch again and again.
    """

    def __init__(
        self,
        store: Store,
        exchange: Exchange,
        clock: Clock,
        channels: Mapping[str, str],
        tracer: Tracer | None = None,
    ) -> None:
        self._store, self._exchange, self._clock, self._channels = store, exchange, clock, channels
        self._tracer = tracer
        self._news = asyncio.Event()
        self._listening = False
        self._place: int | None = None
        self._saved: int | None = None
        self._at_once = AT_ONCE
        self._pause = _PAUSE_S
        self._publishing = Background(self._run, clock, "publishing")
        self._saving = Background(self._keep, clock, "noting what was published")

    async def start(self) -> None:
        """From now on, after the checkpoint."""
        if not self._listening:
            self._listening = True
            self._store.on_commit(self.look)
            self._exchange.on_nudge(self.look)
        self._place = self._saved = None
        self._news.set()
        await self._publishing.start()
        await self._saving.start()

    async def stop(self) -> None:
        """Enough; what was confirmed is noted."""
        await self._publishing.stop()
        await self._saving.stop()
        try:
            async with asyncio.timeout(_PARTING_S):
                await self._note(self._save)
        except TimeoutError:
            log.warning("what was published was not noted; the last of it will be published again")
        UNPUBLISHED.set(0)  # whoever publishes now counts

    def look(self, _records: Sequence[Record] = ()) -> None:
        """There may be something to publish; also for ``Log.on_commit``."""
        self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._publish()
                self._pause = _PAUSE_S
            except Unavailable as error:
                log.warning("nothing can be published just now; trying again", why=str(error), wait_s=self._pause)
                self._at_once = 1
                self._news.set()
                await self._clock.sleep(self._pause * (0.5 + self._clock.jitter() / 2))
                self._pause = min(self._pause * 2, _LONGEST_S)

    async def _publish(self) -> None:
        """Everything that is there. Raises Unavailable."""
        if self._place is None:
            self._place = self._saved = await self._begin()
        following = await self._read()
        while records := following:
            reading = asyncio.ensure_future(self._read(records[-1].feed))
            try:
                await self._hand_on(records)
            except BaseException:
                await ended(reading)
                raise
            following = await reading

    async def _begin(self) -> int:
        """After the last record that was confirmed; at first, with the oldest that the feed still gives."""
        found = await self._store.value(CHECKPOINT)
        return int(found) if found is not None else await self._store.oldest()

    async def _read(self, after: int | None = None) -> Sequence[Record]:
        place = self._place if after is None else after
        assert place is not None  # noqa: S101 - set before anything is read
        try:
            return await self._store.feed(place, self._at_once)
        except CursorExpired:
            oldest = await self._store.oldest()
            log.error(
                "records left the feed before they could be published; going on with the oldest that is kept",
                lost_after=place,
                oldest=oldest,
            )
            if after is None:
                self._place = oldest
            return await self._store.feed(oldest, self._at_once)

    async def _hand_on(self, records: Sequence[Record]) -> None:
        began = self._tracer.now() if self._tracer is not None else 0
        await self._exchange.publish([announced(record, self._channels) for record in records])
        if self._tracer is not None:
            published(self._tracer, records, began)
        CONFIRMED.inc(len(records))
        self._place = records[-1].feed
        self._at_once = min(self._at_once * 2, AT_ONCE)

    async def _keep(self) -> None:
        """Notes how far it got, some times a second at most, and looks whether nobody was heard for too long."""
        while True:
            for _ in range(_LOOKS):
                await self._clock.sleep(_SAVE_S)
                await self._note(self._save)
            await self._note(self._count)
            self.look()

    async def _note(self, how: Callable[[], Awaitable[None]]) -> None:
        try:
            await how()
        except Unavailable as error:
            log.warning("what was published cannot be noted just now", why=str(error))

    async def _save(self) -> None:
        place = self._place
        if place is not None and place != self._saved:
            await self._store.set_value(CHECKPOINT, str(place))
            self._saved = place

    async def _count(self) -> None:
        if self._place is not None:
            UNPUBLISHED.set(max(0, await self._store.head() - self._place))
