"""The read rule: a read waits until what was acknowledged before it is numbered and folded, by whichever process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress

from gateway.adapters.mongo import exact, intents, states
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.intents import Intent
from gateway.adapters.mongo.numbering import FOLDED
from gateway.adapters.mongo.recent import Recent
from gateway.ports import Clock, Unavailable

PATIENCE_S = 10.0
"""How long a read waits while nothing moves."""
_LEAST_S, _MOST_S = 0.01, 0.08
"""How long it waits between two looks; a relay in this process wakes it earlier."""
_LOOK_CLOSER = 8
"""Of so many looks, one finds out what there is to wait for, beside which intents stand."""
BEHIND = "the views are behind the log: is a relay running?"


class _Waiting:
    """A reader, the intents that it waits for, and whether a relay of this process is done with all of them."""

    def __init__(self, intents: dict[str, Intent]) -> None:
        self.intents, self.over = intents, asyncio.Event()
        self.folded: set[str] = set()


class Following:
    """Where the views are, as far as this process knows, and who waits for them."""

    def __init__(self, db: Collections, clock: Clock, recent: Recent, under_way: AbstractSet[str]) -> None:
        self._db, self._clock, self._recent, self._under_way = db, clock, recent, under_way
        self._head = 0
        self._waiting: list[_Waiting] = []

    def moved(self, head: int, done: Iterable[str]) -> None:
        """A relay of this process has folded up to here, and is done with these intents."""
        self._head = max(self._head, head)
        gone = set(done)
        for reader in self._waiting:
            reader.intents = {id_: one for id_, one in reader.intents.items() if id_ not in gone}
            if not reader.intents:
                reader.over.set()

    async def head(self) -> int:
        """The newest place that may be read; it never goes back for this process. Raises Unavailable."""
        found = await exact.one(self._db.meta, FOLDED)
        self._head = max(self._head, found["head"] if found else 0)
        return self._head

    async def at_head(self, stream: str | None = None) -> None:
        """Wait for everything that was acknowledged before now, or for one stream's. Raises Unavailable.

        What has been acknowledged and not yet folded has an intent, and a record; an intent without a record at a time
        after the question is nothing to wait for.
        """
        standing = await intents.standing(self._db, stream)
        reader = _Waiting({one.id: one for one in standing if one.id not in self._under_way})
        self._waiting.append(reader)
        try:
            await self._wait(reader, stream)
        finally:
            self._waiting.remove(reader)

    async def _wait(self, reader: _Waiting, stream: str | None) -> None:
        wait, looks, least, until = _LEAST_S, 0, len(reader.intents), self._clock.monotonic() + PATIENCE_S
        while reader.intents or await exact.one(self._db.meta, states.REBUILDING) is not None:
            if looks % _LOOK_CLOSER == 1:
                await self._look_closer(reader)
            if len(reader.intents) < least:
                least, until = len(reader.intents), self._clock.monotonic() + PATIENCE_S
            if self._clock.monotonic() > until:
                raise Unavailable(BEHIND)
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.over.wait(), wait)
            wait, looks = min(2 * wait, _MOST_S), looks + 1
            if reader.intents:
                standing = {one.id for one in await intents.standing(self._db, stream)}
                reader.intents = {id_: one for id_, one in reader.intents.items() if id_ in standing}

    async def _look_closer(self, reader: _Waiting) -> None:
        """Wait no more for intents without a record, nor for those whose record the views had seen by the last time.

        Such as that of a repeated key. Not at once: the place of the views in the feed is written after they are.
        """
        wanted = reader.intents
        records = await self._recent.of(one.key for one in wanted.values())
        streams = sorted({record.stream for record in records.values()})
        folded = await asyncio.gather(*(states.folded_of(self._db, stream) for stream in streams))
        seen = {stream: one.seq for stream, one in zip(streams, folded, strict=True)}
        old = {key for key, record in records.items() if record.seq <= seen[record.stream]}
        reader.intents = {
            id_: one for id_, one in reader.intents.items() if one.key in records and id_ not in reader.folded
        }
        reader.folded = {id_ for id_, one in wanted.items() if one.key in old}
