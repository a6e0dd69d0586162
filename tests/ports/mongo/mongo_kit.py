"""What the suites of MongoDB's store share: stores without a relay, relays that die, and what must hold in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from store_kit import StandingClock, assert_numbered
from toys.servers import drop_database, fresh_database

from gateway.adapters.mongo import MongoStore, rebuilding
from gateway.ports import Overtaken

WRITES = {"insert_one", "insert_many", "bulk_write", "replace_one", "delete_one", "delete_many"}


class Killed(BaseException):
    """The process ended here."""


class Plug:
    """Is pulled at the ``step``-th write, before or after the server has made it; after that nothing is written."""

    def __init__(self, step: int, *, after: bool) -> None:
        self.left, self.after, self.pulled = step, after, False


class Dying:
    """A collection of a process that ends when its plug is pulled."""

    def __init__(self, collection: Any, plug: Plug) -> None:
        self._collection, self._plug = collection, plug

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._collection, name)
        if name not in WRITES:
            return found

        async def write(*args: Any, **kwargs: Any) -> Any:
            plug = self._plug
            if plug.pulled:
                raise Killed
            plug.left -= 1
            if plug.left >= 0:
                return await found(*args, **kwargs)
            plug.pulled = True
            if plug.after:
                await found(*args, **kwargs)
            raise Killed

        return write


def die(store: MongoStore, plug: Plug) -> None:
    """From now on the store's process ends when the plug is pulled."""
    db = store._collections
    for name, found in vars(db).copy().items():
        if hasattr(found, "insert_one"):
            setattr(db, name, Dying(found, plug))


class Places:
    """Stores on one database, none of which numbers unless it is told to."""

    def __init__(self, url: str) -> None:
        self.url, self.clock = url, StandingClock()
        self.opened: list[MongoStore] = []

    def make(self) -> MongoStore:
        """A store that is not started."""
        store = MongoStore(self.url, self.clock)
        self.opened.append(store)
        return store

    async def open(self) -> MongoStore:
        store = self.make()
        await store.start()
        return store


@asynccontextmanager
async def places() -> AsyncIterator[Places]:
    """A database that nobody has used, dropped at the end."""
    made = Places(fresh_database())
    try:
        yield made
    finally:
        for store in made.opened:
            await store.stop()
        drop_database(made.url)


async def number(store: MongoStore) -> int:
    """Number until nothing is left, whatever a relay that has just died still had on its way; how many."""
    count = 0
    while True:
        try:
            done = await store.number()
        except Overtaken:
            continue
        if not done:
            return count
        count += done


async def whole_feed(store: MongoStore) -> list[Any]:
    """All records by the database alone, dense and each once, every stream in order."""
    entries = await store._collections.feed.find({}).sort("_id", 1).to_list()
    found = [await store.record_of(one["record"]) for one in entries]
    records = [record._replace(feed=int(one["_id"])) for record, one in zip(found, entries, strict=True)]
    assert_numbered(records)
    assert max(Counter(record.key for record in records).values(), default=1) == 1
    return records


async def views(store: MongoStore) -> dict[str, list[Any]]:
    """All that the views say."""
    found: dict[str, list[Any]] = {}
    for name in (*rebuilding.VIEWS, "identities", "files"):
        rows = await store._collections.named(name).find({}).to_list()
        found[name] = sorted((dict(sorted(one.items())) for one in rows), key=lambda one: str(one["_id"]))
    return found


async def intents(store: MongoStore) -> list[str]:
    """The ids of the intents that stand."""
    return [one["_id"] for one in await store._collections.named("pending").find({}).to_list()]


@asynccontextmanager
async def relay(store: MongoStore) -> AsyncIterator[None]:
    """A relay beside what is done, in the same process."""

    async def run() -> None:
        while True:
            if not await store.number():
                await asyncio.sleep(0.01)

    running = asyncio.create_task(run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
