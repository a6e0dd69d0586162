"""Reading, and setting, by ``_id``: the one way that needs no other index, and that every server that speaks the protocol does at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from pymongo.errors import DuplicateKeyError

from gateway.adapters.mongo import documents
from gateway.adapters.mongo.collection import Collection, Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching
from normalizer.record import Record

_FEW = 3
"""So many are asked for one by one: a list of ids is a scan on servers that are not MongoDB itself."""
_MANY = 1000


async def one(collection: Collection, id_: str) -> Document | None:
    """The document, or None. Raises Unavailable; ValueError for an id that no document can have."""
    with reaching():
        return await collection.find_one({"_id": id_})


async def put(collection: Collection, id_: str, document: Document) -> None:
    """Write the document, whatever was there. Raises Unavailable."""
    with reaching():
        try:
            await collection.replace_one({"_id": id_}, document, upsert=True)
        except DuplicateKeyError:  # somebody else made it at the same instant
            await collection.replace_one({"_id": id_}, document)


async def many(collection: Collection, ids: Iterable[str]) -> dict[str, Document]:
    """Those of the documents that there are, by id. Raises Unavailable."""
    asked = sorted(set(ids))
    if len(asked) <= _FEW:
        found = await asyncio.gather(*(one(collection, id_) for id_ in asked))
        return {document["_id"]: document for document in found if document is not None}
    listed: list[Document] = []
    for start in range(0, len(asked), _MANY):
        with reaching():
            listed += await collection.find({"_id": {"$in": asked[start : start + _MANY]}}).to_list()
    return {document["_id"]: document for document in listed}


async def record_of(db: Collections, key: str) -> Record | None:
    """The record with a key."""
    found = await one(db.records, key)
    return None if found is None else documents.record(found)


async def records_of(db: Collections, keys: Iterable[str]) -> dict[str, Record]:
    """Those of the records that there are, by key."""
    return {key: documents.record(found) for key, found in (await many(db.records, keys)).items()}
