"""The relay's first work: gives what was written its place in the feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from gateway.ports import Clock, Log, Overtaken, Unavailable
from gateway.tasks import Background, pause
from normalizer.record import Record

log = structlog.get_logger(__name__)

_EVERY_S = 0.3
"""Seconds after which it looks though nobody told of news."""
_AGAIN_S = 0.5
_PARTING_S = 0.5


class Numbering:
    """Numbers for as long as it runs, which is while this process is the relay.

    ``grown`` is called when the feed has grown. ``overtaken`` is called when somebody else has numbered meanwhile; and
    when a store that hangs may still be numbering at our word though we have stopped, so that nobody is told to begin
    at once.
    """

    def __init__(self, store: Log, clock: Clock, grown: Callable[[], None], overtaken: Callable[[], None]) -> None:
        self._store, self._clock, self._grown, self._overtaken = store, clock, grown, overtaken
        self._news = asyncio.Event()
        self._task = Background(self._run, clock, "numbering")

    async def start(self) -> None:
        """From now on."""
        await self._task.start()

    async def stop(self) -> None:
        """Enough. What is under way has a moment to end, and no more: the store may hang."""
        stopping = asyncio.create_task(self._task.stop(), name="end of numbering")
        try:
            await asyncio.wait({stopping}, timeout=_PARTING_S)
        finally:
            if not stopping.done():
                stopping.cancel()
                log.warning("the store does not answer; leaving what it was told to number")
                self._overtaken()

    def look(self, _records: Sequence[Record] = ()) -> None:
        """There may be something to number; also for ``Log.on_commit``."""
        self._news.set()

    async def _run(self) -> None:
        while True:
            try:
                while await self._store.number():
                    self._grown()
                await pause(self._clock, _EVERY_S, self._news)
            except Overtaken as error:
                log.warning("another process numbers the feed; leaving it to that one", why=str(error))
                self._overtaken()
                await self._clock.sleep(_AGAIN_S)
            except Unavailable as error:
                log.warning("the feed cannot be numbered; trying again", why=str(error))
                await self._clock.sleep(_AGAIN_S)
