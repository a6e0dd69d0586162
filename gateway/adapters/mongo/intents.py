"""Intents: before a record is inserted, the stream it is for is named here, so that the relay finds it without a search.

An intent goes once its record is numbered and folded. One without a record goes when the relay has seen it stand for
ten minutes of its own clock; a writer inserts no record whose intent is older than half a minute of its own. One that
slept just then makes another intent after the insert.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

from gateway.adapters.mongo.bulk import Inserts
from gateway.adapters.mongo.collection import Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.documents import encoded
from gateway.adapters.mongo.trouble import reaching
from gateway.ports import Clock

FORGOTTEN_S = 600.0
"""How long the relay sees an intent stand without a record before it goes."""
_FRESH_S = 30.0
_AT_ONCE = 5000


class Intent(NamedTuple):
    """That a record with ``key`` may be inserted into ``stream``; ``since`` is by its writer's monotonic clock."""

    id: str
    stream: str
    key: str
    since: float = 0.0


def of_stream(id_: str) -> str:
    """The stream that an intent is for."""
    return id_.rpartition("|")[0]


class Intents:
    """Those of this process."""

    def __init__(self, db: Collections, clock: Clock) -> None:
        self._inserts, self._clock = Inserts(db.pending), clock
        self._mine, self._numbers = clock.new_id("w"), itertools.count()
        self.under_way: set[str] = set()
        """The intents of appends that nobody has been told about yet: nothing to wait for, or to number."""

    async def announce(self, stream: str, key: str) -> Intent:
        """A new intent, durable when this returns. Raises Unavailable."""
        id_ = f"{stream}|{self._mine}.{next(self._numbers)}"
        intent = Intent(id_, stream, key, self._clock.monotonic())
        document = encoded({"_id": id_, "key": key})
        self.under_way.add(id_)
        try:
            await self._inserts.insert(document)
        except BaseException:
            self.under_way.discard(id_)
            raise
        return intent

    def over(self, intents: Iterable[Intent]) -> None:
        """The append that these were for has been told its end."""
        self.under_way.difference_update(one.id for one in intents)

    def fresh(self, intent: Intent) -> bool:
        """Whether a record may still be inserted on the strength of it."""
        return self._clock.monotonic() - intent.since < _FRESH_S

    async def stop(self) -> None:
        """Wait for what is on its way."""
        await self._inserts.stop()


async def standing(db: Collections, stream: str | None = None, limit: int = 0) -> list[Intent]:
    """The intents that stand, of one stream or of all. Raises Unavailable."""
    wanted: Document = {} if stream is None else {"_id": {"$gte": stream + "|", "$lt": stream + "}"}}
    with reaching():
        found = await db.pending.find(wanted, limit=limit, batch_size=_AT_ONCE).to_list()
    intents = [Intent(one["_id"], of_stream(one["_id"]), one["key"]) for one in found]
    return [one for one in intents if stream in (None, one.stream)]


async def forget(db: Collections, ids: list[str]) -> None:
    """Remove intents. Raises Unavailable."""
    for start in range(0, len(ids), _AT_ONCE):
        with reaching():
            await db.pending.delete_many({"_id": {"$in": ids[start : start + _AT_ONCE]}})
