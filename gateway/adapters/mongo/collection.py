"""A collection as the store uses it: each operation is whole, and there is no other way to the driver's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import ReplaceOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.results import DeleteResult

from gateway.adapters.mongo.whole import Operations

Document = dict[str, Any]
Sorting = Sequence[tuple[str, int]]


class Found:
    """What a search finds, once it is asked for. ``sort`` and ``limit`` are for before that."""

    def __init__(self, operations: Operations, cursor: AsyncCursor[Document]) -> None:
        self._operations, self._cursor = operations, cursor

    def sort(self, by: str | Sorting, direction: int | None = None) -> Found:
        """In this order."""
        self._cursor.sort(by, direction)
        return self

    def limit(self, limit: int) -> Found:
        """So many at most."""
        self._cursor.limit(limit)
        return self

    async def to_list(self) -> list[Document]:
        """All of it."""
        return await self._operations.whole(self._cursor.to_list())

    async def until(self, enough: Callable[[Document], bool]) -> list[Document]:
        """As much as there is, or up to the first document that is ``enough``."""
        return await self._operations.whole(self._read(enough))

    async def _read(self, enough: Callable[[Document], bool]) -> list[Document]:
        found: list[Document] = []
        async with self._cursor as given:
            async for one in given:
                found.append(one)
                if enough(one):
                    break
        return found


class Collection:
    """The driver's collection, by those of its operations that the store needs; each as the driver has it.

    All raise what the driver raises, and Unavailable once the store is closed.
    https://pymongo.readthedocs.io/en/stable/api/pymongo/asynchronous/collection.html
    """

    def __init__(self, operations: Operations, driven: AsyncCollection[Document]) -> None:
        self._whole, self._operations, self.driven = operations.whole, operations, driven

    def find(
        self,
        wanted: Document | None = None,
        fields: Mapping[str, int] | None = None,
        *,
        sort: Sorting | None = None,
        limit: int = 0,
        batch_size: int = 0,
    ) -> Found:
        """Search; nothing is asked before ``to_list`` or ``until``."""
        cursor = self.driven.find(wanted, fields, sort=sort, limit=limit, batch_size=batch_size)
        return Found(self._operations, cursor)

    async def find_one(self, wanted: Document, *, sort: Sorting | None = None) -> Document | None:
        """The first that is found, or None."""
        return await self._whole(self.driven.find_one(wanted, sort=sort))

    async def insert_one(self, document: Document) -> None:
        """Insert it. Raises DuplicateKeyError."""
        await self._whole(self.driven.insert_one(document))

    async def insert_many(self, documents: Sequence[Document] | Sequence[RawBSONDocument], *, ordered: bool) -> None:
        """Insert them. Raises BulkWriteError."""
        await self._whole(self.driven.insert_many(documents, ordered=ordered))

    async def bulk_write(self, writes: Sequence[ReplaceOne[Document]], *, ordered: bool) -> None:
        """Make these writes. Raises BulkWriteError."""
        await self._whole(self.driven.bulk_write(writes, ordered=ordered))

    async def replace_one(self, wanted: Document, document: Document, *, upsert: bool = False) -> None:
        """Put this in the place of the first that is found."""
        await self._whole(self.driven.replace_one(wanted, document, upsert=upsert))

    async def delete_one(self, wanted: Document) -> None:
        """Delete the first that is found."""
        await self._whole(self.driven.delete_one(wanted))

    async def delete_many(self, wanted: Document) -> DeleteResult:
        """Delete all that are found."""
        return await self._whole(self.driven.delete_many(wanted))

    async def create_index(self, keys: Sorting, *, unique: bool) -> None:
        """Have an index by these fields; one that is there already is fine."""
        await self._whole(self.driven.create_index(keys, unique=unique))

    async def estimated_document_count(self) -> int:
        """How many documents there are, as the collection itself counts them."""
        return await self._whole(self.driven.estimated_document_count())
