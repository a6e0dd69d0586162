"""A gateway of many processes under load, with whatever it takes to break it, and the books that must balance then."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession
from journeys.books import FINAL, Books
from journeys.crowd import CalmApi, CalmProvider, Flow, Front
from journeys.load import LOST, Load
from journeys.programs import Simulator
from journeys.roles import Role, ready, waiting
from journeys.tail import Tail
from journeys.whims import whims
from toys.network import Network
from toys.rabbit import Rabbit
from toys.servers import FerretDB

from gateway.partitions import COUNT

CHATS = range(1, 9)
GIVE_UP_S = 600.0
"""After how long nobody waits any more. How long things took is told: it should be less than a minute.

But for the ends of replies: an attempt whose owner died is left alone for half a minute.
"""
WHIM_S = 2.0
"""About how far apart the provider's whims are."""
Told = Callable[[str, object], None]
"""pytest's ``record_property``."""


class Cluster:
    """All processes of a gateway, their servers, customers and agents, and an integrator who hears of everything."""

    def __init__(self, session: ClientSession, simulator: Simulator, rabbit: Rabbit, db: FerretDB, seed: int) -> None:
        self.session, self.simulator, self.rabbit, self.db = session, simulator, rabbit, db
        self.seed, self.chance = seed, random.Random(seed)
        self.edges: list[Role] = []
        self.relays: list[Role] = []
        self.deliveries: list[Role] = []
        self.apis: list[Role] = []
        self.networks: dict[tuple[str, str], Network] = {}
        self.counts: Counter[str] = Counter()
        self.takeover = 0
        self.tail = Tail(rabbit, f"faults-{uuid.uuid4().hex}")
        self.flow = Flow(self.tail)
        front: Any = Front(self.edges, self.chance)  # a gateway to whoever asks it
        self.provider = CalmProvider(session, front, self.flow)
        self.door: Any = Front(self.apis, self.chance)
        self.api = CalmApi(session, self.door, self.flow)
        self._starting: dict[Role, asyncio.Task[None]] = {}

    @property
    def everyone(self) -> list[Role]:
        return [*self.relays, *self.edges, *self.deliveries, *self.apis]

    # Up and down.

    async def up(self, slow: float) -> None:
        """Everything listens, and each customer has a conversation."""
        await self.tail.start()
        for kind in (self.relays, self.edges, self.deliveries, self.apis):  # not all at once: others test here too
            for one in kind:
                one.spawn()
            for one in kind:
                await one.ready()
        for chat in CHATS:
            await self.simulator.person(chat, f"Customer {chat}")
        self.slowness = await self.simulator.order("delay", method="sendMessage", seconds=slow)
        await asyncio.gather(*(self.provider.write(chat, 1, "first") for chat in CHATS))
        await self._within(self._all_known, "every customer has a conversation")
        found = await self.api.conversations()
        conversations = {chat: found[f"telegram:{chat}"] for chat in CHATS}
        self.load = Load(self.provider, self.api, self.door, conversations)

    async def _all_known(self) -> str:
        known = len(await self.api.conversations())
        return "" if known == len(CHATS) else f"{known} are known"

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Customers write and agents reply while this lasts, and the provider has its whims."""
        async with whims(self.simulator, self.chance, self.counts, WHIM_S), self.load.applied():
            yield
            self.flow.over = True

    def kill(self, one: Role) -> None:
        """End it as a power cut would, and start it again, without a wait for it."""
        if (starting := self._starting.pop(one, None)) is not None:
            starting.cancel()
        one.kill()
        one.spawn()
        self._starting[one] = asyncio.create_task(one.ready())
        self.counts["kills"] += 1
        self.counts[f"kills of {one.name.split('-')[0]}"] += 1

    def freeze(self, one: Role) -> None:
        assert one.process is not None
        one.process.send_signal(signal.SIGSTOP)
        self.counts["freezes"] += 1

    def thaw(self, one: Role) -> None:
        assert one.process is not None
        one.process.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        """Everything ends in peace."""
        for one in self.everyone:
            assert (await one.stop())[0] == 0, one.said()[-2000:]

    def end(self) -> None:
        """Nothing is left, however the test ended."""
        for starting in self._starting.values():
            starting.cancel()
        for one in self.everyone:
            one.kill()

    # Well again.

    async def healthy(self) -> None:
        """Every process says that all is well, what is to be done is somebody's, and each edge has emptied its journal.

        How long that took from now on is told: the longest of all times that it was asked for.
        """
        began = time.monotonic()
        for starting in self._starting.values():
            await starting
        self._starting.clear()
        await self._within(self._trouble, "healthy again")
        self._longest("seconds until healthy again", began)
        self.flow.held = True  # a stand-in that has as much to do as it bears is slow, and that alone has edges journal
        await self._within(self._undrained, "the journals are empty")
        self.flow.held = False
        self._longest("seconds until the journals were empty", began)

    def _longest(self, what: str, began: float) -> None:
        self.counts[what] = max(self.counts[what], round(time.monotonic() - began))

    async def _trouble(self) -> str:
        stand = {one.name: (one, await ready(self.session, one)) for one in self.everyone}
        for name, (_, (status, said)) in stand.items():
            if status != 200 or said["status"] not in {"ok", "journalling"}:
                return f"{name}: {said}"
        said_by = [said for _, (_, said) in stand.values()]
        if sum(one.get("relay") == "active" for one in said_by) != 1:
            return "no relay, or two"
        owned = sum(one.get("partitions", 0) for one in said_by)
        return "" if owned == COUNT else f"{owned} partitions are somebody's"

    async def _undrained(self) -> str:
        """The edges write to the store, and nothing is left in a journal."""
        stand = {edge.name: (await ready(self.session, edge))[1] for edge in self.edges}
        left = sum([await waiting(self.session, edge) for edge in self.edges])
        return "" if not left and all(said == {"status": "ok"} for said in stand.values()) else f"{left} left: {stand}"

    async def _within(self, trouble: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + GIVE_UP_S
        while True:
            try:
                found = await trouble()
            except (*LOST, AssertionError) as error:  # not there yet, or 503
                found = repr(error)
            if not found:
                return
            assert time.monotonic() < end, f"not within {GIVE_UP_S} s: {what}: {found}"
            await asyncio.sleep(0.25)

    # The books.

    async def balanced(self) -> Books:
        """Everything was recorded, sent and published as it was promised. Leaves the counts in ``counts``."""
        await self.healthy()
        books = await self._settled()
        feed = books.feed
        books.without_gaps()
        books.received_once(self.provider.told)
        ends = books.balanced(await self.simulator.texts())
        promised, queued = self.load.promised, Counter(one["parts"][0]["text"] for one in books.queued.values())
        assert set(queued.values()) <= {1}
        assert promised <= set(queued), "answered 202 and lost"
        books.in_order(await self.simulator.accepted())
        assert list(self.tail.first) == [one["id"] for one in feed], "published in another order, or not at all"
        assert not self.tail.changed, "published once more, with other bytes"
        self.counts.update(
            {
                "webhooks answered 200": len(self.provider.told),
                "webhooks told again": self.provider.answers.total() - self.provider.answers[200],
                "replies answered 202": len(promised),
                "records": len(feed),
                "published": len(self.tail.first),
                "published again": self.tail.repeats,
                **ends,
            }
        )
        return books

    async def resent(self, books: Books) -> None:
        """Agents resend what is uncertain: that goes out once more, and nothing else does."""
        unsure = [one for one, status in books.status.items() if status == "uncertain"]
        for message in unsure:
            said = await self.api.ask("POST", f"/v1/messages/{message}/resend")
            assert said.status == 202, said
        later = await self._settled()
        later.without_gaps()
        later.balanced(await self.simulator.texts())
        ends = {told["resend_of"]: later.status[one] for one, told in later.queued.items() if told["resend_of"]}
        assert ends == dict.fromkeys(unsure, "sent")
        self.counts["resent"] = len(unsure)

    async def _settled(self) -> Books:
        """The books, once there is nothing more to come."""
        began = time.monotonic()
        feed: list[dict[str, Any]] = []
        await self._within(lambda: self._unsettled(feed), "every reply has an end")
        await self._within(lambda: self._unpublished(feed), "everything is published")
        self._longest("seconds until all was settled and published", began)
        return Books(feed)

    async def _unsettled(self, feed: list[dict[str, Any]]) -> str:
        after = feed[-1]["cursor"] if feed else "start"
        while page := (await self.api.get(f"/v1/events?after={after}&wait=0&limit=500"))["data"]:
            feed += page
            after = feed[-1]["cursor"]
        under_way = [one for one, status in Books(feed).status.items() if status not in FINAL]
        late = set(self.provider.told) - set(Books(feed).received)
        return f"{len(under_way)} under way: {under_way[:3]}, {len(late)} not recorded" if under_way or late else ""

    async def _unpublished(self, feed: list[dict[str, Any]]) -> str:
        missing = [one["id"] for one in feed if one["id"] not in self.tail.first]
        return f"{len(missing)} of {len(feed)}: {missing[:3]}" if missing else ""

    def tell(self, name: str, told: Told) -> None:
        """The counts, for whoever keeps them."""
        counts = {"seed": self.seed, "takeover": self.takeover, **self.counts}
        for what, number in counts.items():
            told(what, number)
        print(json.dumps({name: counts}))  # noqa: T201 - shown with -s
