"""One gateway of many processes: edges, a relay and one that stands by, three that deliver, two APIs."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType
from journeys.api import Api
from journeys.books import Books
from journeys.load import Provider
from journeys.passage import Passage
from journeys.programs import Simulator, eventually, until
from journeys.roles import Role, add_key, holder, ready, written
from toys.rabbit import Rabbit
from toys.servers import drop_database, fresh_database, own_ferretdb, servers_end

from connectors.catalog import find
from gateway.commands.common import Failure
from gateway.commands.rebuild import _rebuild as rebuilding
from gateway.config import load
from gateway.partitions import COUNT, partition

__all__ = ["servers_end"]

CHATS = range(1, 7)
pytestmark = pytest.mark.long  # some ten processes and two servers are started for them


@pytest.fixture
def database() -> Iterator[str]:
    url = fresh_database()
    yield url
    drop_database(url)


@pytest.fixture
def roles(tmp_path: Path) -> Iterator[Callable[..., Role]]:
    """Makes processes, which are not started yet; each ends with the test, however that ends."""
    made: list[Role] = []

    def make(config: Path, *only: str) -> Role:
        made.append(Role(tmp_path / "logs", f"{'-'.join(only) or 'all'}-{len(made)}", config, *only))
        return made[-1]

    try:
        yield make
        for one in made:
            assert "Traceback" not in one.log.read_text()
    finally:
        for one in made:
            one.kill()


class Listener:
    """A live client: every record's frame, as it came."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def received(self) -> int:
        return sum(frame["kind"] == "message.received" for frame in self.heard)


@asynccontextmanager
async def live(session: ClientSession, api: Api) -> AsyncIterator[Listener]:
    listener = Listener()
    url = f"{api._gateway.url}/v1/live?after=start"
    async with session.ws_connect(url, headers=api.headers, max_msg_size=0) as socket:

        async def listen() -> None:
            while (said := await socket.receive()).type is WSMsgType.TEXT:
                frame = json.loads(said.data)
                if frame["type"] == "record":
                    listener.heard.append(frame)

        listening = asyncio.create_task(listen())
        try:
            yield listener
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


