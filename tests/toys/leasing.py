"""Leases in memory, as slow and as forgetful as a test wants, and clocks that run otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gateway.ports import Lease, Unavailable
from toys.world import ToyClock


class Table:
    """Leases in memory. While ``slow``, whoever asks waits twice: until it is done, and until they hear of it."""

    def __init__(self) -> None:
        self.newest: dict[str, Lease] = {}
        self.slow = False
        self.away = False
        self.deaf = False
        self.waiting: list[asyncio.Future[None]] = []

    async def _wait(self) -> None:
        if self.slow:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append(future)
            await future
        if self.away:
            raise Unavailable("the table is away")

    async def leases(self) -> Sequence[Lease]:
        await self._wait()
        found = list(self.newest.values())
        await self._wait()
        return found

    async def take_lease(self, lease: Lease) -> bool:
        await self._wait()
        is_new = lease.epoch > self.newest.get(lease.name, Lease("", 0, "")).epoch
        if is_new:
            self.newest[lease.name] = lease
        if self.deaf:
            raise Unavailable("nobody knows whether it was taken")
        await self._wait()
        return is_new


class SkewedClock(ToyClock):
    """Begins wherever it likes, and runs a little too fast or too slowly."""

    def __init__(self, begins: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self._seconds, self._rate = begins, rate

    def turn(self, seconds: float) -> None:
        super().turn(seconds * self._rate)
