"""What every role of a process stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import structlog
from aiohttp import web

from gateway.adapters.http import AiohttpHttp
from gateway.adapters.memory import MemoryBroker
from gateway.adapters.system import SystemClock
from gateway.assembly.listening import Listening
from gateway.assembly.remote import exchange_of, store_of, tracer_of
from gateway.config import Config, media_folder
from gateway.following import Follower
from gateway.intake import Intake
from gateway.leases import Holdings, Part
from gateway.media import Folder, Media
from gateway.nudging import Nudging
from gateway.partitions import ALONE, NOBODY, Ownership, Partitions
from gateway.ports import Unavailable
from gateway.states import States
from gateway.taking import Taking
from gateway.tasks import Background
from gateway.tracing import appending
from normalizer.record import Record

log = structlog.get_logger(__name__)

ROLES = ("edge", "relay", "delivery", "api")

_AGAIN_S = 1.0
_LOOK_S = 0.5
"""Seconds after which the feed of a store that others write too is looked at though nobody told of news."""


class House:
    """One process: its store, its ways to the world, what it alone may do, and what its roles share.

    A process with the embedded store is alone, so it holds no leases. ``stack`` stops what was started.
    """

    def __init__(self, config: Config, roles: frozenset[str], stack: AsyncExitStack, listening: Listening) -> None:
        self.config, self.roles, self.stack, self.listening = config, roles, stack, listening
        self.clock = clock = SystemClock()
        self.tracer = tracer_of(config, {"service.name": "passerelle", "service.instance.id": clock.new_id("prc"),
                                         "passerelle.roles": ",".join(sorted(roles))})  # fmt: skip
        self.store = store = appending(self.tracer, store_of(config, clock, alone=True))
        self.exchange = exchange_of(config, clock)
        self.broker = MemoryBroker()
        self.holdings = _holdings(self) if config.remote else None
        self.partitions = Partitions(self.holdings) if self.holdings and "delivery" in roles else None
        self.ownership: Ownership = self.partitions or (NOBODY if config.remote else ALONE)
        folder = media_folder(config)
        self.http = AiohttpHttp(Folder(folder, store).locate, allow=config.media.allow)
        self.media = Media(store, self.http, config.accounts, clock, folder=folder, max_bytes=config.media.max_bytes,
                           public_url=config.http.public_url, keep=config.retention.media,
                           ours=self.ownership.owns)  # fmt: skip
        self.ownership.on_change(self.media.wake)
        self.intake = Intake(store, self.http, clock)
        self.taking = Taking(self.intake, store, clock)
        ledger = store if config.remote else None
        self.states = States(config.accounts, self.http, clock, ledger, self.ownership)
        self.nudging = Nudging(self.exchange, clock) if self.exchange and config.remote else None
        self.follower = Follower(
            store, self.broker, clock, every=_LOOK_S if config.remote else None, notice=self._notice
        )

    async def open(self) -> None:
        """Start what the roles stand on. Raises Unavailable, OSError."""
        if self.tracer is not None:
            await self.begin(self.tracer)
        self.stack.push_async_callback(self.store.stop)
        await self.begin(self.http)
        if self.exchange is not None:
            await self.begin(self.exchange)
        if self.nudging is not None:
            self.store.on_commit(self.nudging.note)
            await self.begin(self.nudging)
        self.stack.push_async_callback(self.media.stop)
        await self._reach()
        if self.holdings is not None and self.roles & {"relay", "delivery"}:
            await self.begin(self.holdings)
        if self.roles & {"edge", "delivery"}:
            self.stack.push_async_callback(self.intake.stop)
        if self.roles & {"delivery", "api"}:
            if self.exchange is not None:
                self.exchange.on_nudge(self.follower.look)
            await self.begin(self.follower)

    async def _reach(self) -> None:
        """Open the store and the folder of files. An edge alone begins without them: it has its journal."""
        try:
            await self._open_store()
        except Unavailable as error:
            if self.roles != {"edge"}:
                raise
            log.warning("the store is away; beginning without it", why=str(error))
            await self.begin(Background(self._reach_later, self.clock, "opening the store"))

    async def _open_store(self) -> None:
        await self.store.start()
        await self.media.start(fetch="delivery" in self.roles)
        if "delivery" not in self.roles and "edge" in self.roles:  # an earlier edge may have been cut off
            await self.intake.start(self.config.accounts)

    async def _reach_later(self) -> None:
        while True:
            await self.clock.sleep(_AGAIN_S)
            try:
                await self._open_store()
            except Unavailable as error:
                log.info("the store is still away", why=str(error))
            else:
                log.info("the store is there")
                await asyncio.Event().wait()

    async def begin(self, part: Part) -> None:
        """Start a part, and stop it when everything is stopped."""
        await part.start()
        self.stack.push_async_callback(part.stop)

    def mount_files(self, app: web.Application) -> None:
        """The address that providers fetch files from."""
        app.router.add_get("/media/{id}", self.media.provider_media)

    def _notice(self, records: Sequence[Record]) -> None:
        if "delivery" in self.roles:
            self.media.notice(records)


def _holdings(house: House) -> Holdings:
    return Holdings(house.store, house.clock, house.clock.new_id("prc"), house.config.takeover / timedelta(seconds=1))
