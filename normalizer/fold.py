"""Views: what the records of a conversation add up to. Pure, and the same from whatever point one starts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from normalizer.model import (
    RANK,
    Assignee,
    Author,
    Conversation,
    ConversationStatus,
    Failure,
    Message,
    Part,
    Person,
    PersonRef,
    Reach,
    Status,
    reach_key,
)
from normalizer.record import Record

_parts: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])
_EVENTS = {
    "conversation.opened", "conversation.pending", "conversation.snoozed", "conversation.resolved",
    "conversation.assigned", "conversation.changed", "identity.blocked", "identity.unblocked", "identity.opted_out",
    "identity.opted_in",
}  # fmt: skip
_SAID = {"message.received", "message.queued", "note.added"}


def time(value: str | None) -> datetime | None:
    """A time as records write it."""
    return None if value is None else datetime.fromisoformat(value)


# Messages.


def line_id(record: Record) -> str | None:
    """The id of the line that a record makes or changes, if any."""
    if record.kind in _EVENTS:
        return "msg_" + record.id.removeprefix("rec_")
    said = record.data.get("message")
    found = said.get("id") if isinstance(said, Mapping) else said
    return found if isinstance(found, str) else None


def apply_to_line(line: Message | None, record: Record) -> Message | None:
    """The line after a record about it; None while the record that made it has not been seen."""
    if record.kind in _SAID:
        said = record.data["message"]
        return Message.model_validate({**said, "conversation": record.stream, "seq": record.seq})
    if record.kind in _EVENTS:
        return _event(record)
    if line is None:
        return None
    match record.kind:
        case "message.edited":
            parts = _parts.validate_python(record.data["parts"])
            return line.model_copy(update={"parts": parts, "edited_at": time(record.data["edited_at"])})
        case "message.sent" | "message.failed" | "message.uncertain" | "message.delivered" | "message.read":
            return _receipt(line, record) if "provider_id" in record.data else _settled(line, record)
        case _:
            return line


def _event(record: Record) -> Message:
    said = {name: value for name, value in record.data.items() if name not in {"private", "person"}}
    return Message(
        id=line_id(record) or "",
        conversation=record.stream,
        seq=record.seq,
        kind="event",
        direction="in" if record.by.kind == "person" else "out",
        author=Author(kind=record.by.kind, id=record.by.id, name=record.by.name),
        account=record.account,
        received_at=record.at,
        sent_at=record.at,
        status="received" if record.by.kind == "person" else "sent",
        event={"kind": record.kind.split(".", 1)[1], **said},
    )


def _settled(line: Message, record: Record) -> Message:
    ids = tuple(record.data["provider_ids"])
    receipts = dict(line.receipts)
    if record.data["status"] == "sent":
        for provider_id in ids:
            receipts.setdefault(provider_id, "sent")
    update: dict[str, Any] = {"provider_ids": ids, "receipts": receipts}
    if "sent_at" in record.data:
        update["sent_at"] = time(record.data["sent_at"])
    return _raise(line.model_copy(update=update), record.data["status"], record.data["failure"])


def _receipt(line: Message, record: Record) -> Message:
    known, told = line.receipts.get(record.data["provider_id"]), record.data["status"]
    if known is not None and RANK[known] >= RANK[told]:
        return line
    line = line.model_copy(update={"receipts": {**line.receipts, record.data["provider_id"]: told}})
    if line.sent_at is None:  # word of the provider overtook our own note, or a part never went out
        return line
    return _raise(line, told, record.data["failure"])


def _raise(line: Message, status: Status, failure: Mapping[str, Any] | None) -> Message:
    """The line at its new status, which only ever rises; of several parts the lowest counts, but for a failed one."""
    told = [line.receipts.get(provider_id, "sent") for provider_id in line.provider_ids]
    if status in {"sent", "delivered", "read"} and told:
        status = "failed" if "failed" in told else min(told, key=RANK.__getitem__)
    if RANK[status] < RANK[line.status]:
        return line
    keeps = status in {"failed", "uncertain"}
    found = (
        (Failure.model_validate(failure) if failure else line.failure or Failure(reason="unknown")) if keeps else None
    )
    return line.model_copy(update={"status": status, "failure": found})


# Conversations.


def apply(conversation: Conversation | None, record: Record) -> Conversation | None:
    """The conversation after one more of its records. A record that it has seen already changes nothing."""
    if conversation is not None and record.seq <= conversation.seq:
        return conversation
    match record.kind:
        case "message.received":
            after = _received(conversation, record)
        case "identity.blocked" | "identity.unblocked" | "identity.opted_out" | "identity.opted_in":
            after = _reached(conversation, record)
        case _ if conversation is None:
            return None
        case "message.queued":
            after = _replied(conversation, record)
        case "conversation.read":
            after = conversation.model_copy(
                update={"unread": record.data["unread"], "read_up_to": time(record.data["read_up_to"])},
            )
        case kind if kind.startswith("conversation."):
            after = _changed(conversation, record)
        case kind if kind.startswith("message."):
            after = _news(conversation, record)
        case _:
            after = conversation
    return after.model_copy(update={"seq": record.seq, "updated_at": record.at})


def _new(record: Record, person: PersonRef, status: ConversationStatus) -> Conversation:
    return Conversation(
        id=record.stream,
        brand=record.brand,
        person=person,
        status=status,
        opened_at=record.at,
        updated_at=record.at,
    )


def _received(before: Conversation | None, record: Record) -> Conversation:
    message = apply_to_line(None, record)
    assert message is not None  # noqa: S101 - a received message always makes its line
    assert message.account is not None and message.identity is not None  # noqa: S101, PT018
    at = record.received_at or record.at
    person = PersonRef(id=message.author.id, name=message.author.name, identities=(message.identity,))
    was = before or _new(record, person, "open")
    came_by = reach_key(message.account, message.identity)
    newest = is_newest(was, message)
    update: dict[str, Any] = {
        "status": "open",
        "snoozed_until": None,
        "person": _known(was.person, message.author.name, message.identity),
        "unread": was.unread + (was.read_up_to is None or message.shown_at > was.read_up_to),
        "unanswered_since": was.unanswered_since or at,
        "last_inbound_at": {**was.last_inbound_at, came_by: at},
    }
    if was.status == "resolved":
        update["opened_at"] = at
    if was.status != "open":
        update["revision"] = was.revision + 1
    if was.reach.get(came_by, Reach()).blocked:  # who writes has let us in again
        update["reach"] = {**was.reach, came_by: was.reach[came_by].model_copy(update={"blocked": False})}
    if newest:
        update |= {"last_message": message}
    if newest or was.account is None:
        update |= {"account": message.account, "channel": message.channel, "identity": message.identity}
    return was.model_copy(update=update)


def is_newest(conversation: Conversation, message: Message) -> bool:
    """Whether a message stands after the last one we show."""
    last = conversation.last_message
    return last is None or (message.shown_at, message.order, message.id) >= (last.shown_at, last.order, last.id)


def _known(person: PersonRef, name: str, identity: str) -> PersonRef:
    identities = person.identities if identity in person.identities else (*person.identities, identity)
    return PersonRef(id=person.id, name=name or person.name, identities=identities)


def _reached(before: Conversation | None, record: Record) -> Conversation:
    told = record.data
    person = PersonRef(id=told["person"]["id"], name=told["person"]["name"], identities=(told["identity"],))
    was = before or _new(record, person, "resolved")
    key = reach_key(told["account"], told["identity"])
    change = {
        "blocked": {"blocked": True},
        "unblocked": {"blocked": False},
        "opted_out": {"opted_out": True},
        "opted_in": {"opted_out": False},
    }[told["change"]]
    reach = was.reach.get(key, Reach()).model_copy(update=change)
    update: dict[str, Any] = {"reach": {**was.reach, key: reach}}
    if was.account is None:
        update |= {"account": told["account"], "channel": told["channel"], "identity": told["identity"]}
    return was.model_copy(update=update)


def _replied(was: Conversation, record: Record) -> Conversation:
    message = apply_to_line(None, record)
    assert message is not None  # noqa: S101 - a queued message always makes its line
    update: dict[str, Any] = {"unread": 0, "unanswered_since": None, "read_up_to": record.at}
    if was.unanswered_since is not None:
        update["answering"] = {**was.answering, message.id: was.unanswered_since}
    if is_newest(was, message):
        update["last_message"] = message
    return was.model_copy(update=update)


def _news(was: Conversation, record: Record) -> Conversation:
    """A message's status or text changed: the last line shows it, and a failed answer is owed again."""
    update: dict[str, Any] = {}
    about = line_id(record)
    if was.last_message is not None and was.last_message.id == about:
        update["last_message"] = apply_to_line(was.last_message, record)
    owed = was.answering.get(about or "")
    if owed is not None and record.kind in {"message.sent", "message.failed"}:
        update["answering"] = {message: since for message, since in was.answering.items() if message != about}
        if record.kind == "message.failed":
            update["unanswered_since"] = min(owed, was.unanswered_since or owed)
    return was.model_copy(update=update)


