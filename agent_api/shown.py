"""What we keep, as the API shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent_api.auth import Signed
from agent_api.inside import Inside
from gateway.ports import Files, KeptFile, Look
from normalizer.model import Conversation, Media, Message, Person, rfc3339
from normalizer.windows import closes_at, standing

INNER = {
    "revision", "answering", "reach", "last_inbound_at", "free_until", "touched_at", "read_up_to", "identity", "last_message",
    "numbered", "numbered_by",
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
    return line.model_dump(mode="json", exclude={"receipts", "reacted"})


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
                parts[index] = part.model_copy(update=_found(file, part))
    return line.model_copy(update={"parts": tuple(parts)})


def _found(file: KeptFile, part: Media) -> dict[str, Any]:
    """What is known of a file now: what we saw ourselves first, then what the provider said."""
    look = file.look or Look()
    return {
        "mime": file.mime or part.mime,
        "size": file.size,
        "width": look.width or part.width,
        "height": look.height or part.height,
        "duration": look.duration or part.duration,
    }


def conversation(found: Conversation, inside: Inside) -> dict[str, Any]:
    """A conversation."""
    answer_within, owed = inside.answer_within, found.unanswered_since
    return {
        **found.model_dump(mode="json", exclude=INNER),
        "reply_window": reply_window(found, inside),
        "due_at": None if owed is None else rfc3339(owed + answer_within),
        "last_message": None if found.last_message is None else message(found.last_message),
    }


def reply_window(found: Conversation, inside: Inside) -> dict[str, Any]:
    """Whether free text may be sent to where the person last wrote from, and until when."""
    account = inside.accounts.get(found.account or "")
    window = account.connector.window if account else None
    if account is None or window is None:
        return {"open": True, "closes_at": None}
    whose = account.name, found.identity or ""
    closes = closes_at(found, *whose, window)
    is_open = standing(found, *whose, window, inside.clock.now()) == "open"
    return {"open": is_open, "closes_at": None if closes is None else rfc3339(closes)}


def person(found: Person) -> dict[str, Any]:
    """A customer."""
    return found.model_dump(mode="json", exclude={"picture_version"})
