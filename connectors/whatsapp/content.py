"""What was said in a message of WhatsApp: its parts.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.raw import kept
from connectors.whatsapp.dialect import Captioned, Card, File, Form, Interactive, Message, Order, Ordered
from normalizer.model import Choice, Contact, Location, Media, MediaType, Part, Text, Unsupported

FILES: Mapping[str, tuple[MediaType, str]] = {
    "image": ("image", "image/jpeg"),
    "video": ("video", "video/mp4"),
    "audio": ("audio", "audio/ogg"),
    "voice": ("voice", "audio/ogg"),
    "document": ("file", "application/octet-stream"),
    "sticker": ("sticker", "image/webp"),
}
"""Per kind of message the kind of file, and the type that goes without saying."""

_LONGEST = 4096
"""Characters of a summary. The whole of it is in the raw item."""


def content(said: Message, item: Mapping[str, Any]) -> tuple[tuple[Part, ...], Any]:
    """The parts of a message, and its raw form if some of it is unsupported. ``item`` is what ``said`` was read from."""
    parts = tuple(_parts(said, item)) or (Unsupported(what=said.kind),)
    return parts, item if any(part.kind == "unsupported" for part in parts) else None


def _parts(said: Message, item: Mapping[str, Any]) -> Iterator[Part]:
    """What can be read; nothing of a kind that we do not know."""
    match said.kind:
        case "text" if said.text:
            yield Text(text=said.text.body)
        case "location" if said.location:
            yield Location(**said.location.model_dump())
        case "contacts":
            yield from map(_card, said.contacts)
        case "interactive" if said.interactive:
            yield from _answer(said.interactive, said)
        case "button" if said.button and (said.button.payload or said.button.text):
            pressed = said.button
            yield _choice(pressed.payload or pressed.text, pressed.text, said)
        case kind if kind in FILES:
            yield from _file(kind, item.get(kind))
        case _:
            yield from _summed_up(*_special(said))


def _special(said: Message) -> tuple[str, str]:
    """What we have no part for: WhatsApp's word for it, and a summary."""
    match said.kind:
        case "order" if said.order:
            return said.kind, _order(said.order)
        case "system" if said.system:
            return said.kind, said.system.body
        case "request_welcome" if said.referral:
            return "referral", ""
        case "unsupported":
            return said.unsupported.type or said.kind, ""
        case kind:
            return kind or "message", ""


def _file(kind: str, told: Any) -> Iterator[Part]:
    """The file, with its caption; of one that cannot be read, at least the caption."""
    if not isinstance(told, dict):
        return
    file, caption = _read(told), Captioned.model_validate(told).caption
    if file is None:
        yield from _summed_up(kind, caption)
        return
    media_type, mime = FILES[kind]
    yield Media(
        media_type="voice" if file.voice else media_type,
        ref=file.id,
        mime=file.mime_type or mime,
        name=file.filename,
        caption=caption,
    )


def _read(told: Any) -> File | None:
    try:
        return File.model_validate(told)
    except ValueError:
        return None


def _card(card: Card) -> Contact:
    name = card.name.formatted_name or f"{card.name.first_name} {card.name.last_name}".strip()
    phones = (one.phone or (f"+{one.wa_id}" if one.wa_id else "") for one in card.phones)
    return Contact(
        name=name,
        phones=tuple(phone for phone in phones if phone),
        emails=tuple(one.email for one in card.emails if one.email),
    )


def _answer(interactive: Interactive, said: Message) -> Iterator[Part]:
    """A pressed button, a row of a list, a form that was filled in."""
    picked = interactive.button_reply or interactive.list_reply
    if picked and (picked.id or picked.title):
        yield _choice(picked.id or picked.title, picked.title, said)
        return
    what = interactive.type or "interactive"
    yield from _summed_up(what, _form(interactive.nfm_reply) if interactive.nfm_reply else "")


def _choice(picked: str, label: str, said: Message) -> Choice:
    return Choice(id=picked, label=label or picked, of=said.context.id)


def _summed_up(what: str, summary: str) -> Iterator[Part]:
    """What we have no part for, and what can be read of it."""
    yield Unsupported(what=what)
    if summary:
        yield Text(text=summary[:_LONGEST])


def _form(form: Form) -> str:
    """What was filled in, a line for each field; not the token, which is ours and tells nobody anything."""
    answers: Any = form.response_json
    if isinstance(answers, str):
        try:
            answers = kept(json.loads(answers))
        except (ValueError, RecursionError):
            answers = {}
    fields = answers if isinstance(answers, dict) else {}
    lines = (f"{name}: {_said(value)}" for name, value in fields.items() if name != "flow_token")
    return "\n".join(line for line in (form.body, *lines) if line)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _order(order: Order) -> str:
    """The customer's words, and a line for each product."""
    return "\n".join(line for line in (order.text, *map(_ordered, order.product_items)) if line)


def _ordered(one: Ordered) -> str:
    """Such as ``2 x SKU-1 (9.99 EUR)``."""
    price = f"{one.item_price} {one.currency}".strip() if one.item_price else ""
    return " ".join(
        piece for piece in (f"{one.quantity or '?'} x", one.product_retailer_id, price and f"({price})") if piece
    )
