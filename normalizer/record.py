"""The record: one line of the log per thing that happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

VERSION = 1
"""Of the records that this program writes."""

RecordKind = Literal[
    "message.received", "message.edited", "message.queued", "message.deferred", "message.sent", "message.failed",
    "message.uncertain", "message.delivered", "message.read", "message.reacted", "message.deleted", "message.echoed", "note.added", "conversation.opened",
    "conversation.pending", "conversation.snoozed", "conversation.resolved", "conversation.assigned",
    "conversation.changed", "conversation.read", "identity.blocked", "identity.unblocked", "identity.opted_out",
    "identity.opted_in", "identity.changed", "identity.named",
]  # fmt: skip


class By(NamedTuple):
    """Who caused a record: a person, an agent, a bot (an API key), or the system."""

    kind: Literal["person", "agent", "bot", "system"]
    id: str
    name: str = ""


_NOTHING: Mapping[str, Any] = {}


class Draft(NamedTuple):
    """A record before the store has numbered it.

    ``key`` makes it unique in the store. ``data`` holds JSON values only. ``request`` is a digest of the call that
    asked for it, by which a repeated Idempotency-Key with another body is told from a true repeat.
    """

    id: str
    key: str
    kind: RecordKind
    brand: str
    by: By
    at: datetime
    account: str | None = None
    cause: str | None = None
    received_at: datetime | None = None
    data: Mapping[str, Any] = _NOTHING
    request: str | None = None


class Record(NamedTuple):
    """What we keep. ``seq`` numbers a stream without gaps from 1; ``feed`` numbers the whole store."""

    feed: int
    id: str
    stream: str
    seq: int
    key: str
    kind: str
    brand: str
    account: str | None
    by: By
    cause: str | None
    at: datetime
    received_at: datetime | None
    data: Mapping[str, Any]
    request: str | None = None
    v: int = VERSION


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: dict[int, Upcaster] = {}
"""Per version of a record: what makes its data that of the next version."""


def upcast(v: int, data: dict[str, Any], upcasters: Mapping[int, Upcaster] = UPCASTERS) -> dict[str, Any]:
    """A record's data as this version reads it. A newer version is read as it is: unknown fields are ignored."""
    for version in range(v, VERSION):
        data = upcasters[version](data)
    return data
