"""Records and views as documents, and documents as records and views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import bson
import orjson
from bson.raw_bson import RawBSONDocument

from gateway.adapters.instants import millis, moment
from gateway.adapters.listing import body, inbound, listed, searched, stands
from gateway.adapters.mongo.collection import Document
from normalizer.model import Conversation, Message, Person
from normalizer.record import VERSION, By, Draft, Record, upcast

_LARGEST = 16 << 20
"""Bytes of one document, at most; the server's own limit."""


class Folded(NamedTuple):
    """A stream as far as it is folded: its last number, and the conversation that its records make, if any."""

    seq: int
    conversation: Conversation | None


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


def record(found: Document, feed: int = 0) -> Record:
    """A document as a record, its data as this version reads it."""
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
        received_at=moment(found["received_at"]),
        data=upcast(found["v"], orjson.loads(found["data"])),
        request=found["request"],
    )


# Views.


def of_conversation(stream: str, folded: Folded) -> Document:
    """A folded stream as its view; ``seq`` counts records that could not be folded, too."""
    seq, conversation = folded
    if conversation is None:
        return {"_id": stream, "seq": seq}
    return {"_id": stream, "seq": seq, **listed(conversation)._asdict(), "body": body(conversation)}


def folded_stream(found: Document) -> Folded:
    """What ``of_conversation`` made."""
    return Folded(found["seq"], Conversation.model_validate_json(found["body"]) if "body" in found else None)


def of_line(line: Message, seen: int) -> Document:
    """A line as its view; ``seen`` is the number of the last record in it."""
    shown_at, order, id_ = stands(line)
    where = {"_id": id_, "conversation": line.conversation, "shown_at": shown_at, "ord": order}
    return {**where, "inbound": inbound(line), "seen": seen, "body": body(line)}


def line(found: Document) -> Message:
    """A line's view as the line."""
    return Message.model_validate_json(found["body"])


def of_person(person: Person, seen: int) -> Document:
    """A person as their view; ``seen`` is the place in the feed of the last record in it."""
    search = searched(person.name, person.identities)
    named = {"_id": person.id, "brand": person.brand, "name": person.name, "search": search}
    return {**named, "seen": seen, "body": body(person)}


def person(found: Document) -> Person:
    """A person's view as the person."""
    return Person.model_validate_json(found["body"])
