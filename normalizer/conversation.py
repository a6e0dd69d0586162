"""What an agent asked for: replies, notes, claims and changes, each at most one record. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from normalizer.decision import Refusal, Stamp, View, done, existing
from normalizer.model import Assignee, Author, Conversation, Message, Option, Part, Reach, Text, reach_key, rfc3339
from normalizer.record import By, Draft, RecordKind
from normalizer.windows import Window, closes_at, standing

_ALWAYS: Mapping[str, Window] = {}


@dataclass(frozen=True, slots=True)
class Asked:
    """A reply as an agent asked for it. ``via`` is an account; None is where the person last wrote.

    ``numbered`` are the answers, by number, to a question in it that goes without buttons.
    """

    message_id: str
    parts: tuple[Part, ...]
    key: str
    request: str | None = None
    via: str | None = None
    reply_to: str | None = None
    client_ref: str | None = None
    resend_of: str | None = None
    numbered: tuple[Option, ...] = ()


def route(conversation: Conversation, via: str | None) -> tuple[str, str]:
    """The account and the identity that a reply goes to; raises Refusal when the person never wrote there."""
    if via is None or via == conversation.account:
        if conversation.account is None or conversation.identity is None:
            raise Refusal("unreachable", "this person has not written to us yet")
        return conversation.account, conversation.identity
    newest = sorted(
        (at, key.split(" ", 1)[1]) for key, at in conversation.last_inbound_at.items() if key.startswith(f"{via} ")
    )
    if not newest:
        raise Refusal("unreachable", f"this person has not written to {via}", "/via")
    return via, newest[-1][1]


def reply(
    view: View, asked: Asked, stamp: Stamp, channels: Mapping[str, str], windows: Mapping[str, Window] = _ALWAYS
) -> Draft:
    """An agent's message, queued. ``channels`` names each account's connector, ``windows`` the reply windows of those

    accounts that have one. Raises Refusal.
    """
    conversation = existing(view)
    account, identity = route(conversation, asked.via)
    if account not in channels:
        raise Refusal("unreachable", f"the account {account} is not configured any more", "/via" if asked.via else "")
    _reachable(conversation.reach.get(reach_key(account, identity), Reach()))
    _in_time(conversation, account, identity, windows.get(account), stamp, asked.parts)
    quoted = None if asked.reply_to is None else view.message(asked.reply_to)
    if asked.reply_to is not None and (quoted is None or quoted.kind != "message"):
        raise Refusal("invalid", "no such message in this conversation", "/reply_to")
    message = Message(
        id=asked.message_id,
        direction="out",
        author=_author(stamp.by),
        account=account,
        channel=channels[account],
        identity=identity,
        parts=asked.parts,
        reply_to=asked.reply_to,
        client_ref=asked.client_ref,
        resend_of=asked.resend_of,
        received_at=stamp.at,
        status="queued",
    )
    data: dict[str, Any] = {"message": message.model_dump(mode="json")}
    if asked.numbered:
        data["private"] = {"numbered": [option.model_dump() for option in asked.numbered]}
    return done("message.queued", asked.key, stamp, data, account, asked.request)


def _in_time(
    conversation: Conversation, account: str, identity: str, window: Window | None, stamp: Stamp, parts: Sequence[Part]
) -> None:
    """Whether the channel's reply window lets this through; a template passes always. Raises Refusal."""
    stands = standing(conversation, account, identity, window, stamp.at)
    if stands == "open" or (stands == "late" and stamp.by.kind == "agent"):
        return
    free = [index for index, part in enumerate(parts) if part.kind != "template"]
    if free:
        late = stands == "late"
        detail = "the reply window is closed; a template may be sent" + (", and an agent's own words" if late else "")
        may = {"may_send": ["template"], "closed_at": _shown(closes_at(conversation, account, identity, window))}
        raise Refusal("window_closed", detail, f"/parts/{free[0]}", about=may)


def _shown(time: datetime | None) -> str | None:
    return None if time is None else rfc3339(time)


