"""Many inserts in few commands: what is asked for while others are on their way goes out together."""

from __future__ import annotations

import asyncio

from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError

from gateway.adapters.mongo.collection import Collection
from gateway.adapters.mongo.trouble import reaching, taken
from gateway.ports import Unavailable

_AT_ONCE = 256
_ON_THEIR_WAY = 2
"""Commands that may be under way at a time."""
Ask = tuple[RawBSONDocument, "asyncio.Future[bool]"]


class Inserts:
    """Inserts documents into one collection. Each succeeds or fails by itself, in no order."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._asked: list[Ask] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._woken = False

    async def insert(self, document: RawBSONDocument) -> bool:
        """On a majority's disks when this returns; False if one of its unique values is taken.

        Raises Unavailable, and then nobody knows whether it was inserted.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._asked.append((document, future))
        if not self._woken:  # what is asked for in one turn of the loop goes together
            self._woken = True
            loop.call_soon(self._send)
        return await future

    def _send(self, _: object = None) -> None:
        self._woken = False
        while self._asked and len(self._under_way) < _ON_THEIR_WAY:
            asked, self._asked = self._asked[:_AT_ONCE], self._asked[_AT_ONCE:]
            task = asyncio.create_task(self._insert(asked))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            task.add_done_callback(self._send)

    async def _insert(self, asked: list[Ask]) -> None:
        refused: set[int] = set()
        try:
            with reaching():
                try:
                    await self._collection.insert_many([document for document, _ in asked], ordered=False)
                except BulkWriteError as error:
                    refused = set(taken(error))
        except BaseException as error:
            failure = error if isinstance(error, Unavailable) else Unavailable(f"the store failed: {error!r}")
            for _, future in asked:  # whatever it is, everybody who asked hears of it
                if not future.done():
                    future.set_exception(failure)
            if not isinstance(error, Exception):
                raise
            return
        for index, (_, future) in enumerate(asked):
            if not future.done():
                future.set_result(index not in refused)

    async def stop(self) -> None:
        """Wait for what is on its way."""
        while self._under_way or self._asked:
            await asyncio.gather(*self._under_way)
            await asyncio.sleep(0)
