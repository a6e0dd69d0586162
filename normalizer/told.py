"""What a provider told us: the one record that an event makes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from normalizer import fit
from normalizer.decision import Channel, Place, Stamp, View
from normalizer.event import (
    Echoed,
    IdentityChanged,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReachChanged,
    Reacted,
    ReceiptReceived,
)
from normalizer.model import RANK, Author, Choice, Conversation, Failure, Media, Message, Part, Text, reach_key, rfc3339
from normalizer.optouts import learned
from normalizer.record import Draft, RecordKind

_PICTURE = "image/jpeg"
"""What a person's picture is, as long as nobody has looked."""


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
        "received_at": rfc3339(stamp.arrived or stamp.at),
        "order": event.order,
        "status": "received",
        "failure": None,
        "reactions": [],
        "edited_at": None,
        "deleted_at": None,
    }
    private = {} if parts is event.parts else files(event.parts, parts)
    if event.raw is not None:
        private["raw"] = event.raw
    if event.quote:
        message["quote"] = event.quote
    if event.album:
        message["album"] = event.album
    data: dict[str, Any] = {"message": message, "private": private} if private else {"message": message}
    if event.referral is not None:
        message["referral"] = event.referral.model_dump()
    if event.aliases:
        data["aliases"] = list(event.aliases)
    if event.window_until is not None:
        data["window_until"] = rfc3339(event.window_until)
    return _told("message.received", event.id, channel, stamp, data)


def echoed(
    event: Echoed, place: Place, channel: Channel, stamp: Stamp, message_id: str, parts: Sequence[Part]
) -> Draft:
    """A message of our side that another tool sent. ``parts`` are the event's, with files as ``keep_files`` names them."""
    message = Message(
        id=message_id,
        direction="out",
        author=Author(kind="bot", id="echo", name=event.name),
        account=channel.account,
        channel=channel.channel,
        identity=event.identity,
        parts=tuple(parts),
        provider_ids=event.provider_ids,
        sent_at=event.sent_at,
        received_at=stamp.at,
        order=event.order,
        status="sent",
        receipts=dict.fromkeys(event.provider_ids, "sent"),
    )
    private = files(event.parts, parts)
    data = {"message": message.model_dump(mode="json"), "person": place.person}
    if private:
        data["private"] = private
    return _told("message.echoed", event.id, channel, stamp, data)


def identity_changed(event: IdentityChanged, place: Place, channel: Channel, stamp: Stamp) -> Draft:
    """The provider names a person anew."""
    data = {
        "person": {"id": place.person, "name": ""},
        "identity": event.identity,
        "previous": event.previous,
        "aliases": list(event.aliases),
        "account": channel.account,
        "channel": channel.channel,
        "at": rfc3339(event.at),
    }
    if event.previous_aliases:
        data["previous_aliases"] = list(event.previous_aliases)
    return _told("identity.changed", event.id, channel, stamp, data)


class Pictured(NamedTuple):
    """A person's picture: our id of the file, and the provider's name of it. ``version`` is another one with each.

    Without a file there is none any more.
    """

    media: str | None
    ref: str = ""
    version: str = ""


def named(
    identity: str, name: str, place: Place, channel: Channel, stamp: Stamp, picture: Pictured | None = None
) -> Draft:
    """The provider told somebody's name, or which picture is theirs now; the same once a day at most."""
    person: dict[str, Any] = {"id": place.person, "name": name}
    data = {"person": person, "identity": identity, "account": channel.account, "channel": channel.channel}
    what = name
    if picture is not None:
        what = f"{name}:{picture.version or 'none'}"
        person["picture"] = picture.media
        files = {picture.media: {"ref": picture.ref, "mime": _PICTURE, "name": ""}} if picture.media else {}
        data["private"] = {"version": picture.version, **({"files": files} if files else {})}
    return _told("identity.named", f"named:{identity}:{what}:{stamp.at:%Y-%m-%d}", channel, stamp, data)


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


def picked(conversation: Conversation | None, parts: Sequence[Part]) -> tuple[Part, ...] | None:
    """What a customer wrote, as the answer to a question that went out with numbers for buttons; None if it is none."""
    if conversation is None or not conversation.numbered or len(parts) != 1 or not isinstance(parts[0], Text):
        return None
    option = fit.picked(parts[0].text, conversation.numbered)
    return (Choice(id=option.id, label=option.label, of=conversation.numbered_by),) if option else None


