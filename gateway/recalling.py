"""News that an earlier process kept and was cut off before it could be applied: looked for when an account becomes ours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from gateway.config import Account
from gateway.intake import Intake
from gateway.partitions import ALONE, Ownership
from gateway.ports import Clock, Unavailable
from gateway.tasks import Background

log = structlog.get_logger(__name__)

_AGAIN_S = 1.0


class Recalling:
    """Looks at the start, and again for every account that becomes ours."""

    def __init__(
        self, intake: Intake, accounts: Mapping[str, Account], clock: Clock, ownership: Ownership = ALONE
    ) -> None:
        self._intake, self._accounts, self._clock, self._ownership = intake, accounts, clock, ownership
        self._ours: set[str] = set()
        self._news = asyncio.Event()
        self._task = Background(self._run, clock, "news that waited")
        ownership.on_change(self._news.set)

    async def start(self) -> None:
        """Look, before anything is sent. Raises Unavailable."""
        await self._look()
        await self._task.start()

    async def stop(self) -> None:
        """Enough."""
        await self._task.stop()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._look()
            except Unavailable as error:
                log.warning("news that waits cannot be looked for; trying again", why=str(error))
                self._news.set()
                await self._clock.sleep(_AGAIN_S)

    async def _look(self) -> None:
        ours = {name for name in self._accounts if self._ownership.owns(name)}
        if new := ours - self._ours:
            await self._intake.start({name: self._accounts[name] for name in new})
        self._ours = ours
