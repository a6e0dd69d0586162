"""What becomes of a line after it was said: changed, taken back, reacted to. Decisions of agents, and their folds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter

from normalizer.decision import Refusal, Stamp, View, done
from normalizer.model import Author, Message, Part, Reaction, rfc3339
from normalizer.record import By, Draft, Record

_parts: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])
OURS = "us"
"""Under this name stands what any of us reacted: at the provider we are one."""


def amended(line: Message, record: Record) -> Message:
    """The line after a ``message.edited``, ``message.deleted`` or ``message.reacted`` about it."""
    if record.kind == "message.deleted":
        gone = {"deleted_at": datetime.fromisoformat(record.data["at"]), "parts": (), "reactions": (), "reacted": {}}
        return line if line.deleted_at else line.model_copy(update=gone)
    if line.deleted_at is not None:
        return line
    return _edited(line, record) if record.kind == "message.edited" else _reacted(line, record)


def _edited(line: Message, record: Record) -> Message:
    at = datetime.fromisoformat(record.data["edited_at"])
    if line.edited_at is not None and line.edited_at > at:
        return line
    return line.model_copy(update={"parts": _parts.validate_python(record.data["parts"]), "edited_at": at})


def _reacted(line: Message, record: Record) -> Message:
    said, at = record.data, datetime.fromisoformat(record.data["at"])
    by = Author.model_validate(said["by"])
    whose = whose_name(by.kind, by.id)
    known = line.reacted.get(whose)
    if known is not None and known > at:
        return line
    others = tuple(one for one in line.reactions if whose_name(one.by.kind, one.by.id) != whose)
    new = tuple(Reaction(emoji=emoji, by=by, at=at) for emoji in said["emojis"])
    return line.model_copy(update={"reactions": (*others, *new), "reacted": {**line.reacted, whose: at}})


def whose_name(kind: str, id: str) -> str:  # noqa: A002 - as in JSON
    """Under which name somebody's reactions stand."""
    return id if kind == "person" else OURS


def may_amend(line: Message | None, what: str) -> Message:
    """A line of ours that is with the customer, whole, under one id per part; raises Refusal for another."""
    if line is None:
        raise Refusal("not_found", "no such message")
    if line.kind != "message" or line.direction != "out":
        raise Refusal("unsupported", f"only a message of ours can be {what}")
    _is_there(line)
    if line.sent_at is None or not line.provider_ids:
        raise Refusal("unsupported", f"this message is {line.status}; only one that was sent can be {what}")
    return line


def may_react(line: Message | None) -> Message:
    """A message at the provider; raises Refusal for another line."""
    if line is None:
        raise Refusal("not_found", "no such message")
    if line.kind != "message" or not line.provider_ids:
        raise Refusal("unsupported", "only a message that the customer sees can be reacted to")
    _is_there(line)
    return line


def _is_there(line: Message) -> None:
    if line.deleted_at is not None:
        raise Refusal("unsupported", "this message was deleted")


def edited(view: View, message_id: str, parts: Sequence[Part], stamp: Stamp) -> Draft | None:
    """We changed a message of ours, at the provider first; None when it is so already."""
    line = view.message(message_id)
    if line is None or line.deleted_at is not None or line.parts == tuple(parts):
        return None
    told = {
        "message": message_id,
        "parts": [part.model_dump(mode="json") for part in parts],
        "edited_at": rfc3339(stamp.at),
    }
    return done("message.edited", stamp.id, stamp, told, line.account)


def deleted(view: View, message_id: str, stamp: Stamp) -> Draft | None:
    """We took a message of ours back, at the provider first; None when it is gone already."""
    line = view.message(message_id)
    if line is None or line.deleted_at is not None:
        return None
    return done("message.deleted", stamp.id, stamp, {"message": message_id, "at": rfc3339(stamp.at)}, line.account)


def reacted(view: View, message_id: str, emojis: Sequence[str], stamp: Stamp) -> Draft | None:
    """We put an emoji on a message, or took ours off; None when it is so already."""
    line = view.message(message_id)
    if line is None or line.deleted_at is not None or _ours(line) == set(emojis):
        return None
    told = {
        "message": message_id,
        "by": _by(stamp.by),
        "emojis": list(emojis),
        "at": rfc3339(stamp.at),
    }
    return done("message.reacted", stamp.id, stamp, told, line.account)


def _ours(line: Message) -> set[str]:
    return {one.emoji for one in line.reactions if one.by.kind != "person"}


def _by(by: By) -> dict[str, str]:
    return {"kind": by.kind, "id": by.id, "name": by.name}
