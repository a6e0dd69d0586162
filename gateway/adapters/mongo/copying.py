"""A database as what it is made of: see ``gateway.ports.copying``."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Sequence

import orjson
from pymongo.errors import BulkWriteError

from gateway.adapters.mongo import exact, intents
from gateway.adapters.mongo.collection import Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.documents import digits
from gateway.adapters.mongo.migrations import require
from gateway.adapters.mongo.store import MongoStore
from gateway.adapters.mongo.trouble import reaching, taken
from gateway.ports import Clock
from gateway.ports.copying import FIELDS, PRIVATE, PROGRESS, Placed, Row

_AT_ONCE = 8 << 20
"""Bytes of rows that are read together, roughly and at most."""
_UNPLACED = "~"
"""Before the key of a record without a place: it stands after all digits."""
_WORD = "copied"
"""Of attempts that were begun elsewhere: nobody's, so nobody begins them again."""


class MongoCopyable:
    """Implements ``gateway.ports.copying.Copyable`` on the database at ``url``, which no process uses meanwhile.

    ``reading`` leaves it as it is: it is neither migrated nor numbered. A record without a place is then a row all the
    same, at place 0 and after the others.
    """

    def __init__(self, url: str, clock: Clock, *, reading: bool = False) -> None:
        self._store, self._reading = MongoStore(url, clock), reading
        self._db: Collections = self._store._collections  # noqa: SLF001 - the same adapter

    async def start(self) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        await (require(self._db) if self._reading else self._store.start())

    async def stop(self) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        await self._store.stop()

    async def settle(self) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        while not self._reading and await self._store.number():
            pass

    async def count(self, table: str) -> int:
        """See ``gateway.ports.copying.Copyable``."""
        with reaching():
            return await self._db.named(_COLLECTIONS.get(table, table)).estimated_document_count()

    async def rows(self, table: str, after: str, limit: int) -> Sequence[Placed]:
        """See ``gateway.ports.copying.Copyable``."""
        if table == "keys":
            return (await self._keys(after))[:limit]
        while found := await self._after(_COLLECTIONS.get(table, table), after, limit):
            if placed := await self._placed(table, found):
                return placed
            after = found[-1]["_id"]  # all of these are not to be copied; what follows may be
        return await self._unplaced(after, limit) if self._reading and table == "records" else []

    async def _after(self, collection: str, after: str, limit: int) -> list[Document]:
        """Documents beyond an ``_id``, so many or as many as memory should hold."""
        wanted = {"_id": {"$gt": after}} if after else {}
        read = 0

        def heavy(one: Document) -> bool:
            nonlocal read
            read += sum(len(cell) for cell in one.values() if isinstance(cell, str | bytes))
            return read > _AT_ONCE

        with reaching():
            return await self._db.named(collection).find(wanted, sort=[("_id", 1)], limit=limit).until(heavy)

    async def _placed(self, table: str, found: Sequence[Document]) -> list[Placed]:
        """What stands in these documents and what belongs to them."""
        match table:
            case "records":
                return await self._records(found)
            case "attempts":
                return await self._attempts(found)
            case "files":
                return [Placed(one["_id"], await self._file(one)) for one in found]
            case "sessions":
                ended: Collection[str] = await exact.many(self._db.ended, [one["_id"] for one in found])
            case _:
                ended = PRIVATE if table == "settings" else ()
        return [Placed(one["_id"], _row(table, one)) for one in found if one["_id"] not in ended]

    async def _records(self, entries: Sequence[Document]) -> list[Placed]:
        found = await exact.many(self._db.records, [one["record"] for one in entries])
        return [Placed(one["_id"], _record(found[one["record"]], int(one["_id"]))) for one in entries]

    async def _unplaced(self, after: str, limit: int) -> list[Placed]:
        """Records that no relay has given a place, by key."""
        keys = {one.key for one in await intents.standing(self._db)}
        with reaching():
            placed = await self._db.feed.find({"record": {"$in": sorted(keys)}}, {"record": 1}).to_list()
            keys -= {one["record"] for one in placed}
        wanted = [key for key in sorted(keys) if f"{_UNPLACED}{key}" > after][:limit]
        found = await exact.many(self._db.records, wanted)
        return [Placed(f"{_UNPLACED}{key}", _record(found[key], 0)) for key in wanted if key in found]

    async def _attempts(self, begun: Sequence[Document]) -> list[Placed]:
        answers = await exact.many(self._db.answers, [one["_id"] for one in begun])
        unanswered: Document = {"status": None, "headers": None, "body": None, "error": "", "never_sent": False}
        return [Placed(one["_id"], _row("attempts", one | answers.get(one["_id"], unanswered))) for one in begun]

    async def _file(self, listed: Document) -> Row:
        """A file as its newest change says."""
        found, version = listed, listed["version"]
        while (later := await exact.one(self._db.changes, f"{listed['_id']}:{version + 1}")) is not None:
            found, version = later, version + 1
        return _row("files", found | {"_id": listed["_id"]})

    async def _keys(self, after: str) -> list[Placed]:
        """All of them: they are few. Of one name, the one in use is the last."""
        with reaching():
            found = await self._db.keys.find().to_list()
            revoked = await self._db.revoked.find().to_list()
        ends = {one["_id"]: one["at"] for one in revoked}
        rows = [_row("keys", one | {"_id": one["id"], "revoked_at": ends.get(one["_id"])}) for one in found]
        placed = [Placed(f"{int(row['revoked_at'] is None)}:{row['id']}", row) for row in rows]
        return (
            sorted(one for one in placed if one.place > after) if after else sorted(placed, key=lambda one: one.place)
        )

    async def put(self, table: str, rows: Sequence[Row]) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        if table == "keys":
            for row in rows:
                await self._put_key(row)
            return
        into: dict[str, list[Document]] = {}
        for row in rows:
            for collection, document in _documents(table, row):
                into.setdefault(collection, []).append(document)
        for collection, documents in into.items():
            await self._insert(collection, documents)

    async def _insert(self, collection: str, documents: Sequence[Document]) -> None:
        with reaching():
            try:
                await self._db.named(collection).insert_many(documents, ordered=False)
            except BulkWriteError as error:
                taken(error)

    async def _put_key(self, row: Row) -> None:
        with reaching():
            known = await self._db.keys.find({"name": row["name"]}).to_list()
        if any(one["id"] == row["id"] for one in known):
            return
        number = len(known) + 1
        id_ = f"{row['name']}:{number:06d}"
        if row["revoked_at"] is not None:  # first: it must never look as if it were in use
            await self._insert("revoked", [{"_id": id_, "at": row["revoked_at"]}])
        document = {name: row[name] for name in FIELDS["keys"] if name != "revoked_at"}
        await self._insert("keys", [document | {"_id": id_, "number": number}])

    async def noted(self) -> str | None:
        """See ``gateway.ports.copying.Copyable``."""
        return await self._store.value(PROGRESS)

    async def note(self, progress: str) -> None:
        """See ``gateway.ports.copying.Copyable``."""
        await self._store.set_value(PROGRESS, progress)


