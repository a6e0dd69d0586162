"""Customers who write, through a provider that repeats itself, and agents who reply: as many as it takes to be busy."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import ClientSession
from journeys.api import Api
from journeys.programs import PATIENCE_S, SECRET, Gateway

LOST = (aiohttp.ClientError, OSError, TimeoutError)
"""What a client raises when the server is not there any more, or not yet."""
AGENTS = 4


class Provider:
    """Tells what customers write. Whatever is not answered 200 it tells again, as providers do.

    ``told`` are the messages answered 200, as the store must know them; ``answers`` counts every answer by status.
    """

    def __init__(self, session: ClientSession, gateway: Gateway, hook: str = "bot") -> None:
        self._session, self._gateway, self._hook = session, gateway, hook
        self.told: dict[str, str] = {}
        self.answers: Counter[int | str] = Counter()

    def update(self, chat: int, number: int, text: str) -> dict[str, Any]:
        """An update as Telegram writes it. Numbers start where the simulator's own never get to."""
        who = {"id": chat, "first_name": f"Customer {chat}", "is_bot": False}
        said = {"message_id": 1_000_000 + number, "date": int(time.time()), "text": text}
        return {
            "update_id": chat * 1_000_000 + number,
            "message": {**said, "from": who, "chat": {**who, "type": "private"}},
        }

    async def post(self, update: dict[str, Any]) -> tuple[int, dict[str, str]]:
        """One try: the status and the headers."""
        url = f"{self._gateway.url}/hooks/{self._hook}"
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with self._session.post(url, json=update, headers=headers) as answer:
            await answer.read()
            self.answers[answer.status] += 1
            return answer.status, dict(answer.headers)

    async def write(self, chat: int, number: int, text: str) -> None:
        """A customer writes; returns once that has been answered 200."""
        update = self.update(chat, number, text)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            await self._gateway.there.wait()
            try:
                status, _ = await self.post(update)
            except LOST:
                self.answers["none"] += 1
            else:
                if status == 200:
                    self.told[f"{chat}:{1_000_000 + number}"] = text
                    return
            await asyncio.sleep(0.02)
        raise AssertionError(f"never answered 200: {text}")


class Load:
    """Customers who write and agents who reply in these conversations, each by its chat.

    ``promised`` are the texts of replies that were answered 202, ``keyed`` of those that had a key; ``asked`` counts.
    """

    def __init__(self, provider: Provider, api: Api, gateway: Gateway, conversations: Mapping[int, str]) -> None:
        self._provider, self._api, self._gateway = provider, api, gateway
        self._conversations = dict(conversations)
        self.enough = False
        self.promised: set[str] = set()
        self.keyed: set[str] = set()
        self.asked = 0

    @asynccontextmanager
    async def applied(self) -> AsyncIterator[None]:
        """Load while this lasts; every webhook that was begun is answered before it ends."""
        work = [self._customer(chat) for chat in self._conversations] + [
            self._agent(number) for number in range(AGENTS)
        ]
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
