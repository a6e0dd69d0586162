"""``kill -9`` at random instants under load: whatever was answered is there, once, and nothing goes out twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

import pytest
from aiohttp import ClientSession
from journeys.kit import LOST, Api, Books, Provider, kept, whole
from journeys.programs import Gateway, Simulator

CHATS = range(101, 109)


class Load:
    """Customers who write and agents who reply, until they are told to stop."""

    def __init__(self, provider: Provider, api: Api, gateway: Gateway, conversations: dict[int, str]) -> None:
        self._provider, self._api, self._gateway = provider, api, gateway
        self._conversations = conversations
        self.enough = False
        self.promised: set[str] = set()
        self.keyed: set[str] = set()
        self.asked = 0

    @asynccontextmanager
    async def applied(self) -> AsyncIterator[None]:
        """Load while this lasts; every webhook that was begun is answered before it ends."""
        work = [self._customer(chat) for chat in CHATS] + [self._agent(number) for number in range(4)]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield
            self.enough = True
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _customer(self, chat: int) -> None:
        number = 1
        while not self.enough:
            number += 1
            twice = 1 + (random.random() < 0.1)
            await asyncio.gather(*[self._provider.write(chat, number, f"in {chat} {number}") for _ in range(twice)])
            await asyncio.sleep(random.random() * 0.02)

    async def _agent(self, who: int) -> None:
        """Half of the replies have a key and are repeated until they are taken; the others are asked for once."""
        number = 0
        while not self.enough:
            number += 1
            text = f"out {who} {number}"
            conversation = random.choice(list(self._conversations.values()))
            await self._say(conversation, text, text if number % 2 else "")
            await asyncio.sleep(random.random() * 0.03)

    async def _say(self, conversation: str, text: str, key: str) -> None:
        if key:
            self.keyed.add(text)
        while True:
            await self._gateway.there.wait()
            self.asked += 1
            try:
                said = await self._api.reply(conversation, text, key=key)
            except LOST:
                said = None
            if said is not None and said.status == 202:
                self.promised.add(text)
                return
            if not key:
                return
            await asyncio.sleep(0.02)


async def killed_again_and_again(
    kills: int, session: ClientSession, simulator: Simulator, gateway: Gateway
) -> Counter[str]:
    for chat in CHATS:
        await simulator.person(chat, f"Customer {chat}")
    await simulator.order("delay", method="sendMessage", seconds=0.02)  # so that there is mostly a call under way
    await gateway.add_key()
    await gateway.up()
    provider, api = Provider(session, gateway), Api(session, gateway)
    await asyncio.gather(*[provider.write(chat, 1, "first") for chat in CHATS])
    found = await api.conversations()
    load = Load(provider, api, gateway, {chat: found[f"telegram:{chat}"] for chat in CHATS})
    async with load.applied():
        for number in range(kills):
            if number % 10 == 9:  # while it is still starting, too
                await asyncio.sleep(random.random() * 1.5)
            else:
                if not gateway.there.is_set():
                    await gateway.ready()
                await asyncio.sleep(0.02 + random.random() * 0.7)
            gateway.kill()
            gateway.spawn()
        await gateway.ready()
    books = Books(await api.settled())
    sent = await simulator.texts()
    ends = books.balanced(sent)
    books.without_gaps()
    books.received_once(provider.told)
    queued = Counter(message["parts"][0]["text"] for message in books.queued.values())
    assert set(queued.values()) == {1}
    assert load.promised <= set(queued), "answered 202 and lost"
    assert load.keyed <= set(queued)
    await lists_agree(api, books, load)
    in_order(books, await simulator.accepted())
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)
    in_file(gateway, provider)
    return Counter(
        {
            "kills": kills,
            "webhooks answered 200": len(provider.told),
            "webhooks not answered": provider.answers["none"],
            "replies asked for": load.asked,
            "replies answered 202": len(load.promised),
            "records": len(books.feed),
            **ends,
        }
    )


async def lists_agree(api: Api, books: Books, load: Load) -> None:
    """What agents read is what happened."""
    for conversation in load._conversations.values():
        lines = await api.lines(conversation)
        out = {line["id"]: line["status"] for line in lines if line["direction"] == "out"}
        queued = [one for one, message in books.queued.items() if message["conversation"] == conversation]
        assert out == {one: books.status[one] for one in queued}
        came = [name for line in lines if line["direction"] == "in" for name in line["provider_ids"]]
        assert len(came) == len(set(came)) == len(lines) - len(out)


def in_order(books: Books, accepted: list[dict]) -> None:
    """In each conversation, what went out went in the order of the replies."""
    seqs = {message["parts"][0]["text"]: message["seq"] for message in books.queued.values()}
    by_chat = defaultdict(list)
    for call in accepted:
        by_chat[call["chat"]].append(seqs[call["params"]["text"]])
    for chat, numbers in by_chat.items():
        assert numbers == sorted(numbers), chat


def in_file(gateway: Gateway, provider: Provider) -> None:
    """The same, of the file itself."""
    with closing(kept(gateway.db)) as file:
        keys = [key for (key,) in file.execute("SELECT key FROM records WHERE kind = 'message.received'")]
        assert Counter(keys) == Counter(f"bot:message:{name}" for name in provider.told)
        assert file.execute("SELECT count(*) FROM conversations").fetchone() == (len(CHATS),)
        assert file.execute("SELECT count(*) FROM people").fetchone() == (len(CHATS),)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
async def test_nothing_is_lost_or_doubled(
    kills: int,
    session: ClientSession,
    simulator: Simulator,
    gateways: Callable[..., Gateway],
    record_property: Callable[[str, object], None],
) -> None:
    counted = await killed_again_and_again(kills, session, simulator, gateways({"bot": simulator.api}))
    for what, number in counted.items():
        record_property(what, number)
    print(dict(counted))  # noqa: T201 - shown with -s
    assert counted["sent"] > 10 * kills
