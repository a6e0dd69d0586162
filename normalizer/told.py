"""What a provider told us: the one record that an event makes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from normalizer.decision import Channel, Place, Stamp, View
from normalizer.event import MessageEdited, MessageReceived, ReachChanged, ReceiptReceived
from normalizer.model import RANK, Choice, Failure, Media, Part, rfc3339
from normalizer.record import Draft, RecordKind


def received(
    event: MessageReceived,
    place: Place,
    channel: Channel,
    stamp: Stamp,
    message_id: str,
    parts: Sequence[Part],
    reply_to: str | None,
) -> Draft:
    """A customer's message. ``parts`` are the event's, with every file given an id by ``keep_files``."""
    # The JSON of a ``Message``, written out: every webhook pays for this step, and the model would cost five times more.
    message = {
        "id": message_id,
        "conversation": "",
        "seq": 0,
        "kind": "message",
        "direction": "in",
        "author": {"kind": "person", "id": place.person, "name": event.name},
        "account": channel.account,
        "channel": channel.channel,
        "identity": event.identity,
        "parts": [part.model_dump(mode="json") for part in parts],
        "provider_ids": list(event.provider_ids),
        "reply_to": reply_to,
        "client_ref": None,
        "resend_of": None,
        "sent_at": rfc3339(event.sent_at),
        "received_at": rfc3339(stamp.at),
        "order": event.order,
        "status": "received",
        "failure": None,
        "reactions": [],
        "edited_at": None,
        "deleted_at": None,
    }
    private = files(event.parts, parts)
    if event.raw is not None:
        private["raw"] = event.raw
    data: dict[str, Any] = {"message": message}
    if private:
        data["private"] = private
    return _told("message.received", event.id, channel, stamp, data)


def keep_files(parts: Sequence[Part], new_ids: Sequence[str]) -> tuple[Part, ...]:
    """The parts with the provider's names of files replaced by ids of ours, taken from ``new_ids`` in order."""
    ids = iter(new_ids)
    return tuple(
        part.model_copy(update={"media": next(ids), "ref": ""}) if isinstance(part, Media) and part.ref else part
        for part in parts
    )


def files(told: Sequence[Part], kept: Sequence[Part]) -> dict[str, Any]:
    """Per id of ours, the provider's own name of the file: what the fetcher needs, and nobody else."""
    found = {
        after.media: {"ref": before.ref, "mime": before.mime, "name": before.name}
        for before, after in zip(told, kept, strict=True)
        if isinstance(before, Media) and isinstance(after, Media) and before.ref
    }
    return {"files": found} if found else {}


def asked_by(parts: Sequence[Part], message_id: str | None) -> tuple[Part, ...]:
    """The parts with a ``Choice``'s ``of`` naming the message that asked, or nothing if it is not ours."""
    return tuple(
        part.model_copy(update={"of": message_id or ""}) if isinstance(part, Choice) and part.of else part
        for part in parts
    )


def edited(
    view: View, event: MessageEdited, channel: Channel, stamp: Stamp, message_id: str, parts: Sequence[Part]
) -> Draft | None:
    """A customer's change of a message; None when nothing that we show has changed, or a newer version is known."""
    message = view.message(message_id)
    if message is None or (message.edited_at is not None and message.edited_at > event.edited_at):
        return None
    if not message.edited_at and _shown(message.parts) == _shown(parts):
        return None
    private = files(event.parts, parts)
    if event.raw is not None:
        private["raw"] = event.raw
    data = {
        "message": message_id,
        "parts": [part.model_dump(mode="json") for part in parts],
        "edited_at": rfc3339(event.edited_at),
    } | ({"private": private} if private else {})
    return _told("message.edited", event.id, channel, stamp, data)


def _shown(parts: Sequence[Part]) -> list[Part]:
    """Parts without the ids of their files: the same picture is told anew with every edit of its caption."""
    return [part.model_copy(update={"media": ""}) if isinstance(part, Media) else part for part in parts]


def reach_changed(event: ReachChanged, place: Place, channel: Channel, stamp: Stamp) -> Draft:
    """A customer blocked us, let us in, opted out or in."""
    data = {
        "person": {"id": place.person, "name": event.name},
        "identity": event.identity,
        "account": channel.account,
        "channel": channel.channel,
        "change": event.change,
        "at": rfc3339(event.at),
    }
    return _told(f"identity.{event.change}", event.id, channel, stamp, data)  # type: ignore[arg-type] # a RecordKind each


def receipt(view: View, event: ReceiptReceived, channel: Channel, stamp: Stamp, message_id: str) -> Draft | None:
    """The provider's later word on a message of ours; None when it says nothing new."""
    message = view.message(message_id)
    if message is None or message.direction != "out":
        return None
    known = message.receipts.get(event.provider_id)
    if known is not None and RANK[known] >= RANK[event.status]:
        return None
    failure = event.failure or Failure(reason="unknown")
    data = {
        "message": message_id,
        "provider_id": event.provider_id,
        "status": event.status,
        "failure": failure.model_dump(mode="json") if event.status == "failed" else None,
    }
    return _told(f"message.{event.status}", event.id, channel, stamp, data)  # type: ignore[arg-type] # a RecordKind each


def _told(kind: RecordKind, event_id: str, channel: Channel, stamp: Stamp, data: dict[str, Any]) -> Draft:
    return Draft(
        id=stamp.id,
        key=f"{channel.account}:{event_id}",
        kind=kind,
        brand=stamp.brand,
        account=channel.account,
        by=stamp.by,
        cause=stamp.cause,
        at=stamp.at,
        received_at=stamp.at,
        data=data,
    )
