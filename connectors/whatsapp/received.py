"""What customers did, to events: they wrote, edited, took back, reacted, changed their number.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.api import Malformed
from connectors.whatsapp.around import Around, read
from connectors.whatsapp.content import content
from connectors.whatsapp.dialect import Edit, Message, Referred
from connectors.whatsapp.people import People, Person
from normalizer.event import Event, IdentityChanged, MessageDeleted, MessageEdited, MessageReceived, Reacted
from normalizer.model import Referral

FREE_ENTRY = timedelta(hours=72)
"""For how long we may write freely to somebody who came by an advertisement or the button of a page."""

NEW_NAME = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
NOT_SAID = frozenset({"customer_identity_changed"})
"""Remarks of WhatsApp about keys, which are no part of a conversation."""

UNNAMED = "unnamed."
"""Opens the name that we give to an item without one: WhatsApp knows nothing by it."""


def received(item: Any, around: Around) -> Event | None:
    """What an item of ``messages`` says; None for what is said in a group. Raises Malformed if it names nobody."""
    said, raw = read(Message, item)
    if said.group_id or (said.system and said.system.type in NOT_SAID):
        return None
    renamed = _renamed(said, raw, around)
    if renamed is not None:
        return renamed
    who = around.people.person(said.sender, said.from_user_id, said.from_parent_user_id)
    if who is None:
        raise Malformed("message: from cannot be read")
    if said.kind == "reaction" and said.reaction:
        return Reacted(
            id=f"reaction:{name_of(said, raw)}",
            to=around.to,
            identity=who.identity,
            name=who.name,
            provider_id=said.reaction.message_id,
            emojis=(said.reaction.emoji,) if said.reaction.emoji else (),
            at=around.time(said.timestamp),
        )
    return changed(said, raw, who, around) or _message(said, raw, who, around)


def name_of(said: Message, raw: Mapping[str, Any]) -> str:
    """The id of a message. One that has none is named by what it says, so that its repetition is known again."""
    return said.id or UNNAMED + hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:32]


def changed(said: Message, raw: Mapping[str, Any], who: Person, around: Around) -> Event | None:
    """An edit or a deletion; None for anything else."""
    if said.kind == "edit" and said.edit:
        return _edited(said, said.edit, raw, who, around)
    if said.kind == "revoke" and said.revoke:
        return MessageDeleted(
            id=f"deletion:{name_of(said, raw)}",
            to=around.to,
            provider_id=said.revoke.original_message_id,
            at=around.time(said.timestamp),
        )
    return None


def _edited(said: Message, edit: Edit, raw: Mapping[str, Any], who: Person, around: Around) -> MessageEdited:
    """The whole new version; an edit has a name of its own."""
    told = edit.message if isinstance(edit.message, dict) else {}
    parts, unread = content(Message.model_validate(told), told)
    return MessageEdited(
        id=f"edit:{name_of(said, raw)}",
        to=around.to,
        identity=who.identity,
        provider_id=edit.original_message_id,
        parts=parts,
        edited_at=around.time(said.timestamp),
        raw=None if unread is None else raw,
    )


def _message(said: Message, raw: Mapping[str, Any], who: Person, around: Around) -> MessageReceived:
    parts, unread = content(said, raw)
    name, sent_at, by = name_of(said, raw), around.time(said.timestamp), said.referral
    is_choice = parts[0].kind == "choice"  # which says itself what it answers
    return MessageReceived(
        id=f"message:{name}",
        to=around.to,
        identity=who.identity,
        name=who.name,
        sent_at=sent_at,
        parts=parts,
        provider_ids=(name,),
        reply_to="" if is_choice else said.context.id,
        aliases=who.aliases,
        window_until=sent_at + FREE_ENTRY if by and (by.ctwa_clid or by.source_type in ("ad", "post")) else None,
        referral=_referral(said),
        raw=unread,
    )


def _referral(said: Message) -> Referral | None:
    """The advertisement, the post or the product that led to the message."""
    by, product = said.referral, said.context.referred_product
    if by is not None and by != Referred():
        return Referral(source=by.source_type or "ad", id=by.source_id, title=by.headline or by.body, url=by.source_url)
    return Referral(source="product", id=product.product_retailer_id) if product else None


def _renamed(said: Message, raw: Mapping[str, Any], around: Around) -> IdentityChanged | None:
    """A change of number, and with it of the user id; None for what is none, or does not say who became whom."""
    change = said.system
    if said.kind != "system" or change is None or change.type not in NEW_NAME:
        return None
    now = People().person(change.wa_id or change.new_wa_id, change.user_id, change.parent_user_id)
    was = People().person(said.sender, change.previous_user_id, change.previous_parent_user_id)
    if now is None or was is None or was.identity in (now.identity, *now.aliases):
        return None
    gone = tuple(name for name in was.aliases if name not in (now.identity, *now.aliases))
    return IdentityChanged(
        id=f"identity:{name_of(said, raw)}",
        to=around.to,
        identity=now.identity,
        previous=was.identity,
        previous_aliases=gone,
        aliases=now.aliases,
        at=around.time(said.timestamp),
    )
