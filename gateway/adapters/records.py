"""What records say that both stores keep apart from conversations: who speaks, what is to be sent, which files."""

from __future__ import annotations

from gateway.ports import KeptFile
from normalizer.record import Draft, Record

SAID = frozenset({"message.received", "message.queued", "message.echoed", "note.added"})
"""Kinds that make a line; the others change one."""
SETTLED = frozenset({"message.sent", "message.failed", "message.uncertain"})
KNOWN_BY = SETTLED | {"message.received", "message.echoed"}
"""Kinds that may tell a provider's ids of a line."""


def numbered(draft: Draft, stream: str, seq: int, feed: int = 0) -> Record:
    """The draft as the record that it became; without a place in the feed where that is not known yet."""
    id_, key, kind, brand, by, at, account, cause, received_at, data, request = draft
    return Record(feed, id_, stream, seq, key, kind, brand, account, by, cause, at, received_at, data, request)


def speaker(record: Record) -> str | None:
    """The person who speaks for themselves in a record."""
    if record.kind == "message.received":
        found = record.data["message"]["author"]["id"]
    elif record.kind.startswith("identity."):
        found = record.data["person"]["id"]
    else:
        return None
    return found if isinstance(found, str) else None


def settles(record: Record) -> bool:
    """Whether nothing of a message is to be sent any more; a receipt, which names its provider's id, settles nothing."""
    return record.kind in SETTLED and "provider_id" not in record.data


def uploads(record: Record) -> list[str]:
    """Files of ours that a message which is to be sent holds."""
    if record.kind != "message.queued":
        return []
    return [part["media"] for part in record.data["message"]["parts"] if part.get("media")]


def files(record: Record) -> list[KeptFile]:
    """Files that came with a record, still to be fetched."""
    told = record.data.get("private", {}).get("files", {}).items()
    return [
        KeptFile(
            media, record.brand, "pending", record.account or "", record.stream, one["ref"], one["mime"], one["name"]
        )
        for media, one in told
    ]
