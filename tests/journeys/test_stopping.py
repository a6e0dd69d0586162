"""SIGTERM under load: what is under way is noted, what is queued waits for the next start, and it is over soon."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from aiohttp import ClientSession, WSCloseCode, WSMsgType
from journeys.kit import LOST, Api, Books, Provider, whole
from journeys.passage import Passage
from journeys.programs import Gateway, Simulator, until

CHATS = range(1, 13)


async def test_stopping_under_load(
    session: ClientSession, simulator: Simulator, between: Passage, gateways: Callable[..., Gateway]
) -> None:
    gateway = gateways({"bot": between.url})
    await gateway.add_key()
    await gateway.up()
    provider, api = Provider(session, gateway), Api(session, gateway)
    for chat in CHATS:
        await simulator.person(chat, f"Customer {chat}")
        await provider.write(chat, 1, "hello")
    conversations = await api.conversations()
    promised: set[str] = set()
    enough = asyncio.Event()

    async def customer(chat: int) -> None:
        for number in itertools.count(2):
            if enough.is_set():
                return
            await provider.write(chat, number, f"in {chat} {number}")
            await asyncio.sleep(0.01)

    async def agent(chat: int) -> None:
        for number in itertools.count():
            if enough.is_set():
                return
            await gateway.there.wait()
            text = f"out {chat} {number}"
            try:
                said = await api.reply(conversations[f"telegram:{chat}"], text)
            except LOST:
                continue
            if said.status == 202:
                promised.add(text)
            await asyncio.sleep(0.02)

    between.slow = 0.3
    never = between.stop("never answered", "coming back")
    lost = await api.replied(conversations[f"telegram:{CHATS[0]}"], "never answered")
    await never.reached.wait()
    tasks = [asyncio.create_task(one(chat)) for chat in CHATS for one in (customer, agent)]
    try:
        await until(lambda: between.under_way > len(CHATS) / 2, "calls are under way")
        async with session.ws_connect(f"{gateway.url}/v1/live", headers=api.headers) as live:  # and somebody listens
            code, seconds = await gateway.stop()
            assert (code, seconds < 5) == (0, True), f"{code} after {seconds:.1f} s"
            while (told := await live.receive()).type is WSMsgType.TEXT:
                pass
            assert told.data == WSCloseCode.GOING_AWAY
        await gateway.up()
        await asyncio.sleep(0.5)
        enough.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    between.slow = 0.0
    books = Books(await api.settled())
    books.without_gaps()
    books.received_once(provider.told)
    sent = await simulator.texts()
    ends = books.balanced(sent)
    assert (set(ends), ends["uncertain, accepted"]) == ({"sent", "uncertain, accepted"}, 1), "an answer was not noted"
    assert books.status[lost] == "uncertain"
    assert promised <= set(sent)
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)
