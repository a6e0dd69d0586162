"""What we do beside the log for good manners: nothing hangs on it, and a failure is only logged."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from connectors.api import Answer, Call, Refused
from gateway import steps
from gateway.config import Account
from gateway.ports import Clock, Http, NeverSent, NoAnswer, Store, Unavailable
from gateway.tasks import ended
from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import MessageReceived
from normalizer.record import By

log = structlog.get_logger(__name__)

T = TypeVar("T")
_ASKED_REMEMBERED = 100_000
_FRESH_S = 86_400.0
"""Seconds that a name is believed, where messages do not carry it."""


class Courtesies:
    """Acknowledges presses, and asks providers for names."""

    def __init__(self, store: Store, http: Http, clock: Clock) -> None:
        self._store, self._http, self._clock = store, http, clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: dict[tuple[str, str], float] = {}

    async def stop(self) -> None:
        """Let go of what is still under way."""
        await ended(*self._tasks)

    def of(self, account: Account, event: MessageReceived, place: Place) -> None:
        """Whatever a message calls for."""
        acknowledge = account.connector.acknowledge
        if acknowledge is not None and next(acknowledge(event, account.settings), None) is not None:
            self._begin(self._run(account, acknowledge(event, account.settings), "acknowledgement"))
        if not event.name and account.connector.profile is not None:
            whose, now = (account.name, event.identity), self._clock.monotonic()
            if now - self._asked.get(whose, -_FRESH_S) >= _FRESH_S:
                if len(self._asked) >= _ASKED_REMEMBERED:
                    self._asked.clear()
                self._asked[whose] = now
                self._begin(self._name(account, event.identity, place))

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, account: Account, work: Generator[Call, Answer, T], what: str) -> T | None:
        with suppress(asyncio.CancelledError):
            try:
                return await steps.run(work, self._http, account.connector.classify)
            except (Refused, NeverSent, NoAnswer, steps.Unsettled) as error:
                log.info("a courtesy failed", account=account.name, what=what, why=str(error))
        return None

    async def _name(self, account: Account, identity: str, place: Place) -> None:
        """Ask for somebody's name, which may be another one since we last asked."""
        assert account.connector.profile is not None  # noqa: S101 - asked by the caller
        with suppress(Unavailable, asyncio.CancelledError):
            name = await self._run(account, account.connector.profile(identity, account.settings), "asking for a name")
            person = await self._store.person(place.person)
            if name and (person is None or person.name != name):
                by = By("system", "gateway")
                stamp = Stamp(self._clock.new_id("rec"), by, self._clock.now(), account.brand)
                draft = told.named(identity, name, place, Channel(account.name, account.channel), stamp)
                await self._store.append(place.conversation, lambda _: draft, draft.key)
