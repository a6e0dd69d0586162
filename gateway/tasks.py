"""Tasks that must not end: a mistake of ours in one is logged, and it begins again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from gateway.ports import Clock

log = structlog.get_logger(__name__)

_AGAIN_S = 1.0
_HEARD_S = 0.25
"""How long a task may take to end before it is told again. That cuts its farewell short, to a broker say; but those who
stop in half a second, as ``Numbering`` does, must get as far as telling it twice."""


async def lasting(work: Callable[[], Awaitable[None]], clock: Clock, name: str) -> None:
    """Do the work for ever; cancelling ends it."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a task broke; it begins again", task=name)
        await clock.sleep(_AGAIN_S)


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended: on Python 3.11 ``asyncio.wait_for`` can lose a cancellation.

    Being cancelled again must do no harm, then. It would to PyMongo, which therefore hears of none: see
    ``gateway.adapters.mongo.whole``. What else we await holds no lock that a second one could leave without an owner.
    """
    going = {task for task in tasks if not task.done()}
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=_HEARD_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def pause(clock: Clock, seconds: float, news: asyncio.Event) -> bool:
    """Wait until there is news, or so long; whether there is news, which counts as heard."""
    sleeping, hearing = asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(news.wait())
    try:
        await asyncio.wait({sleeping, hearing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sleeping, hearing):
            task.cancel()
        await asyncio.gather(sleeping, hearing, return_exceptions=True)
    heard = news.is_set()
    news.clear()
    return heard


class Background:
    """Such a task, from ``start`` to ``stop``."""

    def __init__(self, work: Callable[[], Awaitable[None]], clock: Clock, name: str) -> None:
        self._work, self._clock, self._name = work, clock, name
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """From now on."""
        self._task = asyncio.create_task(lasting(self._work, self._clock, self._name), name=self._name)

    async def stop(self) -> None:
        """Enough; also if it never began."""
        if self._task is not None:
            await ended(self._task)
