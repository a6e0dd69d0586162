"""Where the suites' stores live: a new kind of store joins by a house here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pymongo import MongoClient
from store_kit import SqliteHouse, StandingClock
from toys.servers import drop_database, fresh_database

from gateway.adapters.mongo.numbering import FOLDED
from gateway.adapters.mongo.rebuilding import REBUILDING, VIEWS
from gateway.adapters.mongo.store import MongoStore
from gateway.ports import Overtaken, Store, Unavailable

_AGAIN_S = 0.05


class House(Protocol):
    """Opens stores that share what they keep, and looks into it behind their backs."""

    clock: StandingClock

    async def open(self, *retention: timedelta) -> Store:
        """A store, started. It may be stopped by whoever asked for it."""

    async def close(self) -> None:
        """Stop what is still open, and forget everything."""

    def views(self) -> dict[str, list[Any]]:
        """All that every view says."""

    def unfold(self) -> None:
        """As after a kill at the worst instant: the log has everything, the views nothing."""

    def set_back(self, place: int) -> None:
        """As after a kill that lost only how far the views are: they are believed to be at this place of the feed."""


class MongoHouse:
    """Opens stores on one database, and does what a relay does for those that are open."""

    def __init__(self, folder: Path) -> None:
        self.url = fresh_database()
        self.clock = StandingClock()
        self._opened: list[HousedStore] = []
        self._relay: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def open(self, *retention: timedelta) -> HousedStore:
        store = HousedStore(self.url, self.clock, *retention)
        store.on_stop = self._left
        await store.start()
        store.on_commit(lambda _: self._news.set())
        self._opened.append(store)
        if self._relay is None:
            self._relay = asyncio.create_task(self._run(store))
        return store

    async def _left(self, store: HousedStore) -> None:
        """Before a store stops, another one takes up its relay."""
        if store in self._opened:
            first = self._opened[0] is store
            self._opened.remove(store)
            if first:
                await self._end_relay()
                if self._opened:
                    self._relay = asyncio.create_task(self._run(self._opened[0]))

    async def _end_relay(self) -> None:
        relay, self._relay = self._relay, None
        while relay is not None and not relay.done():
            relay.cancel()  # once may not do: on Python 3.11 asyncio.wait_for, which PyMongo uses, can swallow one
            await asyncio.wait({relay}, timeout=_AGAIN_S)
        if relay is not None and not relay.cancelled():
            relay.result()  # raises what it died of

    async def _run(self, store: HousedStore) -> None:
        """Numbers whenever a store says that there may be something, as the relay of a gateway does."""
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                while await store.number():
                    pass
            except (Unavailable, Overtaken):
                self._news.set()
                await asyncio.sleep(_AGAIN_S)

    async def close(self) -> None:
        for store in [*self._opened]:
            await store.stop()
        drop_database(self.url)

    def views(self) -> dict[str, list[Any]]:
        names = ("identities", *VIEWS, "files")
        with MongoClient[dict[str, Any]](self.url) as client:
            db = client[self._name]
            found = {name: sorted(db[name].find(), key=lambda one: str(one["_id"])) for name in names}
        return {name: [dict(sorted(one.items())) for one in rows] for name, rows in found.items()}

    def unfold(self) -> None:
        with MongoClient[dict[str, Any]](self.url) as client:
            client[self._name]["meta"].replace_one({"_id": REBUILDING}, {}, upsert=True)
            for name in VIEWS:
                client[self._name][name].delete_many({})
        self.set_back(0)

    def set_back(self, place: int) -> None:
        with MongoClient[dict[str, Any]](self.url) as client:
            client[self._name]["meta"].update_one({"_id": FOLDED}, {"$set": {"n": place}})

    @property
    def _name(self) -> str:
        return urlsplit(self.url).path.strip("/")


class HousedStore(MongoStore):
    """A store that says when it is about to stop."""

    on_stop: Callable[[HousedStore], Any]

    async def stop(self) -> None:
        await self.on_stop(self)
        await super().stop()


HOUSES: dict[str, Callable[[Path], House]] = {"sqlite": SqliteHouse, "mongodb": MongoHouse}
