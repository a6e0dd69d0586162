"""A person whom nobody knew yet, heard of everywhere at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import closing

import aiohttp
from journeys.api import Api
from journeys.books import Books, kept, whole
from journeys.load import Provider
from journeys.programs import Gateway

NUMBERS = range(1, 201)


async def test_two_hundred_first_messages_at_once_each_three_times(
    session: aiohttp.ClientSession, gateways: Callable[..., Gateway]
) -> None:
    gateway = gateways({"bot": "http://127.0.0.1:9"})
    await gateway.add_key()
    await gateway.up()
    api = Api(session, gateway)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20)) as twenty:
        provider = Provider(twenty, gateway)
        updates = [provider.update(5, number, f"hello {number}") for number in NUMBERS]
        for update in updates:  # as if all were of one second: only their numbers tell their order
            update["message"]["date"] = updates[0]["message"]["date"]
        posts = [update for update in updates for _ in range(3)]
        random.Random(1).shuffle(posts)
        await asyncio.gather(*[provider.post(update) for update in posts])
    assert provider.answers == {200: 3 * len(NUMBERS)}

    assert [one["identities"] for one in (await api.get("/v1/people"))["data"]] == [["telegram:5"]]
    conversations = (await api.get("/v1/conversations"))["data"]
    assert len(conversations) == 1
    assert conversations[0]["unread"] == len(NUMBERS)
    lines = await api.lines(conversations[0]["id"])
    assert [line["parts"][0]["text"] for line in lines] == [f"hello {number}" for number in NUMBERS]
    assert {line["author"]["id"] for line in lines} == {conversations[0]["person"]["id"]}
    books = Books(await api.feed())
    books.without_gaps()
    books.received_once({f"5:{1_000_000 + number}": "" for number in NUMBERS})
    assert (await gateway.stop())[0] == 0
    assert len(whole(gateway.db)) == len(NUMBERS)
    with closing(kept(gateway.db)) as file:
        assert file.execute("SELECT count(*) FROM identities").fetchone() == (1,)
