"""Customers and agents who think before they write, and what stands between them and many processes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import ClientSession
from journeys.api import Api, Said
from journeys.books import FINAL
from journeys.load import Provider
from journeys.programs import Gateway
from journeys.roles import Role
from journeys.tail import Tail

_CUSTOMER_S, _AGENT_S = 1.0, 2.0
"""How long they think, at most."""
_UNTOLD, _UNSENT = 16, 16
"""How much may be taken that integrators have not heard of, and how many replies may be without an end.

Nobody writes while there is more of the one, and no agent while there is more of the other. The stand-in for MongoDB scans what a MongoDB finds, and a machine may be busy with
other tests: this is as much load as they bear just then, and what a fault leaves behind is done soon after it.
"""


class Flow:
    """What is under way between those who write and the ``tail``, on which all that was taken comes out.

    While it is ``held`` nobody writes; ``more`` may be under way than usual, where nothing can come out for a while.
    """

    def __init__(self, tail: Tail) -> None:
        self._kinds = tail.kinds
        self.written = self.replied = self.more = 0
        self.held = self.over = False

    async def room(self, *, reply: bool = False) -> None:
        """Until there is room for one more, or there is no more to come."""
        while not self.over and (self.held or self._is_full(reply=reply)):
            await asyncio.sleep(0.05)

    def _is_full(self, *, reply: bool) -> bool:
        return self._untold() >= _UNTOLD + self.more or (reply and self._unsent() >= _UNSENT)

    def _untold(self) -> int:
        told = self._kinds["message.received"] + self._kinds["message.queued"]
        return self.written + self.replied - told

    def _unsent(self) -> int:
        return self.replied - sum(self._kinds[f"message.{status}"] for status in FINAL)


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

    def __init__(self, session: ClientSession, gateway: Gateway, flow: Flow) -> None:
        super().__init__(session, gateway)
        self._flow = flow

    async def write(self, chat: int, number: int, text: str) -> None:
        await asyncio.sleep(random.random() * _CUSTOMER_S)
        await self._flow.room()
        await super().write(chat, number, text)
        self._flow.written = len(self.told)


class CalmApi(Api):
    """The API, for agents who think."""

    def __init__(self, session: ClientSession, gateway: Gateway, flow: Flow) -> None:
        super().__init__(session, gateway)
        self._flow = flow

    async def reply(self, conversation: str, *parts: str | dict[str, Any], key: str = "", **more: Any) -> Said:
        await asyncio.sleep(random.random() * _AGENT_S)
        await self._flow.room(reply=True)
        said = await super().reply(conversation, *parts, key=key, **more)
        self._flow.replied += said.status == HTTPStatus.ACCEPTED
        return said
