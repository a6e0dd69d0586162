"""Webhooks of Messenger and Instagram to events.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256

import msgspec

from connectors.api import Malformed, Reply, Request
from connectors.meta import proof
from connectors.meta.content import content, referral, story
from connectors.meta.item import Item, read
from connectors.meta.marks import delivered, seen
from connectors.meta.settings import Settings
from connectors.meta.told import Told
from connectors.raw import kept
from normalizer.event import (
    Echoed,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    Reacted,
)
from normalizer.model import Choice, Part, Referral, Text, Unsupported

EMOJIS = {"smile": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤", "like": "👍", "dislike": "👎"}
"""What Meta's words for reactions look like."""

CUSTOM = "custom"
"""What stands for a reaction whose emoji is not told."""

OURS = "msg_"
"""How the ids of our messages begin; other tools send along what they like."""

QUIET = frozenset({"app_roles", "policy_enforcement"})
"""Kinds that are not about a conversation, beside those of the handover (``…_thread_control``)."""

_ENVELOPE = frozenset({"sender", "recipient", "timestamp"})


def challenge(request: Request, settings: Settings) -> Reply:
    """Meta asks whether the hook is ours. Raises Rejected."""
    return proof.challenge(request, settings.verify_token)


def verify(request: Request, settings: Settings) -> None:
    """Raise Rejected unless Meta signed the body."""
    proof.verified(request, *settings.app_secrets)


def parse(request: Request, settings: Settings) -> list[Event]:
    """The events of all entries of a request, none if it is about another of Meta's products; raises Malformed.

    An item that does not tell who or what is meant is left out, and Malformed if there is nothing else. What comes while
    another app has the conversation (``standby``) is read like the rest: nothing is answered by itself here.
    """
    body = read(request.body)
    if not body.text("object"):
        raise Malformed("object: no text")
    if body.text("object") != settings.OBJECT:
        return []
    found = [_events(item, entry, request, settings) for entry, item in _items(body)]
    events = [event for some in found for event in some or ()]
    if not events and (None in found or not body.items("entry")):
        raise Malformed("entry: nothing tells who or what is meant")
    return events


def _items(body: Item) -> Iterator[tuple[Item, Item]]:
    """Each thing that happened, with its entry; an empty one for an entry in which nothing can be found."""
    for entry in body.items("entry"):
        found = [*entry.items("messaging"), *entry.items("standby")]
        yield from ((entry, item) for item in found)
        if not found and not {"changes", "field"} & entry.fields.keys():  # those are about posts and comments
            yield entry, Item(None)


def _events(item: Item, entry: Item, request: Request, settings: Settings) -> Sequence[Event] | None:
    """What an item tells: nothing, if it is not about a conversation or our own doing; None if it cannot be read."""
    if any(name in QUIET or name.endswith("_thread_control") for name in item.fields):
        return ()
    sender, recipient = item.item("sender").id("id"), item.item("recipient").id("id")
    echo = item.item("message").flag("is_echo")
    who, us = (recipient, sender) if echo else (sender, recipient)
    us = us or entry.id("id")
    if {us, entry.id("id")} & {settings.address, settings.subscribed}:
        us = settings.address
    if not who or not us:
        return None
    if who in (us, entry.id("id")):
        return ()
    kind = next((one for one in _READERS if one in item), "")
    mark = f"{who}:{item.number('timestamp') or sha256(msgspec.json.encode(kept(item.fields))).hexdigest()[:16]}"
    at = item.time("timestamp") or request.received_at
    told = Told(item, kind or _unknown(item), us, f"{settings.connector}:{us}:{who}", at, mark)
    return _READERS.get(kind, _other)(told)


def _unknown(item: Item) -> str:
    """What Meta calls a kind that we do not know."""
    return next((name for name in item.fields if name not in _ENVELOPE and name in item), "message")


# A reader for each kind of item.


