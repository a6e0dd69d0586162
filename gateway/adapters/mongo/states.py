"""A stream as all its records make it, without the relay: the view, and in memory what the view has not seen yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import structlog

from gateway.adapters.listing import stands
from gateway.adapters.mongo import documents, exact, intents
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.documents import Folded
from gateway.adapters.mongo.places import beyond
from gateway.adapters.mongo.trouble import reaching
from normalizer.fold import apply, apply_to_line, line_id
from normalizer.model import Conversation, Message
from normalizer.record import Record

log = structlog.get_logger(__name__)

REBUILDING = "rebuilding"
"""The ``_id`` in ``meta`` of the mark that the views are being made anew."""
LINES = ("shown_at", "ord", "_id")
"""By which the lines of a conversation stand."""
_NOTHING = Folded(0, None)


class State(NamedTuple):
    """A stream now: its last number, its conversation, and those of its records that the views may not have seen."""

    seq: int
    conversation: Conversation | None
    tail: Sequence[Record] = ()


async def now(db: Collections, stream: str, *, from_log: bool = False) -> State:
    """The stream with every record that was acknowledged before this was asked. Raises Unavailable.

    ``from_log`` reads the tail by the index of streams instead of by the intents: see docs/adr/0012-mongodb-log.md.
    """
    waiting = {} if from_log else await waiting_of(db, stream)
    folded = await folded_of(db, stream)  # after the intents: what they no longer name, this has
    if from_log or await exact.one(db.meta, REBUILDING) is not None:
        tail = await after(db, stream, folded.seq)
    else:
        tail = in_a_row(waiting.values(), folded.seq)
    for record in tail:
        folded = with_record(folded, record)
    return State(folded.seq, folded.conversation, tail)


async def folded_of(db: Collections, stream: str) -> Folded:
    """The stream as the views have it."""
    found = await asyncio.gather(exact.one(db.conversations, stream), exact.one(db.streams, stream))
    return max((documents.folded_stream(one) for one in found if one is not None), default=_NOTHING, key=_seq)


def _seq(folded: Folded) -> int:
    return folded.seq


async def waiting_of(db: Collections, stream: str) -> dict[str, Record]:
    """The records that a stream's intents name, by key."""
    standing = await intents.standing(db, stream)
    found = await exact.records_of(db, {one.key for one in standing})
    return {key: record for key, record in found.items() if record.stream == stream}


async def record_at(db: Collections, stream: str, seq: int) -> Record | None:
    """The record with a number in its stream. Raises Unavailable."""
    with reaching():
        found = await db.records.find_one({"stream": stream, "seq": seq})
    return None if found is None else documents.record(found)


async def after(db: Collections, stream: str, seq: int) -> list[Record]:
    """A stream's records after a number, from the log itself, up to the first that is missing. Raises Unavailable."""
    with reaching():
        found = await db.records.find({"stream": stream, "seq": {"$gt": seq}}).sort("seq", 1).to_list()
    return in_a_row(map(documents.record, found), seq)


def in_a_row(records: Iterable[Record], seq: int) -> list[Record]:
    """Those of a stream's records that follow a number without a gap."""
    row: list[Record] = []
    for record in sorted(records, key=lambda one: one.seq):
        if record.seq == seq + len(row) + 1:
            row.append(record)
    return row


def with_record(folded: Folded, record: Record) -> Folded:
    """The stream after one more record. One that cannot be folded is left out and logged: see ``sqlite.fold``."""
    try:
        return Folded(record.seq, apply(folded.conversation, record))
    except Exception as error:  # noqa: BLE001 - a mistake of ours may cost one line, but never the store
        about = {"record": record.id, "stream": record.stream, "why": type(error).__name__}
        log.error("a record cannot be folded; the views go on without it", **about)
        return Folded(record.seq, folded.conversation)


async def line_now(db: Collections, message_id: str, tail: Sequence[Record]) -> Message | None:
    """A line as the views have it and a tail makes it. Raises Unavailable."""
    found = await exact.one(db.lines, message_id)
    line, seen = (None, 0) if found is None else (documents.line(found), found["seen"])
    for record in tail:
        if record.seq > seen and line_id(record) == message_id:
            line = apply_to_line(line, record)
    return line


async def unread_after(db: Collections, stream: str, message: Message, tail: Sequence[Record]) -> int:
    """How many messages of the customer stand after this one. Raises Unavailable."""
    place = stands(message)
    wanted = {"conversation": stream, "inbound": True, **beyond(place, LINES)}
    with reaching():
        found = await db.lines.find(wanted, {"_id": 1}).to_list()
    later = {one["_id"] for one in found}
    for record in tail:
        line = apply_to_line(None, record) if record.kind == "message.received" else None
        if line is not None and stands(line) > place:
            later.add(line.id)
    return len(later)