def _reachable(reach: Reach) -> None:
    if reach.opted_out:
        raise Refusal("opted_out", "this person asked not to be written to on this channel")
    if reach.blocked:
        raise Refusal("unreachable", "this person has blocked the account")


def missing_parts(message: Message) -> tuple[Part, ...]:
    """The parts of a failed or uncertain message that are not known to have gone out, or whose receipt says failed."""
    stopped = message.failure.part if message.failure else 0
    tried = stopped if message.sent_at is None else len(message.parts)
    if len(message.provider_ids) != tried:  # nobody can say which id is whose
        return message.parts[stopped:]
    told = [message.receipts.get(provider_id) for provider_id in message.provider_ids]
    lost = (part for part, status in zip(message.parts, told, strict=False) if status == "failed")
    return (*lost, *message.parts[tried:])


def note(view: View, stamp: Stamp, message_id: str, text: str, key: str, request: str | None) -> Draft:
    """An agent's private remark. It has no account, so nothing can send it."""
    existing(view)
    line = Message(
        id=message_id,
        kind="note",
        direction="out",
        author=_author(stamp.by),
        parts=(Text(text=text),),
        received_at=stamp.at,
        sent_at=stamp.at,
        status="sent",
    )
    return done("note.added", key, stamp, {"message": line.model_dump(mode="json")}, request=request)


def changed(view: View, stamp: Stamp, changes: Mapping[str, Any], revision: int | None) -> Draft | None:
    """A PATCH: JSON values by field; None when nothing differs. Raises Refusal ``stale`` for an old ``revision``."""
    conversation = existing(view)
    if revision is not None and revision != conversation.revision:
        raise Refusal("stale", f"the conversation has changed since; it is at revision {conversation.revision}")
    now = conversation.model_dump(mode="json")
    new = {field: value for field, value in changes.items() if now[field] != value}
    if new.get("status", conversation.status) != "snoozed" and conversation.snoozed_until and "status" in new:
        new["snoozed_until"] = None
    return done(_change_kind(new), stamp.id, stamp, new) if new else None


def _change_kind(new: Mapping[str, Any]) -> RecordKind:
    match new:
        case {"status": "open"}:
            return "conversation.opened"
        case {"status": "pending"}:
            return "conversation.pending"
        case {"status": "snoozed"} | {"snoozed_until": str()}:
            return "conversation.snoozed"
        case {"status": "resolved"}:
            return "conversation.resolved"
        case {"assignee": _}:
            return "conversation.assigned"
        case _:
            return "conversation.changed"


def claimed(view: View, stamp: Stamp, key: str, request: str | None) -> Draft | None:
    """Assigns to whoever asks; None when it is theirs already. Raises Refusal ``already_claimed`` with the owner."""
    conversation = existing(view)
    mine = Assignee(kind="bot" if stamp.by.kind == "bot" else "agent", id=stamp.by.id, name=stamp.by.name)
    if conversation.assignee is not None:
        if (conversation.assignee.kind, conversation.assignee.id) == (mine.kind, mine.id):
            return None
        owner = conversation.assignee
        raise Refusal("already_claimed", f"{owner.name or owner.id} has it", about={"owner": owner.model_dump()})
    data = {"assignee": mine.model_dump(mode="json")}
    return done("conversation.assigned", key, stamp, data, request=request)


def read(view: View, stamp: Stamp, up_to: str) -> Draft | None:
    """An agent has read the conversation up to a message; None when nothing changes."""
    conversation = existing(view)
    message = view.message(up_to)
    if message is None:
        raise Refusal("invalid", "no such message in this conversation", "/up_to")
    unread = view.unread_after(message)
    if unread >= conversation.unread:
        return None
    data = {"up_to": up_to, "read_up_to": rfc3339(message.shown_at), "unread": unread}
    return done("conversation.read", stamp.id, stamp, data)


def _author(by: By) -> Author:
    return Author(kind=by.kind, id=by.id, name=by.name)
