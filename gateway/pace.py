"""How fast an account may send, and how long to wait after a no. Pure: time is handed in, in seconds."""

from __future__ import annotations

import math

from connectors.api import Pace

BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds before the next try; the last goes on."""
JITTER = 0.2
"""How much longer a wait may be by chance, so that not everybody comes back at once."""
CHAT_BURST = 3.0
"""Messages that may follow each other at once in one chat: providers allow short bursts."""
_CHATS_KEPT = 10_000


def back_off(tries: int, chance: float) -> float:
    """Seconds to wait after so many tries (from 1); ``chance`` is from 0 to 1."""
    return BACK_OFF[min(tries, len(BACK_OFF)) - 1] * (1 + JITTER * chance)


class Bucket:
    """Lets ``rate`` things a second through, and ``burst`` at once after a rest."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, burst, now

    def wait(self, now: float) -> float:
        """Seconds until one more may go."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (1 - self._left) / self._rate)

    def take(self) -> None:
        """One goes."""
        self._left -= 1


class Rates:
    """The pace of one account: of all its chats, and of each."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self._all = Bucket(pace.per_second, max(1.0, pace.per_second), now)
        self._chats: dict[str, Bucket] = {}
        self._held_until = now
        self._last, self._apart = -math.inf, 0.0

    def keep_apart(self, seconds: float) -> None:
        """The provider warns that it will take no more soon: so long between two calls, until it says otherwise."""
        self._apart = seconds

    def hold(self, until: float) -> None:
        """The provider wants the whole account to wait."""
        self._held_until = max(self._held_until, until)

    def held(self, now: float) -> float:
        """Seconds that the provider wants the account to wait, by a hold or to keep calls apart; 0 if it may go on."""
        return max(0.0, self._held_until - now, self._last + self._apart - now)

    def reserve(self, chat: str, now: float) -> float:
        """0 when one may go to this chat now, and then it counts as gone; else seconds to wait before asking again."""
        if (held := self.held(now)) > 0:
            return held
        bucket = self._chats.get(chat)
        if bucket is None:
            if len(self._chats) >= _CHATS_KEPT:
                self._chats.clear()
            bucket = self._chats[chat] = Bucket(self._pace.per_chat, max(CHAT_BURST, self._pace.per_chat), now)
        wait = max(bucket.wait(now), self._all.wait(now))
        if wait <= 0:
            bucket.take()
            self._all.take()
            self._last = now
        return wait
