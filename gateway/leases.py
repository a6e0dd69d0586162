"""What this process alone may do just now: names that it holds, and those of others that have stood still for too long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from gateway.metrics import HELD
from gateway.ports import Clock, Lease, Leases, Unavailable
from gateway.tasks import Background

log = structlog.get_logger(__name__)

TTL_S = 10.0
"""Seconds that a lease may stand still before another process takes it over."""
MARGIN = 0.2
"""The share of that which a holder keeps clear of: for clocks that run unevenly, and for what it has just begun."""
RENEW, LOOK = 0.25, 0.1
"""The shares of that after which a holder renews, and between two looks."""
_NOBODY, _UNDER = "", " "
"""How a holder is written: nobody; and between the name that a lease leans on and its holder."""
_PARTING_S = 1.0

Claim = Callable[[], Awaitable[None]]


class Part(Protocol):
    """Something that runs from ``start`` to ``stop``, and may be started again."""

    async def start(self) -> None:
        """From now on."""

    async def stop(self) -> None:
        """Enough."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The newest epoch of a name that we know of, and since when by our own clock."""

    epoch: int
    holder: str
    since: float


class Holdings:
    """The leases of one process, called ``holder``, which no other process is called.

    A process holds a name from its own insert of an epoch for ``ttl`` seconds but for a margin, counted from before it
    asked. Whoever sees an epoch stand still for ``ttl`` seconds, counted from after it was read to before it was read
    again, takes the next one. Both count by their own monotonic clocks, so it does not matter what time they think it
    is: two never hold one name.

    A name can be held ``under`` another one, which is all that is renewed then, however many lean on it.
    """

    def __init__(self, leases: Leases, clock: Clock, holder: str, ttl: float = TTL_S) -> None:
        self._leases, self._clock, self.holder, self._ttl = leases, clock, holder, ttl
        self._seen: dict[str, _Seen] = {}
        self._looked = clock.monotonic()
        self._held: dict[str, float] = {}
        self._under: dict[str, str] = {}
        self._terms = Counter[str]()
        self._told: frozenset[str] = frozenset()
        self._claims: list[Claim] = []
        self._listeners: list[Callable[[], None]] = []
        self._round = asyncio.Lock()
        self._loops = (Background(self._keep, clock, "leases"), Background(self._watch, clock, "lapsing leases"))

    # What is ours, and what may become ours.

    def holds(self, name: str) -> bool:
        """Whether this process, and no other, has the name at this instant."""
        return self._clock.monotonic() < self._held.get(self._under.get(name, name), 0.0)

    def due(self, name: str) -> bool:
        """Whether it is time to renew a name, or too late."""
        return self._held.get(name, 0.0) <= self._clock.monotonic() + self._ttl * (1 - MARGIN - RENEW)

    def held(self, prefix: str = "") -> set[str]:
        """The names that begin so and are ours at this instant."""
        return {name for name in (*self._held, *self._under) if name.startswith(prefix) and self.holds(name)}

    def in_use(self, prefix: str) -> set[str]:
        """The names that begin so and are somebody's, ours among them."""
        return {name for name in self._seen if name.startswith(prefix) and not self.free(name)} | self.held(prefix)

    def free(self, name: str) -> bool:
        """Whether we may take it: nobody has it, or whoever had it has not renewed it."""
        if self.holds(name):
            return False
        seen = self._seen.get(name)
        if seen is None:
            return True
        above, _, holder = seen.holder.rpartition(_UNDER)
        if holder in (_NOBODY, self.holder):
            return True
        if above:
            seen = self._seen.get(above)
            if seen is None or seen.holder != holder:
                return True
        return self._looked - seen.since >= self._ttl

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener``, on the event loop, whenever what we hold has changed."""
        self._listeners.append(listener)

    def pursue(self, claim: Claim) -> None:
        """Call ``claim`` after every look; it takes what it wants and gives up what it does not."""
        self._claims.append(claim)

    # From start to stop.

    async def start(self) -> None:
        """Look, and go on looking. A store that is away is waited for."""
        await self.once()
        for loop in self._loops:
            await loop.start()

    async def stop(self) -> None:
        """Give up everything, so that others need not wait."""
        try:
            async with asyncio.timeout(_PARTING_S), self._round:  # what is being taken is ours to give up
                self._claims.clear()
                await asyncio.gather(*(self.give_up(name) for name in tuple(self._held)))
        except (TimeoutError, Unavailable) as error:
            log.warning("leases were not given up; others take them once they have stood still", why=str(error))
        for loop in self._loops:
            await loop.stop()
        for name in tuple(self._held):
            self.drop(name)
        self._tell()

    async def once(self) -> None:
        """One look, and what follows from it."""
        async with self._round:
            try:
                await self.look()
                for claim in tuple(self._claims):
                    await claim()
            except Unavailable as error:
                log.warning("leases cannot be looked after; trying again", why=str(error))
            self._tell()

    async def _keep(self) -> None:
        while True:
            await self.once()
            await self._clock.sleep(self._ttl * LOOK)

    async def _watch(self) -> None:
        """Tell of what has lapsed, though the store may hang."""
        while True:
            await self._clock.sleep(self._ttl * LOOK / 2)
            self._tell()

    # Looking, taking, giving up.

    async def look(self) -> None:
        """Read who has what, and renew what is ours. Raises Unavailable."""
        self._tell()
        looked = self._clock.monotonic()
        found = await self._leases.leases()
        now, self._looked = self._clock.monotonic(), looked
        for lease in found:
            seen = self._seen.get(lease.name)
            if seen is None or lease.epoch > seen.epoch:
                self._seen[lease.name] = _Seen(lease.epoch, lease.holder, now)
                if lease.holder.rpartition(_UNDER)[2] != self.holder:
                    self.drop(lease.name)
        self._tell()
        await self.take_all([name for name in self._held if self.due(name)])

    async def take_all(self, names: Iterable[str], under: str = "") -> None:
        """Take what can be had of these; what cannot for now is for the next look."""

        async def one(name: str) -> None:
            try:
                await self.take(name, under)
            except Unavailable as error:
                log.warning("a lease cannot be taken; trying again", name=name, why=str(error))

        await asyncio.gather(*map(one, names))

    async def take(self, name: str, under: str = "") -> bool:
        """Take the next epoch of a name; False if somebody else did. Raises Unavailable.

        What was ours without a break goes on being ours, and so does what leans on it.
        """
        asked, term = self._clock.monotonic(), self._terms[under]
        if not await self._insert(name, f"{under}{_UNDER}{self.holder}" if under else self.holder):
            self.drop(name)
            return False
        if under:
            if term == self._terms[under] and self.holds(under):
                self._under[name] = under
            return self.holds(name)
        if not self.holds(name):
            self.drop(name)
        self._held[name] = asked + self._ttl * (1 - MARGIN)
        return True

    async def give_up(self, name: str) -> None:
        """Let somebody else have it, without a wait. Raises Unavailable."""
        self.drop(name)
        seen = self._seen.get(name)
        if seen is not None and seen.holder.rpartition(_UNDER)[2] == self.holder:
            await self._insert(name, _NOBODY)

    def drop(self, name: str) -> None:
        """Somebody else may have it: it is ours no more, and neither is what leans on it."""
        self._held.pop(name, None)
        self._under.pop(name, None)
        self._terms[name] += 1
        for leaning in [one for one, under in self._under.items() if under == name]:
            del self._under[leaning]

    async def _insert(self, name: str, holder: str) -> bool:
        seen = self._seen.get(name)
        epoch = seen.epoch + 1 if seen is not None else 1
        if not await self._leases.take_lease(Lease(name, epoch, holder)):
            return False
        self._seen[name] = _Seen(epoch, holder, self._clock.monotonic())
        return True

    def _tell(self) -> None:
        for name in self._held.keys() - self.held():
            log.warning("a lease was not renewed in time; it is ours no more", name=name)
            self.drop(name)
        now = frozenset((*self._held, *self._under))
        if now == self._told:
            return
        _note(now - self._told, self._told - now)
        self._told = now
        HELD.set(len(now))
        for listener in self._listeners:
            listener()


def _note(gained: Collection[str], lost: Collection[str]) -> None:
    if gained:
        log.info("leases taken", names=sorted(gained))
    if lost:
        log.info("leases let go", names=sorted(lost))


class Post:
    """One name that every process wants, and the parts that run in the one that has it."""

    def __init__(self, holdings: Holdings, name: str, clock: Clock, parts: Collection[Part]) -> None:
        self._holdings, self._name, self._parts = holdings, name, parts
        self._news = asyncio.Event()
        self._running, self._stopped = list[Part](), False
        self._task = Background(self._run, clock, f"post {name}")
        holdings.pursue(self._claim)
        holdings.on_change(self._news.set)

    async def start(self) -> None:
        """Run the parts from now on, whenever the name is ours."""
        self._stopped = False
        await self._holdings.once()
        self._news.set()
        await self._task.start()

    async def stop(self) -> None:
        """End the parts; the name is given up with all the others, and not taken again."""
        self._stopped = True
        await self._task.stop()
        await self._end()

    async def _claim(self) -> None:
        if not self._stopped and self._holdings.free(self._name):
            await self._holdings.take(self._name)

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if not self._holdings.holds(self._name):
                await self._end()
            elif not self._running:
                await self._begin()

    async def _begin(self) -> None:
        try:
            for part in self._parts:
                self._running.append(part)
                await part.start()
        except BaseException:
            await self._end()
            self._news.set()
            raise

    async def _end(self) -> None:
        while self._running:
            await self._running.pop().stop()
