"""What we keep, as the API shows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from agent_api.auth import Signed
from gateway.ports import Files
from normalizer.model import Conversation, Media, Message, Person, rfc3339

INNER = {
    "revision", "answering", "reach", "last_inbound_at", "read_up_to", "identity", "last_message",
}  # fmt: skip
"""Fields of a conversation that only decisions need."""


def session(signed: Signed) -> dict[str, Any]:
    """Who somebody is."""
    by = signed.caller.by
    found = {"id": by.id, "kind": by.kind, "name": by.name}
    known = {"email": signed.email, "role": signed.role} if signed.session else {}
    return {**found, **known, "scopes": signed.scopes, "brands": signed.caller.brands}


def message(line: Message) -> dict[str, Any]:
    """A line."""
    return line.model_dump(mode="json", exclude={"receipts"})


async def lines(files: Files, found: Iterable[Message]) -> list[dict[str, Any]]:
    """Lines, with the type and size of every file that has been fetched as it was found to be."""
    return [message(await _with_files(files, line)) for line in found]


async def _with_files(files: Files, line: Message) -> Message:
    if not any(isinstance(part, Media) and part.media for part in line.parts):
        return line
    parts = list(line.parts)
    for index, part in enumerate(parts):
        if isinstance(part, Media) and part.media:
            file = await files.file(part.media)
            if file is not None and file.state == "kept":
                parts[index] = part.model_copy(update={"mime": file.mime or part.mime, "size": file.size})
    return line.model_copy(update={"parts": tuple(parts)})


def conversation(found: Conversation, answer_within: timedelta) -> dict[str, Any]:
    """A conversation. No channel of ours has a reply window yet: it is always open."""
    owed = found.unanswered_since
    return {
        **found.model_dump(mode="json", exclude=INNER),
        "reply_window": {"open": True, "closes_at": None},
        "due_at": None if owed is None else rfc3339(owed + answer_within),
        "last_message": None if found.last_message is None else message(found.last_message),
    }


def person(found: Person) -> dict[str, Any]:
    """A customer."""
    return found.model_dump(mode="json")
