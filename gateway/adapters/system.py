"""The machine's own clock and dice."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from datetime import UTC, datetime

_RANDOM_AT_ONCE = 8192


class SystemClock:
    """The real ``Clock``."""

    _random = b""
    _used = 0

    def now(self) -> datetime:
        """The time, in UTC, to the millisecond."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def new_id(self, prefix: str) -> str:
        """``prefix_`` and a UUIDv7 (RFC 9562): 48 bits of milliseconds, then chance."""
        if self._used >= len(self._random):  # one system call for many ids
            self._random, self._used = os.urandom(_RANDOM_AT_ONCE * 10), 0
        chance = self._random[self._used : self._used + 10]
        self._used += 10
        value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(chance, "big")
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return f"{prefix}_{value:032x}"

    def secret(self) -> str:
        """256 bits of chance, URL-safe."""
        return secrets.token_urlsafe(32)

    def jitter(self) -> float:
        """A number from 0 to 1, by chance."""
        return random.random()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
