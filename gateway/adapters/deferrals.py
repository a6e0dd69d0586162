"""How long a deferral lasts for a process whose clock is not the one that it was written by."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.adapters.cache import Cache
from gateway.adapters.instants import moment
from gateway.ports import Clock

_KEPT = 50_000


class Deferrals:
    """Deferrals as this process sees them: each lasts no longer than its own length from when it was first seen.

    Both its ends are by the clock of whoever wrote it, so the length is true whatever time they think it is; and what
    has passed since is counted by our own monotonic clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: Cache[tuple[int, float]] = Cache(_KEPT)

    def due(self, message: str, since: int, send_at: int) -> datetime:
        """When a message is to be tried, by our clock; ``since`` and ``send_at`` are in milliseconds, by another's."""
        told, now, passed = moment(send_at), self._clock.now(), self._clock.monotonic()
        if told <= now:
            self._seen.drop(message)
            return told
        seen = self._seen.get(message)
        if seen is None or seen[0] != send_at:
            seen = send_at, passed
            self._seen.put(message, seen, 0)
            self._seen.trim()
        left = (send_at - since) / 1000 - (passed - seen[1])
        return min(told, now + timedelta(seconds=max(0.0, left)))
