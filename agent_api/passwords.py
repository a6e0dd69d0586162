"""Agents' passwords: hashed with argon2, never on the event loop."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
AT_ONCE = 4
"""Each verification takes 64 MiB for a while."""


def hashed(password: str) -> str:
    """What is kept of a password. Takes some 50 ms."""
    return _hasher.hash(password)


def matches(kept: str, password: str) -> bool:
    """Whether this is the password. Takes as long for a wrong one."""
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


class Passwords:
    """Verifies a few at a time, in threads, and takes as long where there is nothing to verify."""

    def __init__(self) -> None:
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._nobodys: str | None = None

    async def match(self, kept: str | None, password: str) -> bool:
        """Whether this is the password; ``kept`` is None where nobody has the address."""
        async with self._at_once:
            if self._nobodys is None:
                self._nobodys = await asyncio.to_thread(hashed, "nobody's password")
            found = await asyncio.to_thread(matches, kept or self._nobodys, password)
        return found and kept is not None
