"""Where a message comes from: which request asked for it, and when."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from gateway.ports import Store
from normalizer.model import Message
from normalizer.record import Record

_BORN = re.compile(r"[a-z]+_([0-9a-f]{12})7[0-9a-f]{19}")


class Origins:
    """Knows the request behind a queued message: heard as it was queued, otherwise read in the record of that."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, int], str | None] = {}

    def hear(self, record: Record) -> None:
        """A message has been queued."""
        self._known[record.stream, record.seq] = record.cause

    def settled(self, message: Message) -> None:
        """Nobody will ask for this one again."""
        self._known.pop((message.conversation, message.seq), None)

    def forget(self) -> None:
        """Nothing is to be sent just now."""
        self._known.clear()

    async def of(self, message: Message) -> str | None:
        """The id of the request; None if there was none. Raises Unavailable."""
        place = (message.conversation, message.seq)
        if place not in self._known:
            record = await self._store.record_at(*place)
            return self._known.setdefault(place, record.cause if record is not None else None)
        return self._known[place]


def asked_at(message_id: str) -> datetime | None:
    """When a message was asked for: the milliseconds that its id, a UUIDv7, begins with. None for an id of others."""
    found = _BORN.fullmatch(message_id)
    return datetime.fromtimestamp(int(found[1], 16) / 1000, UTC) if found else None
