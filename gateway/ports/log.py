"""The truth: streams of records, each decided, and all of them in one feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from normalizer.decision import Place, View
from normalizer.record import Draft, Record

Decide = Callable[[View], Draft | None]


class Unavailable(Exception):
    """Nothing durable can be written or read just now; what was asked has not happened. Try again."""


class CursorExpired(Exception):
    """The feed is not kept as far back as was asked."""


class Overtaken(Exception):
    """Another relay has numbered records meanwhile: whoever hears this holds no lease any more."""


class Appended(NamedTuple):
    """What came of an append: the record (the earlier one for a known key), or None where ``decide`` said no."""

    record: Record | None
    duplicate: bool = False


class Log(Protocol):
    """The truth: streams of records, and all of them in one feed."""

    async def append(self, stream: str, decide: Decide, key: str | None = None) -> Appended:
        """Decide and write one record, durable when this returns.

        A known ``key`` (of the draft, or given beforehand so that ``decide`` need not run) writes nothing and is a
        duplicate. Whatever ``decide`` raises is raised here and nothing is written. Raises Unavailable.
        """

    async def record_of(self, key: str) -> Record | None:
        """The record with this key."""

    async def record_at(self, stream: str, seq: int) -> Record | None:
        """The record with this number in its stream."""

    async def bind(self, brand: str, identity: str, proposal: Place, aliases: Sequence[str] = ()) -> Place:
        """Whose the identity is: the proposal, unless somebody bound it, or one of its ``aliases``, first.

        Aliases that nobody has are bound to the same. Raises Unavailable.
        """

    async def feed(self, after: int, limit: int) -> Sequence[Record]:
        """The records after a place in the feed, in order. Raises CursorExpired."""

    async def head(self) -> int:
        """The place of the newest record."""

    async def oldest(self) -> int:
        """The place before the oldest record that the feed still gives."""

    async def number(self) -> int:
        """Give the records that have none yet their places in the feed, and fold them into the views; how many.

        Called by the one relay that holds the lease, again and again. A store that numbers while it writes has nothing
        to do. Raises Unavailable; raises Overtaken where another relay has numbered meanwhile.
        """

    def on_commit(self, listener: Callable[[Sequence[Record]], None]) -> None:
        """Call ``listener``, on the event loop, with what each commit of this process added, in feed order.

        A store that many processes write may call it with nothing, which says only that there is something to look for.
        """
