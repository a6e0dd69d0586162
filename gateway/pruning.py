"""What need not be kept for ever: requests that could not be read, answers of providers, news of nobody's messages."""

from __future__ import annotations

from datetime import timedelta

import structlog

from gateway.ports import Clock, Store, Unavailable

log = structlog.get_logger(__name__)

_EVERY_S = 3600.0


class Pruning:
    """Looks once an hour; ``keep`` is how long such things are kept."""

    def __init__(self, store: Store, clock: Clock, keep: timedelta) -> None:
        self._store, self._clock, self._keep = store, clock, keep

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                gone = await self._store.prune(self._clock.now(), self._clock.now() - self._keep)
                if gone:
                    log.info("pruned", rows=gone)
            except Unavailable as error:
                log.warning("nothing can be pruned just now", why=str(error))
            await self._clock.sleep(_EVERY_S)