def _message(told: Told) -> Sequence[Event] | None:
    """https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-echoes also."""
    said, mid = told.what, told.what.id("mid")
    if said.flag("is_deleted"):
        return [MessageDeleted(**told.envelope(f"deletion:{mid}"), provider_id=mid, at=told.at)] if mid else None
    parts = content(said)
    if said.flag("is_echo"):
        return [_echo(told, parts)]
    return [_received(told, f"message:{mid or told.mark}", parts, referral(said.item("referral")) or story(said))]


def _received(told: Told, event_id: str, parts: Sequence[Part], led: Referral | None) -> MessageReceived:
    """A message, or what takes its place. It is known by its ``mid``, else by the event's own name."""
    return MessageReceived(
        **told.envelope(event_id),
        identity=told.identity,
        sent_at=told.at,
        parts=tuple(parts),
        provider_ids=(told.what.id("mid") or event_id,),
        reply_to=told.what.item("reply_to").id("mid"),
        referral=led,
        **told.raw(parts),
    )


def _echo(told: Told, parts: Sequence[Part]) -> Echoed:
    """A message of our side: what we sent along tells whether it is ours."""
    said, app = told.what, told.what.id("app_id")
    event_id = f"echo:{said.id('mid') or told.mark}"
    return Echoed(
        **told.envelope(event_id),
        identity=told.identity,
        name=f"app {app}" if app else "",
        sent_at=told.at,
        parts=tuple(parts),
        provider_ids=(said.id("mid") or event_id,),
        ref=said.text("metadata") if said.text("metadata").startswith(OURS) else "",
    )


def _edit(told: Told) -> Sequence[Event] | None:
    edit, mid = told.what, told.what.id("mid")
    if not mid:
        return None
    parts: list[Part] = [Text(text=edit.text("text"))] if edit.text("text") else [Unsupported(what="message_edit")]
    event = MessageEdited(
        **told.envelope(f"edit:{mid}:{edit.number('num_edit') or told.mark}"),
        identity=told.identity,
        provider_id=mid,
        parts=tuple(parts),
        edited_at=told.at,
        **told.raw(parts),
    )
    return [event]


def _postback(told: Told) -> Sequence[Event]:
    """A press of a button, an ice breaker or an entry of the menu."""
    pressed = told.what
    picked = pressed.text("payload") or pressed.text("title")
    part = Choice(id=picked, label=pressed.text("title") or picked) if picked else Unsupported(what="postback")
    return [_received(told, f"postback:{pressed.id('mid') or told.mark}", [part], referral(pressed.item("referral")))]


def _reaction(told: Told) -> Sequence[Event] | None:
    """A customer has one reaction on a message at most."""
    put, mid = told.what, told.what.id("mid")
    if not mid:
        return None
    emoji = put.text("emoji") or EMOJIS.get(put.text("reaction"), CUSTOM)
    event = Reacted(
        **told.envelope(f"reaction:{mid}:{told.mark}"),
        identity=told.identity,
        provider_id=mid,
        emojis=() if put.text("action") == "unreact" else (emoji,),
        at=told.at,
    )
    return [event]


def _arrived(told: Told) -> Sequence[Event]:
    """Somebody came by a link or an advertisement, or asked to be written to, and has said nothing yet."""
    led = referral(told.what)
    if told.kind == "optin":
        name = told.what.text("ref") or told.what.text("payload") or told.what.text("title") or told.what.text("type")
        led = Referral(source="optin", id=name)
    return [_received(told, f"{told.kind}:{told.mark}", [Unsupported(what="referral")], led)]


def _other(told: Told) -> Sequence[Event]:
    return [_received(told, f"other:{told.mark}", [Unsupported(what=told.kind)], None)]


_READERS: Mapping[str, Callable[[Told], Sequence[Event] | None]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "reaction": _reaction,
    "delivery": delivered,
    "read": seen,
    "referral": _arrived,
    "optin": _arrived,
}
"""In this order, if an item has several."""