def asked_by(parts: Sequence[Part], found: Mapping[Choice, str | None]) -> tuple[Part, ...]:
    """The parts with every ``Choice``'s ``of`` naming the message that asked, or nothing if it is not ours."""
    return tuple(
        part.model_copy(update={"of": found.get(part) or ""}) if isinstance(part, Choice) else part for part in parts
    )


def edited(
    view: View, event: MessageEdited, channel: Channel, stamp: Stamp, message_id: str, parts: Sequence[Part]
) -> Draft | None:
    """A customer's change of a message; None when nothing that we show has changed, or a newer version is known."""
    message = view.message(message_id)
    if message is None or message.deleted_at or (message.edited_at and message.edited_at > event.edited_at):
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


def deleted(view: View, event: MessageDeleted, channel: Channel, stamp: Stamp, message_id: str) -> Draft | None:
    """A customer took a message back; None when it is gone already."""
    message = view.message(message_id)
    if message is None or message.deleted_at is not None:
        return None
    return _told("message.deleted", event.id, channel, stamp, {"message": message_id, "at": rfc3339(event.at)})


def reacted(view: View, event: Reacted, channel: Channel, stamp: Stamp, message_id: str) -> Draft | None:
    """A customer's emojis on a message; None when nothing changes, or something newer is known."""
    message = view.message(message_id)
    if message is None or message.deleted_at is not None:
        return None
    known = message.reacted.get(stamp.by.id)
    now = {one.emoji for one in message.reactions if one.by.id == stamp.by.id}
    if (known is not None and known > event.at) or now == set(event.emojis):
        return None
    data = {
        "message": message_id,
        "identity": event.identity,
        "by": {"kind": stamp.by.kind, "id": stamp.by.id, "name": stamp.by.name},
        "emojis": list(dict.fromkeys(event.emojis)),
        "at": rfc3339(event.at),
    }
    return _told("message.reacted", event.id, channel, stamp, data)


def is_news(view: View, event: ReachChanged, channel: Channel) -> bool:
    """Whether a change of reach changes anything: many say "yes" over and over who never said "stop".

    The first one counts all the same: we may yet learn of a stop from before it.
    """
    if event.change != "opted_in":
        return True
    found = view.conversation
    reach = found.reach.get(reach_key(channel.account, event.identity)) if found else None
    return reach is None or reach.opted_out or reach.opted_out_at is None


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
    """The provider's later word on a message of ours; None when it says nothing new.

    One that only opens the reply window for longer says again what is known of the message: its own word may be old.
    """
    message = view.message(message_id)
    if message is None or message.direction != "out":
        return None
    known, window = message.receipts.get(event.provider_id), _longer(view, event, channel, message)
    status, failure = event.status, event.failure
    stop = learned(message, failure, event.at or message.sent_at or message.received_at) if status == "failed" else {}
    if known is not None and RANK[known] >= RANK[event.status]:
        if not window:
            return None
        stop, status, failure = {}, known, message.failure  # type: ignore[assignment] # receipts hold nothing but their words
    told_failure = failure or Failure(reason="unknown")
    data = {
        "message": message_id,
        "provider_id": event.provider_id,
        "status": status,
        "failure": told_failure.model_dump(mode="json") if status == "failed" else None,
        **window,
        **stop,
    }
    return _told(f"message.{status}", event.id, channel, stamp, data)  # type: ignore[arg-type] # a RecordKind each


def _longer(view: View, event: ReceiptReceived, channel: Channel, message: Message) -> dict[str, Any]:
    """For whom the reply window is open for longer than was known, and until when; nothing if it is not."""
    found, until = view.conversation, event.window_until
    if found is None or until is None or not message.identity:
        return {}
    known = found.free_until.get(reach_key(channel.account, message.identity))
    longer = known is None or until > known
    return {"identity": message.identity, "window_until": rfc3339(until)} if longer else {}


def _told(kind: RecordKind, event_id: str, channel: Channel, stamp: Stamp, data: dict[str, Any]) -> Draft:
    key, at = f"{channel.account}:{event_id}", stamp.at
    arrived = stamp.arrived or at
    return Draft(stamp.id, key, kind, stamp.brand, stamp.by, at, channel.account, stamp.cause, arrived, data)
