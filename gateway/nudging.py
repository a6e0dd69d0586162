"""Tells our other processes that there is something to look for, now and not too often."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gateway.ports import Clock, Exchange
from gateway.tasks import Background
from normalizer.record import Record

_APART_S = 0.02
"""Seconds between two nudges: what is written meanwhile is in the next."""


class Nudging:
    """Nudges at the first news at once, then again for what came since. A nudge that is lost costs a wait, no more."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange, self._clock = exchange, clock
        self._news = asyncio.Event()
        self._task = Background(self._run, clock, "nudging")

    async def start(self) -> None:
        """From now on."""
        await self._task.start()

    async def stop(self) -> None:
        """Enough."""
        await self._task.stop()

    def note(self, _records: Sequence[Record] = ()) -> None:
        """There is something to look for; also for ``Log.on_commit``."""
        self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._exchange.nudge()
            await self._clock.sleep(_APART_S)
