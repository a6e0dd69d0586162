"""A batch of records folded into the views: read what they touch, fold in memory, write what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from gateway.adapters.instants import millis
from gateway.adapters.mongo import documents, exact, files
from gateway.adapters.mongo.collection import Collection, Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.documents import Folded
from gateway.adapters.mongo.trouble import reaching, taken
from gateway.adapters.records import KNOWN_BY, SAID, settles, speaker, uploads
from gateway.adapters.records import files as files_of
from gateway.ports import KeptFile
from normalizer.fold import apply, apply_to_line, apply_to_person, line_id, time
from normalizer.model import Message, Person
from normalizer.record import Record

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Folding:
    """What a batch changes. ``streams`` is how far each stream was folded before, and then after.

    ``weights`` is how many bytes those of them take, roughly, that were written.

    A view document carries how much it has seen, so that a batch may be folded again after a death half way: the
    streams' own documents are written last, and whatever they have seen, the others have, too.
    """

    db: Collections
    streams: dict[str, Folded]
    lines: dict[str, tuple[Message | None, int]] = field(default_factory=dict)
    people: dict[str, tuple[Person | None, int]] = field(default_factory=dict)
    unsettled: dict[str, Document | None] = field(default_factory=dict)
    provider_ids: dict[str, Document] = field(default_factory=dict)
    identities: dict[str, Document] = field(default_factory=dict)
    files: list[KeptFile] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    found: set[str] = field(default_factory=set)
    weights: dict[str, int] = field(default_factory=dict)
    _changed: dict[str, None] = field(default_factory=dict)
    _lines_changed: dict[str, None] = field(default_factory=dict)
    _people_changed: dict[str, None] = field(default_factory=dict)

    async def read(self, records: Sequence[Record]) -> None:
        """Read what these records touch, before they are folded. Raises Unavailable."""
        about = {said for one in records if isinstance(said := one.data.get("message"), str)}
        who = {found for one in records if (found := speaker(one)) is not None}
        deferred = {one.data["message"] for one in records if one.kind == "message.deferred"}
        lines, people, unsettled = await asyncio.gather(
            exact.many(self.db.lines, about),
            exact.many(self.db.people, who),
            exact.many(self.db.unsettled, deferred),
        )
        self.lines = {id_: (documents.line(one), one["seen"]) for id_, one in lines.items()}
        self.people = {id_: (documents.person(one), one["seen"]) for id_, one in people.items()}
        self.unsettled = dict(unsettled)
        self.found = {*lines, *people, *unsettled, *(stream for stream, one in self.streams.items() if one.seq)}

    def fold(self, record: Record) -> None:
        """Fold one more record, in feed order; one that its stream has seen changes nothing.

        A record that cannot be folded is left out and logged: a mistake of ours may cost one line, which a rebuild
        brings back once it is mended, but never the store.
        """
        before = self.streams[record.stream]
        if record.seq <= before.seq:
            return
        self._changed[record.stream] = None
        try:
            line = self._line(record)
            after = Folded(record.seq, apply(before.conversation, record, line))
            person = self._person(record)
            files_ = files_of(record)
            due = _due(record, self.unsettled)
        except Exception as error:  # noqa: BLE001 - see above
            about = {"record": record.id, "stream": record.stream, "why": type(error).__name__}
            log.error("a record cannot be folded; the views go on without it", **about)
            self.streams[record.stream] = Folded(record.seq, before.conversation)
            return
        self.streams[record.stream] = after
        self._keep_line(record, line)
        self._keep_person(record, person)
        self.files += files_
        self.sent += [(record.stream, media) for media in uploads(record)]
        self.unsettled |= due

    def _line(self, record: Record) -> Message | None:
        about = line_id(record)
        if about is None:
            return None
        line, seen = (None, 0) if record.kind in SAID else self.lines.get(about, (None, 0))
        return line if record.seq <= seen else apply_to_line(line, record)

    def _keep_line(self, record: Record, line: Message | None) -> None:
        if line is None:
            return
        seen = self.lines.get(line.id, (None, 0))[1]
        self.lines[line.id] = line, max(seen, record.seq)
        self._lines_changed[line.id] = None
        if record.kind in KNOWN_BY:
            for provider_id in line.provider_ids:
                known_by = f"{line.account or ''} {provider_id}"
                self.provider_ids.setdefault(known_by, {"_id": known_by, "message": line.id})

    def _person(self, record: Record) -> Person | None:
        """The person after the record, if it tells of them anything that is not written yet."""
        who = speaker(record)
        before, seen = self.people.get(who or "", (None, 0))
        if who is None:
            return None
        if record.feed <= seen:
            return before
        person = apply_to_person(before, record)
        return None if person is before else person

    def _keep_person(self, record: Record, person: Person | None) -> None:
        if person is None:
            return
        self.people[person.id] = person, max(record.feed, self.people.get(person.id, (None, 0))[1])
        self._people_changed[person.id] = None
        for identity in person.identities:  # also of one seen before: whoever died may have come no further
            bound = f"{person.brand} {identity}"
            place = {"_id": bound, "person": person.id, "conversation": person.conversation}
            self.identities.setdefault(bound, place)

    async def write(self) -> None:
        """Write what has changed; the streams last. Raises Unavailable."""
        db = self.db
        lines = [documents.of_line(*self.lines[id_]) for id_ in self._lines_changed]  # type: ignore[arg-type] # changed: there is one
        people = [documents.of_person(*self.people[id_]) for id_ in self._people_changed]  # type: ignore[arg-type] # the same
        await asyncio.gather(
            put(db.lines, lines, self.found),
            put(db.people, people, self.found),
            insert_missing(db.provider_ids, self.provider_ids.values()),
            insert_missing(db.identities, self.identities.values()),
            self._write_unsettled(),
            self._write_files(),
        )
        made = [documents.of_conversation(stream, self.streams[stream]) for stream in self._changed]
        self.weights = {one["_id"]: len(one.get("body", "")) for one in made}
        await asyncio.gather(
            put(db.conversations, [one for one in made if "body" in one], self.found),
            put(db.streams, [one for one in made if "body" not in one], self.found),
        )

    async def _write_unsettled(self) -> None:
        await put(self.db.unsettled, [one for one in self.unsettled.values() if one is not None], self.found)
        settled = [message for message, one in self.unsettled.items() if one is None]
        if settled:
            with reaching():
                await self.db.unsettled.delete_many({"_id": {"$in": settled}})

    async def _write_files(self) -> None:
        await files.received(self.db, self.files)
        held: dict[str, list[str]] = {}
        for stream, media in self.sent:
            held.setdefault(stream, []).append(media)
        for stream, media_ids in held.items():
            await files.sent(self.db, stream, media_ids)


def _due(record: Record, unsettled: Mapping[str, Document | None]) -> dict[str, Document | None]:
    """What a record says about a message that is still to be sent; None once nothing is."""
    match record.kind:
        case "message.queued":
            message, at = record.data["message"]["id"], millis(record.at)
            where = {"conversation": record.stream, "account": record.account, "seq": record.seq}
            return {message: {"_id": message, **where, "send_at": at, "since": at}}
        case "message.deferred":
            message = record.data["message"]
            known = unsettled.get(message)
            times = {"send_at": millis(time(record.data["send_at"])), "since": millis(record.at)}
            return {} if known is None else {message: {**known, **times}}
        case _ if settles(record):
            return {record.data["message"]: None}
        case _:
            return {}


async def put(collection: Collection, made: Iterable[Document], found: Container[str]) -> None:
    """Write view documents, whatever was there; those not ``found`` are inserted first, which is cheaper.

    One that the server cannot hold is left out and logged. Raises Unavailable.
    """
    fitting = [one for one in made if _fits(one)]
    new = [one for one in fitting if one["_id"] not in found]
    there = set(await insert_missing(collection, new))
    writes = [
        ReplaceOne({"_id": one["_id"]}, one, upsert=True)
        for one in fitting
        if one["_id"] in found or one["_id"] in there
    ]
    if writes:
        with reaching():
            await collection.bulk_write(writes, ordered=False)


async def insert_missing(collection: Collection, made: Iterable[Document]) -> list[str]:
    """Insert those of the documents that are not there yet; which ones are. Raises Unavailable."""
    new = [one for one in made if _fits(one)]
    if not new:
        return []
    with reaching():
        try:
            await collection.insert_many(new, ordered=False)
        except BulkWriteError as error:
            return [new[index]["_id"] for index in taken(error)]
    return []


def _fits(document: Document) -> bool:
    try:
        documents.encoded(document)
    except ValueError as error:
        log.error("a view cannot be written; the others go on without it", id=document["_id"], why=str(error))
        return False
    return True
