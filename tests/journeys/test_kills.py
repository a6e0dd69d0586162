"""``kill -9`` at random instants under load: whatever was answered is there, once, and nothing goes out twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest
from aiohttp import ClientSession
from journeys.api import Api
from journeys.books import Books, kept, whole
from journeys.load import Load, Provider
from journeys.programs import Gateway, Simulator, until
from journeys.whims import whims

CHATS = range(101, 109)
WHIM_S = 0.3
LEAST = 3
"""So many replies are taken before the next kill, however slow the machine is."""


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
    conversations = {chat: found[f"telegram:{chat}"] for chat in CHATS}
    load = Load(provider, api, gateway, conversations)
    counts: Counter[str] = Counter()
    async with whims(simulator, random.Random(), counts, WHIM_S), load.applied():
        for number in range(kills):
            if number % 6 == 2:  # while it is still starting, too
                await asyncio.sleep(random.random() * 1.5)
            else:
                if not gateway.there.is_set():
                    await gateway.ready()
                enough = len(load.promised) + LEAST
                await until(lambda enough=enough: len(load.promised) >= enough, "it is at work")
                await asyncio.sleep(random.random() * 0.5)
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
    await lists_agree(api, books, conversations)
    books.in_order(await simulator.accepted())
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)
    in_file(gateway, provider)
    return counts + Counter(
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


async def lists_agree(api: Api, books: Books, conversations: dict[int, str]) -> None:
    """What agents read is what happened."""
    for conversation in conversations.values():
        lines = await api.lines(conversation)
        out = {line["id"]: line["status"] for line in lines if line["direction"] == "out"}
        queued = [one for one, message in books.queued.items() if message["conversation"] == conversation]
        assert out == {one: books.status[one] for one in queued}
        came = [name for line in lines if line["direction"] == "in" for name in line["provider_ids"]]
        assert len(came) == len(set(came)) == len(lines) - len(out)


def in_file(gateway: Gateway, provider: Provider) -> None:
    """The same, of the file itself."""
    with closing(kept(gateway.db)) as file:
        keys = [key for (key,) in file.execute("SELECT key FROM records WHERE kind = 'message.received'")]
        assert Counter(keys) == Counter(f"bot:message:{name}" for name in provider.told)
        assert file.execute("SELECT count(*) FROM conversations").fetchone() == (len(CHATS),)
        assert file.execute("SELECT count(*) FROM people").fetchone() == (len(CHATS),)


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
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
    assert counted["sent"] > 0
    assert counted["uncertain, accepted"] > 0
