"""SIGTERM under load: what is under way is noted, what is queued waits for the next start, and it is over soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import ClientSession, WSCloseCode, WSMsgType
from journeys.api import Api
from journeys.books import Books, whole
from journeys.load import Load, Provider
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
    found = await api.conversations()
    between.slow = 0.3
    never = between.stop("never answered", "coming back")
    lost = await api.replied(found[f"telegram:{CHATS[0]}"], "never answered")
    await never.reached.wait()
    load = Load(provider, api, gateway, {chat: found[f"telegram:{chat}"] for chat in CHATS})
    async with load.applied():
        await until(lambda: between.under_way > len(CHATS) / 2, "calls are under way")
        async with session.ws_connect(f"{gateway.url}/v1/live", headers=api.headers) as live:  # and somebody listens
            code, seconds = await gateway.stop()
            assert (code, seconds < 5) == (0, True), f"{code} after {seconds:.1f} s"
            while (told := await live.receive()).type is WSMsgType.TEXT:
                pass
            assert told.data == WSCloseCode.GOING_AWAY
        await gateway.up()
        await asyncio.sleep(0.5)
    between.slow = 0.0
    books = Books(await api.settled())
    books.without_gaps()
    books.received_once(provider.told)
    sent = await simulator.texts()
    ends = books.balanced(sent)
    assert books.status[lost] == "uncertain"
    assert (set(ends), ends["uncertain, accepted"]) == ({"sent", "uncertain, accepted"}, 1), "an answer was not noted"
    assert load.promised <= set(sent)
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)
