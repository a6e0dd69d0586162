"""Tasks that must not end: a mistake of ours in one is logged, and it begins again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.ports import Clock

log = structlog.get_logger(__name__)

_AGAIN_S = 1.0


async def lasting(work: Callable[[], Awaitable[None]], clock: Clock, name: str) -> None:
    """Do the work for ever; cancelling ends it."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a task broke; it begins again", task=name)
        await clock.sleep(_AGAIN_S)


class Background:
    """Such a task, from ``start`` to ``stop``."""

    def __init__(self, work: Callable[[], Awaitable[None]], clock: Clock, name: str) -> None:
        self._work, self._clock, self._name = work, clock, name

    async def start(self) -> None:
        """From now on."""
        self._task = asyncio.create_task(lasting(self._work, self._clock, self._name), name=self._name)

    async def stop(self) -> None:
        """Enough."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
