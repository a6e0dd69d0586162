"""An HTTP client that does as told, and a clock to turn."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from connectors.api import Answer, Call
from gateway.adapters.system import SystemClock

Do = Answer | BaseException | Callable[[Call], Answer]


class ToyHttp:
    """Answers calls from a list of what to do, then with ``otherwise``. ``calls`` are those it was asked to make."""

    def __init__(self, *script: Do, otherwise: Do | None = None) -> None:
        self.script: deque[Do] = deque(script)
        self.otherwise = otherwise
        self.calls: list[Call] = []
        self.gate: asyncio.Event | None = None

    async def perform(self, call: Call) -> Answer:
        self.calls.append(call)
        if self.gate is not None:
            await self.gate.wait()
        do = self.script.popleft() if self.script else self.otherwise
        if do is None:
            raise AssertionError(f"nobody said what {call.name} is answered")
        if isinstance(do, BaseException):
            raise do
        return do if isinstance(do, Answer) else do(call)

    def texts(self) -> list[str]:
        """The texts that were sent, in order."""
        return [call.json["part"]["text"] for call in self.calls if call.json]


class ToyClock(SystemClock):
    """Real ids, made-up time: it stands still until ``turn``; whoever sleeps is woken when their time has come."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
        self._seconds = 1000.0
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self._turns = count()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def jitter(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self._seconds + seconds, next(self._turns), future))
        await future

    @property
    def waits(self) -> list[float]:
        """How long those who sleep still have to."""
        return sorted(round(until - self._seconds, 3) for until, _, future in self._sleeping if not future.done())

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds
        self._now += timedelta(seconds=seconds)
        while self._sleeping and self._sleeping[0][0] <= self._seconds:
            future = heapq.heappop(self._sleeping)[2]
            if not future.done():
                future.set_result(None)


async def until(true: Callable[[], object], seconds: float = 180.0) -> None:
    """Wait until something holds; fails when it does not in time."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.002)