_COLLECTIONS = {"bindings": "identities", "records": "feed"}
_IDS = {"agents": "email", "sessions": "digest", "settings": "name"}
"""The field that is the document's ``_id``, where that is not ``id``."""


def _row(table: str, found: Document) -> Row:
    """A document as every store's row."""
    given = found | {_IDS.get(table, "id"): found["_id"]}
    if table == "bindings":
        given["brand"], _, given["identity"] = found["_id"].partition(" ")
    elif table == "unmatched":
        given["event_id"] = found["_id"].removeprefix(f"{found['account']}:")
    if given.get("headers") is not None:
        given["headers"] = orjson.loads(given["headers"])
    if given.get("body") is not None:
        given["body"] = base64.b64encode(given["body"]).decode()
    return {name: given[name] for name in FIELDS[table]}


def _record(found: Document, place: int) -> Row:
    by = dict(zip(("by_kind", "by_id", "by_name"), found["by"], strict=True))
    given = found | by | {"key": found["_id"], "feed": place}
    return {name: given[name] for name in FIELDS["records"]}


def _documents(table: str, row: Row) -> Iterator[tuple[str, Document]]:
    """Every store's row as documents, and where they go. What points to another comes after it."""
    given = dict(row)
    if given.get("headers") is not None:
        given["headers"] = orjson.dumps(given["headers"]).decode()
    if given.get("body") is not None:
        given["body"] = base64.b64decode(given["body"])
    match table:
        case "records":
            key, place = given.pop("key"), digits(given.pop("feed"))
            by = [given.pop(name) for name in ("by_kind", "by_id", "by_name")]
            yield "records", given | {"_id": key, "by": by}
            yield "feed", {"_id": place, "record": key, "at": given["at"]}
        case "bindings":
            yield "identities", given | {"_id": f"{given.pop('brand')} {given.pop('identity')}"}
        case "unmatched":
            yield "unmatched", given | {"_id": f"{given['account']}:{given.pop('event_id')}"}
        case "attempts":
            answer = {name: given.pop(name) for name in ("status", "headers", "body", "error", "never_sent")}
            id_ = given.pop("id")
            yield "attempts", given | {"_id": id_, "word": _WORD}
            if answer["status"] is not None or answer["error"] or answer["never_sent"]:
                about = {"_id": id_, "message": given["message"], "started_at": given["started_at"]}
                yield "answers", about | answer
        case "files":
            yield "files", given | {"_id": given.pop("id"), "version": 0}
        case "kept":
            yield "kept", given | {"_id": given.pop("id"), "size": len(given["body"])}
        case _:
            yield table, given | {"_id": given.pop(_IDS[table])}
