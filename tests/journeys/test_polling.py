"""A bot without a public address: its updates are asked for, and a kill in between loses and repeats none."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from aiohttp import ClientSession
from journeys.api import Api
from journeys.books import Books, whole
from journeys.programs import BOT, Gateway, Simulator, eventually

CHATS = range(1, 7)
EACH = 20
KILLS = 5


async def test_polling_through_kills(
    session: ClientSession, simulator: Simulator, gateways: Callable[..., Gateway]
) -> None:
    dice = random.Random(5)
    gateway = gateways({"bot": simulator.api}, mode="polling")
    await gateway.add_key()
    await gateway.up()
    api = Api(session, gateway)

    async def writes(chat: int) -> None:
        await simulator.person(chat, f"Customer {chat}")
        for number in range(EACH):
            await simulator.deed(chat, "messages", text=f"{chat}: {number}")
            await asyncio.sleep(dice.random() * 0.1)

    writing = [asyncio.create_task(writes(chat)) for chat in CHATS]
    for _ in range(KILLS):
        await asyncio.sleep(dice.random())
        gateway.kill()
        await gateway.up()
    await asyncio.gather(*writing)
    expected = len(CHATS) * (EACH + 1)

    async def all_there() -> bool:
        return len(Books(await api.feed()).received) == expected

    await eventually(all_there, "everything that was written is recorded")
    found = await api.conversations()
    replies = [await api.replied(found[f"telegram:{chat}"], f"answer {chat}") for chat in CHATS]
    books = Books(await api.settled())
    books.without_gaps()
    assert set(books.received.values()) == {1}
    assert len(books.received) == expected
    assert {books.status[reply] for reply in replies} == {"sent"}
    assert sorted(await simulator.texts()) == sorted(f"answer {chat}" for chat in CHATS)
    account = await api.get("/v1/accounts/bot")
    assert account["state"] == "ok", account
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)


async def test_a_webhook_that_is_set_stands_in_the_way_and_the_account_says_so(
    session: ClientSession, simulator: Simulator, gateways: Callable[..., Gateway]
) -> None:
    await simulator.call("setWebhook", url="http://127.0.0.1:9/hooks/bot", secret_token="another")
    gateway = gateways({"bot": simulator.api}, mode="polling")
    await gateway.add_key()
    await gateway.up()
    api = Api(session, gateway)

    async def degraded() -> bool:
        return (await api.get("/v1/accounts/bot"))["state"] == "degraded"

    await eventually(degraded, "the account is degraded")
    await simulator.person(1, "Ann")
    await simulator.call("deleteWebhook")

    async def recorded() -> bool:
        return bool(Books(await api.feed()).received)

    await eventually(recorded, f"bot {BOT} is polled once nothing stands in the way")
