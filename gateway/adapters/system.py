"""The machine's own clock and dice."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from datetime import UTC, datetime

_AT_ONCE, _DIGITS = 8192, 20
"""Ids of which the chance is drawn together, and how many hexadecimal digits one takes of it."""
_MOST_AT_ONCE = 0xFFF
_VARIANT = {digit: "89ab"[number % 4] for number, digit in enumerate("0123456789abcdef")}


class SystemClock:
    """The real ``Clock``."""

    _random = ""
    _used = 0
    _moment = _within = 0

    def now(self) -> datetime:
        """The time, in UTC, to the millisecond."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def new_id(self, prefix: str) -> str:
        """``prefix_`` and a UUIDv7 (RFC 9562, 6.2): 48 bits of milliseconds, 12 that count within one, then chance.

        Ids of one process sort as they were made: what is told at one moment is shown in the order of its ids.
        """
        used = self._used
        if used >= len(self._random):  # one system call for many ids
            self._random, used = os.urandom(_DIGITS // 2 * _AT_ONCE).hex(), 0
        self._used = used + _DIGITS
        chance = self._random[used : used + _DIGITS]
        moment = time.time_ns() // 1_000_000
        if moment > self._moment:
            self._moment, self._within = moment, int(chance[:3], 16) >> 1  # with room to count from there
        else:  # the clock stands still, or was put back
            self._within += 1
            if self._within > _MOST_AT_ONCE:
                self._moment, self._within = self._moment + 1, 0
        return f"{prefix}_{self._moment:012x}7{self._within:03x}{_VARIANT[chance[3]]}{chance[4:19]}"

    def secret(self) -> str:
        """256 bits of chance, URL-safe."""
        return secrets.token_urlsafe(32)

    def jitter(self) -> float:
        """A number from 0 to 1, by chance."""
        return random.random()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
