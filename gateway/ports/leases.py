"""Who does what only one process may do: leases that are inserted, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Lease(NamedTuple):
    """That ``holder`` (a process) has ``name`` for as long as nobody saw its ``epoch`` stand still for too long.

    A holder renews by taking the next epoch; another takes it over the same way. No time of any clock is written.
    """

    name: str
    epoch: int
    holder: str


class Leases(Protocol):
    """Truth outside the log: who holds what."""

    async def leases(self) -> Sequence[Lease]:
        """The newest lease of every name. Raises Unavailable."""

    async def take_lease(self, lease: Lease) -> bool:
        """Insert it, durable when this returns; False if its epoch, or a later one, is somebody's already.

        Raises Unavailable, and then nobody knows whether it was taken.
        """
