"""The records that this process appended or numbered last, so that they need not be read back."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.adapters.cache import Cache
from gateway.adapters.mongo import exact
from gateway.adapters.mongo.collections import Collections
from normalizer.record import Record

_KEPT = 10_000


class Recent:
    """Records by key, each of them acknowledged by the server. Records never change, so none is ever stale."""

    def __init__(self, db: Collections) -> None:
        self._db = db
        self._records: Cache[Record] = Cache(_KEPT)

    def add(self, record: Record, weight: int) -> None:
        """Remember a record of so many bytes; the oldest go."""
        self._records.put(record.key, record, weight)
        self._records.trim()

    def get(self, key: str) -> Record | None:
        """A record, if it is remembered."""
        return self._records.get(key)

    async def of(self, keys: Iterable[str]) -> dict[str, Record]:
        """Those of these records that there are, remembered or read, by key. Raises Unavailable."""
        asked = set(keys)
        found = {key: record for key in asked if (record := self._records.get(key)) is not None}
        return found | await exact.records_of(self._db, asked - found.keys())