class Town:
    """Two edges, a relay and one that stands by, three that deliver, two APIs; and who is outside."""

    def __init__(self, session: ClientSession, make: Callable[..., Role], config: Path) -> None:
        self.session = session
        self.edges = [make(config, "edge") for _ in range(2)]
        self.relays = [make(config, "relay") for _ in range(2)]
        self.deliveries = [make(config, "delivery") for _ in range(3)]
        self.apis = [make(config, "api") for _ in range(2)]
        self.first, self.second = (Api(session, one) for one in self.apis)  # type: ignore[arg-type] # a process like any
        self.providers = [Provider(session, one) for one in self.edges]  # type: ignore[arg-type] # likewise
        self.listeners: list[Listener] = []
        self.wrote = 0

    @property
    def everyone(self) -> list[Role]:
        return [*self.relays, *self.edges, *self.deliveries, *self.apis]

    async def up(self) -> None:
        for kind in (self.relays, self.edges, self.deliveries, self.apis):  # not all at once: others test here too
            for one in kind:
                one.spawn()
            for one in kind:
                await one.ready()
        for one in self.everyone:
            assert (await ready(self.session, one))[0] == 200
            async with self.session.get(f"{one.url}/metrics") as figures:
                assert "passerelle_leases_held" in await figures.text()

        async def shared() -> bool:
            counts = [(await ready(self.session, one))[1]["partitions"] for one in self.deliveries]
            return sum(counts) == COUNT and max(counts) <= -(-COUNT // len(counts))

        await eventually(shared, "the partitions are shared")

    async def write(self, number: int) -> None:
        """Every customer writes, by either edge; all live clients hear of it."""
        await asyncio.gather(*(self.providers[chat % 2].write(chat, number, f"{chat}: {number}") for chat in CHATS))
        self.wrote += len(CHATS)
        await until(lambda: all(one.received() >= self.wrote for one in self.listeners), "the live clients have all")

    async def stop(self) -> None:
        for one in self.everyone:
            if one.process is not None and one.process.poll() is None:
                assert (await one.stop())[0] == 0


@pytest.fixture
async def town(
    tmp_path: Path,
    session: ClientSession,
    simulator: Simulator,
    roles: Callable[..., Role],
    database: str,
    rabbit: Rabbit,
) -> AsyncIterator[Town]:
    """All of them up, with a live client at each API."""
    await add_key(database)
    found = Town(session, roles, written(tmp_path / "here", database, rabbit.url, {"bot": simulator.api}))
    await found.up()
    for chat in CHATS:
        await simulator.person(chat, f"Customer {chat}")
    async with AsyncExitStack() as stack:
        found.listeners = [await stack.enter_async_context(live(session, api)) for api in (found.first, found.second)]
        yield found


async def test_many_processes_are_one_gateway(town: Town, simulator: Simulator) -> None:
    first, second = town.first, town.second
    for number in range(1, 4):
        await town.write(number)
    found = await second.conversations()
    conversations = [found[f"telegram:{chat}"] for chat in CHATS]

    said = await first.replied(conversations[0], "hello", key="once")
    assert await second.replied(conversations[0], "hello", key="once") == said
    await second.becomes(said, "sent")

    active = await holder(town.relays, "relay")
    assert (await ready(town.session, active))[1]["relay"] == "active"
    active.kill()  # the one that stood by goes on
    await town.write(4)
    await holder(town.relays, "relay", active)

    name = f"delivery:{partition('bot'):02}"
    owner = await holder(town.deliveries, name)
    owner.kill()  # another sends for the account
    for reply in [await second.replied(one, f"after {number}") for number, one in enumerate(conversations)]:
        await first.becomes(reply, "sent")

    heir = await holder(town.deliveries, name, owner)
    assert (await heir.stop())[0] == 0  # and the last one is not kept waiting
    await first.becomes(await first.replied(conversations[1], "at last"), "sent")
    shown = [await api.get("/v1/accounts/bot") for api in (first, second)]
    assert shown[0] == shown[1]
    assert (shown[0]["state"], bool(shown[0]["why"])) == ("degraded", True)  # nobody told the provider of the hook

    books = Books(await first.settled())
    books.without_gaps()
    told = town.providers[0].told | town.providers[1].told
    assert {key: times for key, times in books.received.items() if key in told} == dict.fromkeys(told, 1)
    books.balanced(await simulator.texts())
    await until(lambda: all(len(one.heard) >= len(books.feed) for one in town.listeners), "the live clients have all")
    order = [frame["id"] for frame in books.feed]
    assert [[frame["id"] for frame in one.heard] for one in town.listeners] == [order, order]
    await town.stop()


async def test_processes_with_every_role_may_be_several(
    tmp_path: Path,
    session: ClientSession,
    simulator: Simulator,
    roles: Callable[..., Role],
    database: str,
    rabbit: Rabbit,
) -> None:
    config = written(tmp_path / "here", database, rabbit.url, {"bot": simulator.api})
    await add_key(database)
    one, other = roles(config), roles(config)
    for process in (one, other):
        await process.up()
    await simulator.person(1, "Ann")
    provider = Provider(session, one)  # type: ignore[arg-type] # a process like any other
    apis = [Api(session, process) for process in (one, other)]  # type: ignore[arg-type] # likewise
    await provider.write(1, 1, "hello")
    conversation = (await apis[1].conversations())["telegram:1"]
    first = await apis[1].replied(conversation, "one")
    assert (await apis[0].becomes(first, "sent", "uncertain"))["status"] == "sent"
    one.kill()
    second = await apis[1].replied(conversation, "two")
    assert (await apis[1].becomes(second, "sent", "uncertain"))["status"] == "sent"
    assert await simulator.texts(1) == ["one", "two"]
    everything = {"relay", *(f"delivery:{number:02}" for number in range(COUNT))}
    await until(lambda: other.held >= everything, "the other process has all there is to do")
    # Views are folded anew by whoever is the relay, and by nobody else.
    settings = load(config, {}, find())
    with pytest.raises(Failure, match="a relay is running"):
        await rebuilding(settings, lambda _done, _of: None)
    feed = await apis[1].feed()
    assert (await other.stop())[0] == 0
    assert await rebuilding(settings, lambda _done, _of: None) == len(feed)


async def test_an_owner_that_is_paused_in_the_middle_of_a_call_is_followed_and_nothing_goes_out_twice(
    tmp_path: Path,
    session: ClientSession,
    simulator: Simulator,
    between: Passage,
    roles: Callable[..., Role],
    database: str,
    rabbit: Rabbit,
) -> None:
    config = written(tmp_path / "here", database, rabbit.url, {"bot": between.url})
    await add_key(database)
    rest, *deliveries = roles(config, "edge", "relay", "api"), roles(config, "delivery"), roles(config, "delivery")
    for process in (rest, *deliveries):
        await process.up()
    api, provider = Api(session, rest), Provider(session, rest)  # type: ignore[arg-type] # a process like any other
    await simulator.person(1, "Ann")
    await provider.write(1, 1, "hello")
    conversation = (await api.conversations())["telegram:1"]
    name = f"delivery:{partition('bot'):02}"
    owner = await holder(deliveries, name)
    heir = next(one for one in deliveries if one is not owner)
    stop = between.stop("one", "coming back")
    said = [await api.replied(conversation, text) for text in ("one", "two", "three")]
    await stop.reached.wait()
    assert owner.process is not None
    owner.process.send_signal(signal.SIGSTOP)
    try:
        await until(lambda: name in heir.held, "the other process has the account")
        assert await simulator.texts(1) == ["one"]  # nobody knows yet what came of it, so what follows waits
    finally:
        owner.process.send_signal(signal.SIGCONT)
    stop.go.set()
    ends = [(await api.becomes(one, "sent", "uncertain"))["status"] for one in said]
    assert ends == ["sent", "sent", "sent"]
    assert await simulator.texts(1) == ["one", "two", "three"]
    for process in (rest, *deliveries):
        assert (await process.stop())[0] == 0


async def test_an_edge_that_is_started_while_the_database_is_away_takes_webhooks_all_the_same(
    tmp_path: Path, session: ClientSession, simulator: Simulator, roles: Callable[..., Role], rabbit: Rabbit
) -> None:
    with own_ferretdb() as server:
        url = f"{server.url}passerelle"
        config = written(tmp_path / "here", url, rabbit.url, {"bot": simulator.api})
        await add_key(url)
        server.kill()
        edge = roles(config, "edge")
        await edge.up()
        provider = Provider(session, edge)  # type: ignore[arg-type] # a process like any other
        await provider.write(1, 1, "hello")
        assert (await ready(session, edge))[1]["status"] == "journalling"
        server.start()
        rest = roles(config, "relay", "delivery", "api")
        await rest.up()
        api = Api(session, rest)  # type: ignore[arg-type] # likewise

        async def there() -> bool:
            return set(Books(await api.feed()).received) == set(provider.told)

        await eventually(there, "what was journalled is recorded")

        async def drained() -> bool:
            return (await ready(session, edge))[1] == {"status": "ok"}

        await eventually(drained, "the edge writes to the database again")
        for process in (edge, rest):
            assert (await process.stop())[0] == 0