def _changed(was: Conversation, record: Record) -> Conversation:
    said = record.data
    update: dict[str, Any] = {"revision": was.revision + 1}
    for name in ("status", "priority"):
        if name in said:
            update[name] = said[name]
    if "snoozed_until" in said:
        update["snoozed_until"] = time(said["snoozed_until"])
    if "labels" in said:
        update["labels"] = tuple(said["labels"])
    if "assignee" in said:
        update["assignee"] = None if said["assignee"] is None else Assignee.model_validate(said["assignee"])
    if said.get("status") == "resolved":
        update["unanswered_since"] = None
    return was.model_copy(update=update)


# People.


def apply_to_person(person: Person | None, record: Record) -> Person | None:
    """The person after a record in which they speak for themselves."""
    if record.kind == "message.received":
        said = record.data["message"]
        who, name, identity = said["author"]["id"], said["author"]["name"], said["identity"]
    elif record.kind.startswith("identity."):
        who, name = record.data["person"]["id"], record.data["person"]["name"]
        identity = record.data["identity"]
    else:
        return person
    if person is None:
        return Person(
            id=who,
            brand=record.brand,
            name=name,
            identities=(identity,),
            conversation=record.stream,
            created_at=record.at,
            updated_at=record.at,
        )
    identities = person.identities if identity in person.identities else (*person.identities, identity)
    if (name or person.name, identities) == (person.name, person.identities):
        return person
    return person.model_copy(update={"name": name or person.name, "identities": identities, "updated_at": record.at})
