"""The engine around one store, with a toy channel: events in by ``hear``, replies out by ``say``."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.adapters.memory import MemoryBroker
from gateway.adapters.sqlite import SqliteStore
from gateway.attempts import Attempts
from gateway.config import Account, DeliveryConfig
from gateway.delivery import Delivery
from gateway.following import Follower
from gateway.intake import Intake
from gateway.ports import Wanted
from normalizer.conversation import Asked, reply
from normalizer.decision import Stamp
from normalizer.event import MessageReceived
from normalizer.model import Message, Part, Text
from normalizer.record import By, Record
from toys.channel import account
from toys.world import ToyClock, ToyHttp

AGENT = By("agent", "agt_1", "Zoe")


class Engine:
    """Everything but the web server."""

    def __init__(self, path: Path, http: ToyHttp, accounts: Mapping[str, Account] | None = None) -> None:
        self.clock, self.http = ToyClock(), http
        self.accounts = dict(accounts or {"toy-one": account()})
        self.store = SqliteStore(path, self.clock)
        self.broker = MemoryBroker()
        self.intake = Intake(self.store, http, self.clock)  # type: ignore[arg-type] # downloads nothing
        self.records: list[Record] = []

    def delivery(self, give_up: timedelta = timedelta(hours=4)) -> Delivery:
        attempts = Attempts(self.store, self.http, self.clock)  # type: ignore[arg-type] # downloads nothing
        return Delivery(self.store, self.broker, attempts, self.accounts, self.clock, DeliveryConfig(give_up=give_up),
                        link=lambda _media, _seconds: None, news_of=self.intake.news_of)  # fmt: skip

    @property
    def account(self) -> Account:
        return next(iter(self.accounts.values()))

    def event(self, number: int = 1, who: str = "ann", **fields: Any) -> MessageReceived:
        given = {
            "id": f"message:{who}:{number}",
            "order": number,
            "identity": f"toy:{who}",
            "name": who.title(),
            "sent_at": self.clock.now(),
            "parts": (Text(text=f"hello {number}"),),
            "provider_ids": (f"{who}:{number}",),
        }
        return MessageReceived.model_validate(given | fields)

    async def hear(self, number: int = 1, who: str = "ann", **fields: Any) -> str:
        """A customer writes; gives the conversation."""
        event = self.event(number, who, **fields)
        await self.intake.take(self.account, [event], "req_test")
        message = await self.store.message_of(self.account.name, event.provider_ids[0])
        assert message is not None
        return message.conversation

    async def say(self, conversation: str, *said: str | Part, reply_to: str | None = None) -> str:
        """An agent replies; gives the message."""
        parts = tuple(Text(text=one) if isinstance(one, str) else one for one in said)
        message_id = self.clock.new_id("msg")
        asked = Asked(message_id, parts, key=message_id, reply_to=reply_to)
        stamp = Stamp(self.clock.new_id("rec"), AGENT, self.clock.now(), "main")
        channels = {name: one.channel for name, one in self.accounts.items()}
        await self.store.append(conversation, lambda view: reply(view, asked, stamp, channels))
        return message_id

    async def message(self, message_id: str) -> Message:
        found = await self.store.message(message_id)
        assert found is not None
        return found

    async def status(self, message_id: str) -> str:
        return (await self.message(message_id)).status

    async def becomes(self, message_id: str, status: str, turn: float = 0.0) -> Message:
        """The message, once it has this status; time may be turned meanwhile."""
        ends = time.monotonic() + 180
        while (found := await self.message(message_id)).status != status:
            assert time.monotonic() < ends, f"it is {found.status}, not {status}: {found.failure}"
            self.clock.turn(turn)
        return found

    async def conversations(self) -> list[str]:
        page = await self.store.conversations(Wanted(limit=200))
        return [conversation.id for conversation in page.data]


@asynccontextmanager
async def engine(
    path: Path,
    http: ToyHttp | None = None,
    accounts: Mapping[str, Account] | None = None,
    *,
    at: datetime | None = None,
) -> AsyncIterator[Engine]:
    """Started with its follower, stopped at the end."""
    running = Engine(path, http or ToyHttp(), accounts)
    if at is not None:
        running.clock._now = at
    await running.store.start()
    running.store.on_commit(running.records.extend)
    follower = Follower(running.store, running.broker, running.clock)
    await follower.start()
    try:
        yield running
    finally:
        await follower.stop()
        await running.intake.stop()
        await running.store.stop()
