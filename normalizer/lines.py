"""The lines of a conversation: what the records about one add up to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from normalizer import amending
from normalizer.model import RANK, Author, Failure, Message
from normalizer.record import Record

_EVENTS = {
    "conversation.opened", "conversation.pending", "conversation.snoozed", "conversation.resolved",
    "conversation.assigned", "conversation.changed", "identity.blocked", "identity.unblocked", "identity.opted_out",
    "identity.opted_in", "identity.changed",
}  # fmt: skip
_SAID = {"message.received", "message.queued", "message.echoed", "note.added"}
_UNKNOWN = Failure(reason="unknown")


def time(value: str | None) -> datetime | None:
    """A time as records write it."""
    return None if value is None else datetime.fromisoformat(value)


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
        return line or Message.model_validate({**said, "conversation": record.stream, "seq": record.seq})
    if record.kind in _EVENTS:
        return _event(record)
    if line is None:
        return None
    match record.kind:
        case "message.edited" | "message.deleted" | "message.reacted":
            return _within(amending.amended(line, record))
        case "message.sent" | "message.failed" | "message.uncertain" | "message.delivered" | "message.read":
            return _within(_receipt(line, record) if "provider_id" in record.data else _settled(line, record))
        case _:
            return line


def _within(line: Message) -> Message:
    """The line with a failure of a part that it has: it may have been changed to fewer since."""
    last = max(len(line.parts) - 1, 0)
    if line.failure is None or line.failure.part <= last:
        return line
    return line.model_copy(update={"failure": line.failure.model_copy(update={"part": last})})


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
    said = record.data
    line = line.model_copy(update={"provider_ids": max(line.provider_ids, tuple(said["provider_ids"]), key=len)})
    if RANK[said["status"]] < RANK[line.status]:
        return line
    if said["status"] == "sent":
        receipts = {**dict.fromkeys(line.provider_ids, "sent"), **line.receipts}
        return _judged(line.model_copy(update={"receipts": receipts, "sent_at": time(said["sent_at"])}), None)
    return line.model_copy(
        update={"status": said["status"], "failure": Failure.model_validate(said["failure"] or _UNKNOWN)}
    )


def _receipt(line: Message, record: Record) -> Message:
    known, told = line.receipts.get(record.data["provider_id"]), record.data["status"]
    if known is not None and RANK[known] >= RANK[told]:
        return line
    line = line.model_copy(update={"receipts": {**line.receipts, record.data["provider_id"]: told}})
    if line.sent_at is None:  # a part never went out, or nobody knows: what is told of the others changes nothing yet
        return line
    return _judged(line, record.data["failure"])


def _judged(line: Message, failure: Mapping[str, Any] | None) -> Message:
    """A message that went out whole, at the lowest status of its parts; failed while one of them is."""
    told = [line.receipts[provider_id] for provider_id in line.provider_ids] or [*line.receipts.values()] or ["sent"]
    if "failed" not in told:
        return line.model_copy(update={"status": min(told, key=RANK.__getitem__), "failure": None})
    known = [line.failure] if line.failure and line.status == "failed" else []
    news = [Failure.model_validate(failure)] if failure else []
    found = min([*known, *news] or [_UNKNOWN], key=lambda one: (one.reason == "unknown", one.model_dump_json()))
    if len(told) == len(line.parts):
        found = found.model_copy(update={"part": told.index("failed")})
    return line.model_copy(update={"status": "failed", "failure": found})
