"""Where an edge puts down what it cannot bring to the store: a durable queue on its own disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """A webhook that was found to be the provider's, without its secrets: ``accounts`` are those that accepted it.

    ``id`` is the request's. ``number`` is its place in the journal, 0 until it has one.
    """

    id: str
    hook: str
    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime
    accounts: tuple[str, ...]
    number: int = 0


class Journal(Protocol):
    """A queue of entries that outlives the process. One process has it for itself."""

    async def start(self) -> None:
        """Open it, and take over what an edge that is gone left beside it. Raises Unavailable."""

    async def stop(self) -> None:
        """Finish what is under way and close."""

    async def append(self, entry: Entry) -> None:
        """Put an entry at the end, durable when this returns. Raises Unavailable, when it is full too."""

    async def oldest(self, limit: int) -> Sequence[Entry]:
        """The oldest entries, in order. Raises Unavailable."""

    async def forget(self, up_to: int) -> None:
        """Forget every entry up to this number.

        Raises Unavailable where the file still has them: then only this process forgets, and the next one may be given
        them once more.
        """

    async def set_aside(self, number: int, why: str) -> None:
        """Take one entry out of the queue and leave it in the file, for somebody to look at. Raises Unavailable."""

    async def ready(self) -> str:
        """Empty when an entry can be appended; otherwise why not."""

    @property
    def length(self) -> int:
        """How many entries wait."""

    @property
    def since(self) -> datetime | None:
        """When the oldest entry that waits was received."""
