"""What need not be kept for ever: requests that could not be read, answers of providers, news of nobody's messages, files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from gateway.ports import Clock, Store, Unavailable

log = structlog.get_logger(__name__)

_EVERY_S = 3600.0


class Pruning:
    """Looks once an hour; ``keep`` is how long such things are kept, and ``tidy`` sees to the files."""

    def __init__(
        self, store: Store, clock: Clock, keep: timedelta, tidy: Callable[[], Awaitable[int]] | None = None
    ) -> None:
        self._store, self._clock, self._keep, self._tidy = store, clock, keep, tidy

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                gone = await self._store.prune(self._clock.now(), self._clock.now() - self._keep)
                files = await self._tidy() if self._tidy is not None else 0
                if gone or files:
                    log.info("pruned", rows=gone, files=files)
            except Unavailable as error:
                log.warning("nothing can be pruned just now", why=str(error))
            await self._clock.sleep(_EVERY_S)
