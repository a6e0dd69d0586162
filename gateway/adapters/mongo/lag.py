"""Acceptance slows down once the views are a second behind, so that whoever reads waits no longer than that for long."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from gateway.adapters.mongo import exact
from gateway.adapters.mongo.collections import Collections
from gateway.ports import Clock, Unavailable

LATE_S = 1.0
_LOOK_S = 0.25
_SLOWER_S = 0.25
"""How long an append waits while the views are late. It is not refused: there may be no relay for a while."""
_KEPT = 10_000


class Lag:
    """Whether what this process appended a second ago still waits for the relay."""

    def __init__(self, db: Collections, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._written: deque[tuple[float, str]] = deque(maxlen=_KEPT)
        self._again = 0.0
        self._late = False

    def wrote(self, intent: str) -> None:
        """A record was appended on the strength of this intent."""
        self._written.append((self._clock.monotonic(), intent))

    async def slow_down(self) -> None:
        """Before an append: wait a little if the views are late."""
        now = self._clock.monotonic()
        if now >= self._again:
            self._again = now + _LOOK_S
            with suppress(Unavailable):  # the append itself will say so
                self._late = await self._is_late(now - LATE_S)
        if self._late:
            await self._clock.sleep(_SLOWER_S)

    async def _is_late(self, since: float) -> bool:
        old = ""
        while self._written and self._written[0][0] < since:
            old = self._written.popleft()[1]
        if not old or await exact.one(self._db.pending, old) is None:
            return False
        self._written.appendleft((since - 1, old))  # look at this one again
        return True
