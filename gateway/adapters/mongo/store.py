"""The ``Store`` of many processes: its parts over one database, and how it begins and ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from gateway.adapters.deferrals import Deferrals
from gateway.adapters.mongo import exact
from gateway.adapters.mongo.append import Appends
from gateway.adapters.mongo.binding import Bindings
from gateway.adapters.mongo.collections import Client, Collections
from gateway.adapters.mongo.files import FilesPart
from gateway.adapters.mongo.following import Following
from gateway.adapters.mongo.keyring import KeyringPart
from gateway.adapters.mongo.leases import LeasesPart
from gateway.adapters.mongo.log import UNOPENED, LogPart
from gateway.adapters.mongo.migrations import migrate
from gateway.adapters.mongo.numbering import Relay
from gateway.adapters.mongo.pruning import PruningPart
from gateway.adapters.mongo.recent import Recent
from gateway.adapters.mongo.settings import SettingsPart
from gateway.adapters.mongo.truths import AttemptsPart, LeftoversPart
from gateway.adapters.mongo.views import ViewsPart
from gateway.adapters.mongo.whole import CLOSED
from gateway.ports import Clock, Unavailable
from gateway.tasks import ended

_WITHOUT_END = timedelta(days=36500)
_PARTING_S = 1.0
"""How long stopping waits for the server, in all."""
_PATIENCE: dict[str, Any] = {
    "serverSelectionTimeoutMS": 2500,
    "connectTimeoutMS": 2500,
    "socketTimeoutMS": 10_000,
    "waitQueueTimeoutMS": 10_000,
}
"""So that trouble is noticed soon, unless the address says otherwise."""


class MongoStore(
    LogPart, ViewsPart, AttemptsPart, LeftoversPart, FilesPart, KeyringPart, SettingsPart, LeasesPart, PruningPart
):
    """Implements ``gateway.ports.Store`` on a database of a MongoDB replica set: ``mongodb://…[/<database>]``.

    ``retention_feed`` is how far back the feed is given. Raises Unavailable for an address that is none. ``views_behind`` is for health and metrics. Views and feed
    stand still unless a process, any one of those that have the store open, calls ``number`` again and again.
    """

    def __init__(
        self, url: str, clock: Clock, retention_feed: timedelta = _WITHOUT_END, *, database: str | None = None
    ) -> None:
        super().__init__()
        self._clock, self._retention = clock, retention_feed
        self._client = _client(url)
        self._collections = Collections(self._client, database or self._client.get_default_database("passerelle").name)
        recent = Recent(self._collections)
        self._appends = Appends(self._collections, clock, recent)
        self._bindings = Bindings(self._collections)
        under_way = self._appends.intents.under_way
        self._relay = Relay(self._collections, clock, recent, under_way)
        self._following = Following(self._collections, clock, recent, under_way)
        self._deferrals = Deferrals(clock)
        self._shut = UNOPENED
        self._listeners = []
        self._appends.on_append = self._tell
        self._relay.on_folded = self._following.moved

    async def start(self) -> None:
        """Connect and migrate. Raises Unavailable."""
        await migrate(self._collections)
        await self._following.head()
        self._shut = ""

    async def stop(self) -> None:
        """Finish what is under way and close; a server that does not answer is not waited for."""
        self._shut = CLOSED
        until = asyncio.get_running_loop().time() + _PARTING_S
        appending = asyncio.create_task(self._appends.stop())
        try:
            await asyncio.wait({appending}, timeout=_PARTING_S)
            await self._collections.operations.stop(self._client.close, until)
        finally:
            await ended(appending)
        if not appending.cancelled():
            appending.result()

    async def ready(self) -> str:
        """Empty when durable writes work; otherwise why not. It tries, each time."""
        if self._shut:
            return self._shut
        try:
            await exact.put(self._collections.meta, "trial", {})
        except Unavailable as error:
            return str(error)
        return ""

    @property
    def views_behind(self) -> int:
        """How many records had no place yet when this process last numbered: true of the relay only."""
        return self._relay.waiting


def _client(url: str) -> Client:
    patience = {name: value for name, value in _PATIENCE.items() if name.lower() not in url.lower()}
    try:
        return AsyncMongoClient(url, **patience)
    except (PyMongoError, ValueError, OSError) as error:  # an option, a port or a file that is not as it must be
        raise Unavailable(f"the address of the store cannot be used: {error}") from error
