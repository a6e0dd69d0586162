"""Records and views as documents, and documents as records and views."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, overload

import bson
import orjson
from bson.raw_bson import RawBSONDocument

from gateway.adapters.mongo.collections import Document
from normalizer.model import Conversation, Message, Person
from normalizer.record import VERSION, By, Draft, Record, upcast

NEVER = 1 << 62
"""When an answer is owed that is not owed: after everything else."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_LARGEST = 16 << 20
"""Bytes of one document, at most; the server's own limit."""


class Folded(NamedTuple):
    """A stream as far as it is folded: its last number, and the conversation that its records make, if any."""

    seq: int
    conversation: Conversation | None


@overload
def millis(time: datetime) -> int: ...
@overload
def millis(time: datetime | None) -> int | None: ...
def millis(time: datetime | None) -> int | None:
    """Milliseconds since 1970."""
    return None if time is None else (time - _EPOCH) // _MILLISECOND


def moment(value: int) -> datetime:
    """The time of so many milliseconds since 1970."""
    return _EPOCH + value * _MILLISECOND


def digits(place: int) -> str:
    """A place in the feed as the feed's ``_id``: texts that stand in the order of the numbers."""
    return f"{place:016}"


def encoded(document: Mapping[str, Any]) -> RawBSONDocument:
    """A document as it is sent. Raises ValueError for what the server cannot hold, before it troubles anybody else's."""
    try:
        made = bson.encode(document)
    except (bson.errors.BSONError, OverflowError) as error:
        raise ValueError(f"the store cannot hold this: {error}") from error
    if len(made) > _LARGEST:
        raise ValueError(f"the store holds {_LARGEST} bytes at most, this is {len(made)}")
    return RawBSONDocument(made)


# Records.


def of_record(draft: Draft, stream: str, seq: int) -> Document:
    """A draft as it is inserted. Raises ValueError for what JSON cannot hold, TypeError for what is no JSON value."""
    return {
        "_id": draft.key,
        "id": draft.id,
        "stream": stream,
        "seq": seq,
        "kind": draft.kind,
        "v": VERSION,
        "brand": draft.brand,
        "account": draft.account,
        "by": list(draft.by),
        "cause": draft.cause,
        "at": millis(draft.at),
        "received_at": millis(draft.received_at),
        "request": draft.request,
        "data": orjson.dumps(draft.data).decode(),
    }


def numbered(draft: Draft, stream: str, seq: int) -> Record:
    """The draft as the record that it became; its place in the feed is not known yet."""
    id_, key, kind, brand, by, at, account, cause, received_at, data, request = draft
    return Record(0, id_, stream, seq, key, kind, brand, account, by, cause, at, received_at, data, request)


def record(found: Document, feed: int = 0) -> Record:
    """A document as a record, its data as this version reads it."""
    received_at = found["received_at"]
    return Record(
        v=found["v"],
        feed=feed,
        id=found["id"],
        stream=found["stream"],
        seq=found["seq"],
        key=found["_id"],
        kind=found["kind"],
        brand=found["brand"],
        account=found["account"],
        by=By(*found["by"]),
        cause=found["cause"],
        at=moment(found["at"]),
        received_at=None if received_at is None else moment(received_at),
        data=upcast(found["v"], orjson.loads(found["data"])),
        request=found["request"],
    )


# Views.


def of_conversation(stream: str, folded: Folded) -> Document:
    """A folded stream as its view; ``seq`` counts records that could not be folded, too."""
    seq, conversation = folded
    if conversation is None:
        return {"_id": stream, "seq": seq}
    owed = millis(conversation.unanswered_since)
    return {
        "_id": stream,
        "seq": seq,
        "brand": conversation.brand,
        "status": conversation.status,
        "assignee": conversation.assignee.id if conversation.assignee else None,
        "channel": conversation.channel,
        "account": conversation.account,
        "owed": NEVER if owed is None else owed,
        "recency": -millis(conversation.updated_at),
        "snoozed_until": millis(conversation.snoozed_until) if conversation.status == "snoozed" else None,
        "search": " ".join((conversation.person.name, *conversation.person.identities)).casefold(),
        "body": _body(conversation),
    }


def folded_stream(found: Document) -> Folded:
    """What ``of_conversation`` made."""
    return Folded(found["seq"], Conversation.model_validate_json(found["body"]) if "body" in found else None)


def of_line(line: Message, seen: int) -> Document:
    """A line as its view; ``seen`` is the number of the last record in it."""
    return {
        "_id": line.id,
        "conversation": line.conversation,
        "shown_at": millis(line.shown_at),
        "ord": order(line),
        "inbound": line.kind == "message" and line.direction == "in",
        "seen": seen,
        "body": _body(line),
    }


def line(found: Document) -> Message:
    """A line's view as the line."""
    return Message.model_validate_json(found["body"])


def of_person(person: Person, seen: int) -> Document:
    """A person as their view; ``seen`` is the place in the feed of the last record in it."""
    search = " ".join((person.name, *person.identities)).casefold()
    named = {"_id": person.id, "brand": person.brand, "name": person.name, "search": search}
    return {**named, "seen": seen, "body": _body(person)}


def person(found: Document) -> Person:
    """A person's view as the person."""
    return Person.model_validate_json(found["body"])


def order(message: Message) -> int:
    """The provider's order, as far as a document's number holds it."""
    return min(max(message.order, _LEAST), _MOST)


def _body(view: Conversation | Message | Person) -> str:
    """A view as JSON. For the views only, so the times need not look like the API's, which would cost twice as much."""
    return orjson.dumps(view.model_dump()).decode()
