"""Whose an identity is: a document each, which only one racer inserts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pymongo.errors import DuplicateKeyError

from gateway.adapters.mongo import exact
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching
from normalizer.decision import Place

_CACHED = 100_000


class Bindings:
    """Bound once, for ever: what is known of one is never stale."""

    def __init__(self, db: Collections) -> None:
        self._db = db
        self._known: dict[str, Place] = {}

    async def bind(self, brand: str, identities: Sequence[str], proposal: Place) -> Place:
        """Whose the first identity is: as bound, else as the first bound one of the others, else the proposal.

        Racers insert in one order, whatever theirs is, so that those with the same identities agree on one place.
        Raises Unavailable.
        """
        ids = [f"{brand} {identity}" for identity in identities]
        bound = dict(zip(ids, await asyncio.gather(*map(self._find, ids)), strict=True))
        known = [place for place in bound.values() if place is not None]
        place = known[0] if known else proposal
        for id_ in sorted(id_ for id_, found in bound.items() if found is None):
            bound[id_] = await self._insert(id_, place)
            place = place if known else bound[id_] or place
        return bound[ids[0]] or place

    async def _find(self, id_: str) -> Place | None:
        known = self._known.get(id_)
        if known is None and (found := await exact.one(self._db.identities, id_)) is not None:
            known = self._remember(id_, Place(found["person"], found["conversation"]))
        return known

    async def _insert(self, id_: str, place: Place) -> Place:
        while True:
            try:
                with reaching():
                    await self._db.identities.insert_one({"_id": id_, **place._asdict()})
            except DuplicateKeyError:
                if (found := await self._find(id_)) is not None:
                    return found  # else it is not on a majority's disks yet
            else:
                return self._remember(id_, place)

    def _remember(self, id_: str, place: Place) -> Place:
        if len(self._known) >= _CACHED:
            self._known.clear()
        self._known[id_] = place
        return place
