"""What we do beside the log for good manners: nothing hangs on it, and a failure is only logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from connectors.api import Refused, Steps
from gateway import steps
from gateway.config import Account
from gateway.ports import Clock, Http, NeverSent, NoAnswer, Store
from gateway.profiles import Profiles
from gateway.tasks import ended
from normalizer.decision import Place
from normalizer.event import MessageReceived

log = structlog.get_logger(__name__)

_Work = Callable[[], Coroutine[Any, Any, None]]


class Courtesies:
    """Acknowledges presses, and has providers asked who somebody is."""

    def __init__(self, store: Store, http: Http, clock: Clock) -> None:
        self._http, self._profiles = http, Profiles(store, http, clock)
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Let go of what is still under way."""
        await ended(*self._tasks)

    def of(self, account: Account, event: MessageReceived, place: Place) -> None:
        """Whatever a message calls for."""
        acknowledge = account.connector.acknowledge
        if acknowledge is not None and next(acknowledge(event, account.settings), None) is not None:
            self._begin(partial(self._run, account, acknowledge(event, account.settings), "acknowledgement"))
        if self._profiles.due(account, event.identity):
            self._begin(partial(self._profiles.ask, account, event, place))

    def _begin(self, work: _Work) -> None:
        task = asyncio.create_task(_done(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, account: Account, work: Steps, what: str) -> None:
        try:
            await steps.run(work, self._http, account.connector.classify)
        except (Refused, NeverSent, NoAnswer, steps.Unsettled) as error:
            log.info("a courtesy failed", account=account.name, what=what, why=str(error))


async def _done(work: _Work) -> None:
    """Begun here and not before: what is stopped before its first step leaves nothing that nobody awaits."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - a connector that broke; its words may hold an address
        log.error("a courtesy broke", error=type(error).__name__)
