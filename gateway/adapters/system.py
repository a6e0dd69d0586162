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
_VARIANT = {digit: "89ab"[number % 4] for number, digit in enumerate("0123456789abcdef")}


class SystemClock:
    """The real ``Clock``."""

    _random = ""
    _used = 0

    def now(self) -> datetime:
        """The time, in UTC, to the millisecond."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def new_id(self, prefix: str) -> str:
        """``prefix_`` and a UUIDv7 (RFC 9562): 48 bits of milliseconds, then chance."""
        used = self._used
        if used >= len(self._random):  # one system call for many ids
            self._random, used = os.urandom(_DIGITS // 2 * _AT_ONCE).hex(), 0
        self._used = used + _DIGITS
        chance = self._random[used : used + _DIGITS]
        return f"{prefix}_{time.time_ns() // 1_000_000:012x}7{chance[:3]}{_VARIANT[chance[3]]}{chance[4:19]}"

    def secret(self) -> str:
        """256 bits of chance, URL-safe."""
        return secrets.token_urlsafe(32)

    def jitter(self) -> float:
        """A number from 0 to 1, by chance."""
        return random.random()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
