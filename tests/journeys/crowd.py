"""Customers and agents who think before they write, and what stands between them and many processes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from journeys.api import Api, Said
from journeys.load import Provider
from journeys.roles import Role

_CUSTOMER_S, _AGENT_S = 5.0, 8.0
"""How long they think, at most. The stand-in for MongoDB scans what a MongoDB finds: it bears some records a second."""


class Front:
    """What stands before several processes of one role, as a proxy would: any that listens is as good as any other."""

    def __init__(self, roles: Sequence[Role], chance: random.Random) -> None:
        self._roles, self._chance = roles, chance
        self.there = self

    @property
    def url(self) -> str:
        """Of one that listens, as far as is known."""
        listening = [one for one in self._roles if one.there.is_set()]
        return self._chance.choice(listening or list(self._roles)).url

    async def wait(self) -> None:
        """Until one of them listens."""
        while not any(one.there.is_set() for one in self._roles):
            await asyncio.sleep(0.02)


class CalmProvider(Provider):
    """Tells what customers write, who think before they do."""

    async def write(self, chat: int, number: int, text: str) -> None:
        await asyncio.sleep(random.random() * _CUSTOMER_S)
        await super().write(chat, number, text)


class CalmApi(Api):
    """The API, for agents who think."""

    async def reply(self, conversation: str, *parts: str | dict[str, Any], key: str = "", **more: Any) -> Said:
        await asyncio.sleep(random.random() * _AGENT_S)
        return await super().reply(conversation, *parts, key=key, **more)
