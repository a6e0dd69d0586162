"""Who works for which account: the accounts are in 32 partitions, and each partition is one process's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Protocol

from gateway.leases import Holdings

COUNT = 32
SEATS = 100
"""How many processes may share them."""
_AT_ONCE = 4
"""How many of them are asked for side by side."""
_SEAT, _PARTITION = "seat:delivery:", "delivery:"

Busy = Callable[[int], bool]


class Ownership(Protocol):
    """Which accounts this process works for, at this instant."""

    def owns(self, account: str) -> bool:
        """Whether an account is ours."""

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever accounts have become ours, or are not any more."""


class Alone:
    """The ownership of the one process that there is."""

    def owns(self, account: str) -> bool:  # noqa: ARG002 - every account is ours
        """Always."""
        return True

    def on_change(self, listener: Callable[[], None]) -> None:
        """Never."""


class Nobody:
    """The ownership of a process that works for no account: others do."""

    def owns(self, account: str) -> bool:  # noqa: ARG002 - no account is ours
        """Never."""
        return False

    def on_change(self, listener: Callable[[], None]) -> None:
        """Never."""


ALONE, NOBODY = Alone(), Nobody()


def partition(account: str) -> int:
    """The partition of an account, from 0; the same in every process and version."""
    return int.from_bytes(blake2b(account.encode(), digest_size=4).digest()) % COUNT


def _name(number: int) -> str:
    return f"{_PARTITION}{number:02}"


class Partitions:
    """The ownership of one of many processes.

    Each takes a seat, which shows how many there are, and holds its share of the partitions and no more. One that it
    has too many of it begins nothing new for; it gives it up once nobody in this process is ``busy`` with it, so
    that what is under way is not left to be guessed about.
    """

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self.busy: Busy = lambda _: False
        self._seat = ""
        self._leaving: set[str] = set()
        self._listeners: list[Callable[[], None]] = []
        holdings.on_change(self._tell)
        holdings.pursue(self.share)

    def owns(self, account: str) -> bool:
        """Whether an account is of one of our partitions, and that is to stay so."""
        name = _name(partition(account))
        return name not in self._leaving and self._holdings.holds(name)

    def on_change(self, listener: Callable[[], None]) -> None:
        """See ``Ownership``."""
        self._listeners.append(listener)

    @property
    def count(self) -> int:
        """How many partitions are ours."""
        return len(self._holdings.held(_PARTITION))

    def _tell(self) -> None:
        self._leaving = self._leaving & self._holdings.held(_PARTITION)
        for listener in self._listeners:
            listener()

    async def share(self) -> None:
        """Take what is free up to our share, and give up what is beyond it. Raises Unavailable."""
        await self._sit()
        held = self._holdings.held(_PARTITION)
        members = max(1, len(self._holdings.in_use(_SEAT)))
        share = -(-COUNT // members) if self._seat else 0
        order = self._order()
        mine = [name for name in order if name in held]
        leaving = set(mine[share:])
        if leaving != self._leaving:
            self._leaving = leaving
            self._tell()
        idle = [name for name in sorted(leaving) if not self.busy(int(name.removeprefix(_PARTITION)))]
        await self._give_up(idle)
        free = [name for name in order if name not in held and self._holdings.free(name)]
        wanted = free[: max(0, share - len(mine))]
        await self._take(wanted)
        await self._give_up(free[len(wanted) :])  # what was ours, before our seat was lost, looks as if it still were

    async def _take(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), _AT_ONCE):
            if self._late():
                return
            await self._holdings.take_all(names[start : start + _AT_ONCE], self._seat)

    async def _give_up(self, names: Sequence[str]) -> None:
        for name in names:
            if self._late():
                return
            await self._holdings.give_up(name)

    def _late(self) -> bool:
        """Whether our seat is to be renewed first. A slow store would let it lapse, and all that is under it, while a
        whole share is taken or given up; what is left of that is for the next look.
        """
        return bool(self._seat) and self._holdings.due(self._seat)

    async def _sit(self) -> None:
        """Have a seat, the first that is free."""
        if self._seat and self._holdings.holds(self._seat):
            return
        self._seat = ""
        for number in range(SEATS):
            name = f"{_SEAT}{number:02}"
            if self._holdings.free(name) and await self._holdings.take(name):
                self._seat = name
                return

    def _order(self) -> Sequence[str]:
        """All partitions, beginning at a place of our own, so that those who take at once do not want the same."""
        first = int(self._seat.removeprefix(_SEAT) or 0) * 11 % COUNT
        return [_name((first + number) % COUNT) for number in range(COUNT)]
