"""The relay's part: every record gets its place in the feed once, in the order of its stream, and is folded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import structlog
from pymongo.errors import BulkWriteError

from gateway.adapters.cache import Cache, Tail, weigh
from gateway.adapters.instants import millis
from gateway.adapters.mongo import documents, exact, intents, states
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.documents import Folded, digits
from gateway.adapters.mongo.folding import Folding
from gateway.adapters.mongo.intents import FORGOTTEN_S, Intent
from gateway.adapters.mongo.recent import Recent
from gateway.adapters.mongo.trouble import reaching, taken
from gateway.ports import Clock, Overtaken
from normalizer.record import Record

log = structlog.get_logger(__name__)

FOLDED = "folded"
"""The ``_id`` in ``meta`` of how far the views are (``n``), and how far the feed may be read (``head``)."""
_STREAMS_CACHED = 20_000
_INTENTS = 10_000
_AT_ONCE = 250
_TAIL = 2000


class _SetBackError(Exception):
    """A record that was to be numbered has its place already."""


class Relay:
    """Numbers and folds. One process at a time is meant to; two are found out by the feed's unique places."""

    def __init__(self, db: Collections, clock: Clock, recent: Recent, under_way: AbstractSet[str]) -> None:
        self._db, self._clock, self._recent, self._under_way = db, clock, recent, under_way
        self._one_at_a_time = asyncio.Lock()
        self._place: int | None = None
        self._streams: Cache[Folded] = Cache(_STREAMS_CACHED)
        self._empty_since: dict[str, float] = {}
        self._holes: set[str] = set()
        self.tail: Tail[Record] = Tail(_TAIL)
        self.waiting = 0
        self.on_folded: Callable[[int, Iterable[str]], None] = lambda *_: None

    async def number(self) -> int:
        """See ``gateway.ports.Log.number``."""
        async with self._one_at_a_time:
            return await _to_its_end(self._round())

    async def refold(self, empty: Callable[[], Awaitable[None]], progress: Callable[[int, int], None]) -> int:
        """Number what is left, let ``empty`` empty the views, and fold everything anew; how many there were."""
        async with self._one_at_a_time:
            while await self._round():
                pass
            of = self._place or 0
            self._forget()
            await empty()
            await _to_its_end(self._try(self._catch_up(lambda done: progress(done, of))))
            return of

    async def _round(self) -> int:
        while True:
            try:
                return await self._try(self._number(_INTENTS))
            except _SetBackError:
                continue

    async def _try(self, work: Awaitable[int]) -> int:
        """Whatever goes wrong, and wherever, the next round believes the database only."""
        try:
            return await work
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        self._place = None
        self._streams.clear()
        self.tail.clear()

    # What a relay before us may have left.

    async def _catch_up(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Fold what is numbered and was not folded; after a rebuild that is everything."""
        found = await exact.one(self._db.meta, FOLDED) or {"n": 0, "head": 0}
        place: int = found["n"]
        head: int = found["head"]
        while entries := await self._entries(place):
            by_key = await exact.records_of(self._db, [one["record"] for one in entries])
            records = [by_key[one["record"]]._replace(feed=int(one["_id"])) for one in entries]
            place = records[-1].feed
            await self._fold(records, place, max(place, head))
            self._make_room()
            progress(place)
        with reaching():
            await self._db.meta.delete_one({"_id": states.REBUILDING})
        self._place = place
        self.on_folded(max(place, head), ())
        return place

    async def _entries(self, place: int) -> list[dict[str, Any]]:
        with reaching():
            found = self._db.feed.find({"_id": {"$gt": digits(place)}}).sort("_id", 1).limit(_AT_ONCE)
            return await found.to_list()

    # A round.

    async def _number(self, limit: int) -> int:
        if self._place is None:
            await self._catch_up()
        looked = self._clock.monotonic()
        found = await intents.standing(self._db, limit=limit)
        standing = [one for one in found if one.id not in self._under_way]
        self.waiting = len(standing)
        if not standing:
            self._empty_since.clear()
            return 0
        records = await self._recent.of(one.key for one in standing)
        self._make_room()
        await self._load(record.stream for record in records.values())
        chosen = await self._in_order(records.values())
        if chosen:
            await self._number_these(chosen)
        elif self._holes:  # once more, with what the log says
            return await self._number(limit)
        elif len(found) == limit:  # none of so many came to anything, and the rest is not to wait for them
            return await self._number(0)
        await self._forget_done(standing, records)
        await self._forget_empty(standing, records, looked)
        return len(chosen)

    def _make_room(self) -> None:
        """Only between two batches: what one has loaded it needs to its end."""
        self._streams.trim()

    async def _load(self, streams: Iterable[str]) -> None:
        """How far these streams are folded, which says which of their records have a place."""
        wanted = set(streams) - self._streams.keys()
        bare = await exact.many(self._db.streams, wanted)
        talked = await exact.many(self._db.conversations, wanted)
        for stream in wanted:
            found = [documents.folded_stream(one[stream]) for one in (bare, talked) if stream in one]
            folded = max(found, default=Folded(0, None), key=lambda one: one.seq)
            self._streams.put(stream, folded, len(talked.get(stream, {}).get("body", "")))

    async def _in_order(self, records: Iterable[Record]) -> list[Record]:
        """The records that are to be numbered next: each stream's without a gap, streams by time."""
        by_stream: dict[str, list[Record]] = {}
        for record in records:
            if record.seq > self._streams[record.stream].seq:
                by_stream.setdefault(record.stream, []).append(record)
        chosen: list[tuple[Any, ...]] = []
        holes, self._holes = self._holes, set()
        for stream, waiting in by_stream.items():
            row = states.in_a_row(waiting, self._streams[stream].seq)
            if stream in holes:
                row = await self._from_log(stream)
            elif len(row) < len(waiting):  # its intent came after we looked, or else the log will say
                self._holes.add(stream)
            at = 0
            for record in row:
                at = max(at, millis(record.at))
                chosen.append((at, stream, record.seq, record))
        chosen.sort(key=lambda one: one[:3])
        return [record for *_, record in chosen[:_AT_ONCE]]

    async def _from_log(self, stream: str) -> list[Record]:
        """A stream's records that have no place, by the log itself; those that have one are folded, in case they were not.

        A relay that went on after its lease had ended may have set a view back.
        """
        row = await states.after(self._db, stream, self._streams[stream].seq)
        placed: list[Record] = []
        for record in row:
            with reaching():
                entry = await self._db.feed.find_one({"record": record.key})
            if entry is None:
                break
            placed.append(record._replace(feed=int(entry["_id"])))
        if placed:
            await self._be_newest(self._place or 0)
            await self._fold(placed, None, 0)
        return row[len(placed) :]

    async def _number_these(self, chosen: Sequence[Record]) -> None:
        assert self._place is not None  # noqa: S101 - a round begins by catching up
        records = [record._replace(feed=self._place + n) for n, record in enumerate(chosen, 1)]
        entries = [{"_id": digits(one.feed), "record": one.key, "at": millis(one.at)} for one in records]
        with reaching():
            try:
                await self._db.feed.insert_many(entries, ordered=True)
            except BulkWriteError as error:
                await self._collided(records[taken(error)[0]])
        place = records[-1].feed
        await self._be_newest(place)
        await self._fold(records, place, place)
        self._place = place
        for record in records:
            self.tail.add(record, weigh(record.data))

    async def _be_newest(self, place: int) -> None:
        """Before views are written: somebody who has numbered beyond us has folded more, and we would set that back."""
        if await exact.one(self._db.feed, digits(place + 1)) is not None:
            raise Overtaken

    async def _collided(self, record: Record) -> None:
        """Either the place is taken, or the record has one: its stream's view was set back, and the log will say."""
        if await exact.one(self._db.feed, digits(record.feed)) is None:
            self._holes.add(record.stream)
            raise _SetBackError
        raise Overtaken

    async def _fold(self, records: Sequence[Record], place: int | None, head: int) -> None:
        await self._load(record.stream for record in records)
        folding = Folding(self._db, {one.stream: self._streams[one.stream] for one in records})
        await folding.read(records)
        for record in records:
            folding.fold(record)
        await folding.write()
        for stream, weight in folding.weights.items():
            self._streams.put(stream, folding.streams[stream], weight)
        if place is not None:
            await exact.put(self._db.meta, FOLDED, {"n": place, "head": head})

    # Intents that are done with.

    async def _forget_done(self, standing: Sequence[Intent], records: dict[str, Record]) -> None:
        done = [
            one.id
            for one in standing
            if (record := records.get(one.key)) is not None and record.seq <= self._streams[record.stream].seq
        ]
        self.waiting -= len(done)
        self.on_folded(self._place or 0, done)
        await intents.forget(self._db, done)

    async def _forget_empty(self, standing: Sequence[Intent], records: dict[str, Record], looked: float) -> None:
        """Those that have stood for long without a record: by our own clock, for no other is to be trusted.

        ``looked`` is when we began to look for the records: we may have slept since, and they may be there by now.
        """
        now = self._clock.monotonic()
        self._empty_since = {one.id: self._empty_since.get(one.id, now) for one in standing if one.key not in records}
        old = [id_ for id_, since in self._empty_since.items() if looked - since >= FORGOTTEN_S]
        if old:
            log.info("intents that came to nothing are forgotten", count=len(old))
            await intents.forget(self._db, old)


async def _to_its_end(work: Coroutine[Any, Any, int]) -> int:
    """Whoever cancels waits, however often they do: the server would go on with what it was told, and might set back
    what comes after.
    """
    task, cancelled = asyncio.create_task(work), False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        if not task.cancelled():
            task.exception()  # heard by nobody
        raise asyncio.CancelledError
    return task.result()
