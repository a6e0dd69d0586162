"""How an older database becomes this version's, by steps that any process may take, and any number of times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pymongo.errors import DuplicateKeyError

from gateway.adapters.mongo import exact
from gateway.adapters.mongo.collections import LOG_INDEXES, TRUTHS_INDEXES, Collections
from gateway.adapters.mongo.trouble import reaching
from gateway.ports import Unavailable


async def _first(db: Collections) -> None:
    for index in (*LOG_INDEXES, *TRUTHS_INDEXES):
        keys = [(key, 1) for key in index.keys]
        await db.named(index.collection).create_index(keys, unique=index.unique)


MIGRATIONS: tuple[Callable[[Collections], Awaitable[None]], ...] = (_first,)
"""Entry ``n`` makes a database of version ``n`` one of version ``n + 1``. Never change one that has shipped: add.

A process may die in the middle of a step, and two may take it at the same time: a step must bear both.
"""


async def migrate(db: Collections) -> None:
    """Bring a database to this version. Raises Unavailable, also where a later version of this program has written."""
    await _not_newer(db)
    for version, step in enumerate(MIGRATIONS, 1):
        if await exact.one(db.meta, _mark(version)) is None:
            with reaching():
                await step(db)
                try:
                    await db.meta.insert_one({"_id": _mark(version)})
                except DuplicateKeyError:
                    continue  # another process was quicker


async def require(db: Collections) -> None:
    """Find a database of this version, and change nothing. Raises Unavailable where it is of another, or empty."""
    await _not_newer(db)
    if await exact.one(db.meta, _mark(len(MIGRATIONS))) is None:
        raise Unavailable("there is no store of this version: copy into it, or start a server on it, first")


async def _not_newer(db: Collections) -> None:
    if await exact.one(db.meta, _mark(len(MIGRATIONS) + 1)) is not None:
        known = len(MIGRATIONS)
        raise Unavailable(
            f"the store was written by a newer version; this program reads up to {known}: use a newer one"
        )


def _mark(version: int) -> str:
    return f"version:{version}"
