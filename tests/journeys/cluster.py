"""A gateway of many processes under load, with whatever it takes to break it, and the books that must balance then."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from journeys.books import FINAL, Books
from journeys.crowd import CalmApi, CalmProvider, Front
from journeys.load import LOST, Load
from journeys.programs import BOT, ROOT, Simulator
from journeys.roles import Role, add_key, ready, written
from journeys.tail import Tail
from toys.network import Network, network
from toys.rabbit import Rabbit
from toys.servers import FerretDB, ferretdb
from yarl import URL

from gateway.partitions import COUNT

CHATS = range(1, 5)
HEALTHY_S = 60.0
"""Within how long everything must be well again."""
SETTLED_S = 180.0
"""Within how long every reply has an end: an attempt whose owner died is left alone for half a minute."""
TAKEOVER = "10s"
"""As it is unless the configuration says otherwise."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made by tempfile, and nobody else's are looked at
"""Where files cost no disk: the database's own, which outlives its processes, and that is all that is asked of it."""

Told = Callable[[str, object], None]
"""pytest's ``record_property``."""


@dataclass
class Shape:
    """How many of each role there are, and how they are: ``ahead`` are the seconds by which clocks are, in turn.

    ``slow`` is for how many seconds the provider keeps a call, so that there is often one under way.
    """

    edges: int = 2
    relays: int = 2
    deliveries: int = 2
    apis: int = 2
    networks: bool = False
    ahead: Sequence[float] = (0.0,)
    slow: float = 0.05
    config: Mapping[str, Any] = field(default_factory=dict)


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
        self.tail = Tail(rabbit, f"faults-{uuid.uuid4().hex}")
        front: Any = Front(self.edges, self.chance)  # a gateway to whoever asks it
        self.provider = CalmProvider(session, front)
        self.door: Any = Front(self.apis, self.chance)
        self.api = CalmApi(session, self.door)
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
        await self.simulator.order("delay", method="sendMessage", seconds=slow)
        await asyncio.gather(*(self.provider.write(chat, 1, "first") for chat in CHATS))
        await self._within(self._all_known, "every customer has a conversation")
        found = await self.api.conversations()
        conversations = {chat: found[f"telegram:{chat}"] for chat in CHATS}
        self.load = Load(self.provider, self.api, self.door, conversations)

    async def _all_known(self) -> str:
        known = len(await self.api.conversations())
        return "" if known == len(CHATS) else f"{known} are known"

    def kill(self, one: Role) -> None:
        """End it as a power cut would, and start it again, without a wait for it."""
        if (starting := self._starting.pop(one, None)) is not None:
            starting.cancel()
        one.kill()
        one.spawn()
        self._starting[one] = asyncio.create_task(one.ready())
        self.counts["kills"] += 1

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

    async def healthy(self, *, quiet: bool = False) -> None:
        """Every process says that all is well, and that what is to be done is somebody's.

        While customers write, there may always be something in a journal; when it is ``quiet``, there must not.
        """
        for starting in self._starting.values():
            await starting
        self._starting.clear()
        await self._within(lambda: self._trouble({"ok"} if quiet else {"ok", "journalling"}), "healthy again")

    async def _trouble(self, well: set[str]) -> str:
        stand = {one.name: (one, await ready(self.session, one)) for one in self.everyone}
        for name, (_, (status, said)) in stand.items():
            if status != 200 or said["status"] not in well:
                return f"{name}: {said}"
        said_by = [said for _, (_, said) in stand.values()]
        if sum(one.get("relay") == "active" for one in said_by) != 1:
            return "no relay, or two"
        owned = sum(one.get("partitions", 0) for one in said_by)
        return "" if owned == COUNT else f"{owned} partitions are somebody's"

    async def _within(self, trouble: Callable[[], Any], what: str, seconds: float = HEALTHY_S) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                found = await trouble()
            except (*LOST, AssertionError) as error:  # not there yet, or 503
                found = repr(error)
            if not found:
                return
            assert time.monotonic() < end, f"not within {seconds} s: {what}: {found}"
            await asyncio.sleep(0.25)

    # The books.

    async def balanced(self) -> Books:
        """Everything was recorded, sent and published as it was promised. Leaves the counts in ``counts``."""
        await self.healthy(quiet=True)
        feed: list[dict[str, Any]] = []
        await self._within(lambda: self._unsettled(feed), "every reply has an end", SETTLED_S)
        await self._within(lambda: self._unpublished(feed), "everything is published")
        books = Books(feed)
        books.without_gaps()
        books.received_once(self.provider.told)
        ends = books.balanced(await self.simulator.texts())
        promised, queued = self.load.promised, Counter(one["parts"][0]["text"] for one in books.queued.values())
        assert set(queued.values()) <= {1}
        assert promised <= set(queued), "answered 202 and lost"
        in_order(books, await self.simulator.accepted())
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
        counts = {"seed": self.seed, **self.counts}
        for what, number in counts.items():
            told(what, number)
        print(json.dumps({name: counts}))  # noqa: T201 - shown with -s


def in_order(books: Books, accepted: list[dict[str, Any]]) -> None:
    """In each conversation, what went out went in the order of the replies."""
    seqs = {message["parts"][0]["text"]: message["seq"] for message in books.queued.values()}
    by_chat = defaultdict(list)
    for call in accepted:
        by_chat[call["chat"]].append(seqs[call["params"]["text"]])
    for chat, numbers in by_chat.items():
        assert numbers == sorted(numbers), (BOT, chat)


@asynccontextmanager
async def cluster(
    folder: Path, session: ClientSession, simulator: Simulator, rabbit: Rabbit, seed: int, shape: Shape | None = None
) -> AsyncIterator[Cluster]:
    """One that is up, on a database of its own; whatever is left of it at the end is ended."""
    shape = shape or Shape()
    async with AsyncExitStack() as stack:
        room = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        db = ferretdb(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ferretdb-", dir=room))))
        stack.callback(db.stop)
        made = Cluster(session, simulator, rabbit, db, seed)
        stack.callback(made.end)
        await add_key(f"{db.url}passerelle")
        asked = {"edge": shape.edges, "relay": shape.relays, "delivery": shape.deliveries, "api": shape.apis}
        lists = {"edge": made.edges, "relay": made.relays, "delivery": made.deliveries, "api": made.apis}
        for kind, count in asked.items():
            for number in range(count):
                name = f"{kind}-{number}"
                urls = [f"{db.url}passerelle", rabbit.url]
                if shape.networks:
                    urls = [
                        await _way(stack, made, name, which, url) for which, url in zip(("db", "mq"), urls, strict=True)
                    ]
                config = written(folder / name, *urls, {"bot": simulator.api}, **{"takeover": TAKEOVER, **shape.config})
                one = Role(folder / "logs", name, config, kind)
                if ahead := shape.ahead[number % len(shape.ahead)]:
                    skewed = str(ROOT / "tests" / "toys" / "skewed.py")
                    one._command = [sys.executable, skewed, str(ahead), *one._command[3:]]
                lists[kind].append(one)
        await made.up(shape.slow)
        yield made
        await made.stop()
        await made.tail.stop()
        for one in made.everyone:
            assert "Traceback" not in one.log.read_text(errors="replace")


async def _way(stack: AsyncExitStack, made: Cluster, name: str, which: str, url: str) -> str:
    """The address of a network of a process's own to one of its servers."""
    where = URL(url)
    assert where.host is not None
    assert where.port is not None
    found = await stack.enter_async_context(network(where.host, where.port, made.chance))
    made.networks[name, which] = found
    return str(where.with_port(found.port))
