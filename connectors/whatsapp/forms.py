"""The form in which a part of a message goes: the type and its object.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.api import Refused
from connectors.whatsapp.markup import marked
from connectors.whatsapp.templates import components
from normalizer.fit import measure
from normalizer.model import Choices, Contact, Link, Location, Media, Option, Part, Span, Template, Text

Fields = dict[str, Any]

TEXT, CAPTION, QUESTION = 4096, 1024, 1024
"""Characters; the text over a list may be longer by some of Meta's pages, but not by all."""
BUTTONS, BUTTON = 3, 20
ROWS, ROW, ROW_ID = 10, 24, 200
"""How many buttons, or rows of a list, and how long their titles and ids."""

TYPES: Mapping[str, str] = {"file": "document", "voice": "audio"}
"""What WhatsApp calls a kind of media, where it is not our word."""
CAPTIONED = frozenset({"image", "video", "document"})

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def form(part: Part, list_button: str) -> Fields:
    """How a part goes, but for media; raises Refused for a kind that WhatsApp has no form of."""
    match part:
        case Text(text=text, format=spans):
            return _words(text, spans)
        case Link(url=url, title=title):
            return _words(f"{title}\n{url}".strip())
        case Location():
            return {"type": "location", "location": _place(part)}
        case Contact():
            return {"type": "contacts", "contacts": [_card(part)]}
        case Choices():
            return {"type": "interactive", "interactive": _question(part, list_button)}
        case Template(name=name, language=language):
            told = {"name": name, "language": {"code": language or "en"}}
            blanks = components(part.parameters)
            return {"type": "template", "template": {**told, "components": blanks} if blanks else told}
        case _:
            raise Refused("content_rejected", f"WhatsApp has no form of a {part.kind}")


def media_form(part: Media, where: Mapping[str, str]) -> Fields:
    """How a file goes that is there: ``{"id": …}`` of an upload, or ``{"link": …}``."""
    kind = TYPES.get(part.media_type, part.media_type)
    fields: Fields = dict(where)
    if part.caption and kind in CAPTIONED:
        fields["caption"] = _marked(part.caption, part.format, CAPTION)
    if part.name and kind == "document":
        fields["filename"] = part.name
    return {"type": kind, kind: fields}


def _words(text: str, spans: Sequence[Span] = ()) -> Fields:
    body = {"body": _marked(text, spans, TEXT)}
    return {"type": "text", "text": {**body, "preview_url": True} if _ADDRESS.search(text) else body}


def _marked(text: str, spans: Sequence[Span], limit: int) -> str:
    """With its format, unless the signs make it too long."""
    told = marked(text, spans) if spans else text
    return told if measure(told, "utf-16 units") <= limit else text


def _place(part: Location) -> Fields:
    named = {"name": part.name, "address": part.address}
    return {
        "latitude": part.latitude,
        "longitude": part.longitude,
        **{key: value for key, value in named.items() if value},
    }


def _card(part: Contact) -> Fields:
    """WhatsApp demands a name in two forms; one that has none is called by its number."""
    name = part.name or next(iter((*part.phones, *part.emails)), "-")
    card: Fields = {"name": {"formatted_name": name, "first_name": name}}
    if part.phones:
        card["phones"] = [{"phone": phone} for phone in part.phones]
    if part.emails:
        card["emails"] = [{"email": email} for email in part.emails]
    return card


def _question(part: Choices, list_button: str) -> Fields:
    """Buttons for a few short answers that differ, a list for the others."""
    body = {"text": part.text}
    if _are_buttons(part.choices):
        buttons = [{"type": "reply", "reply": {"id": one.id, "title": one.label}} for one in part.choices]
        return {"type": "button", "body": body, "action": {"buttons": buttons}}
    rows = [{"id": one.id, "title": one.label} for one in part.choices]
    return {"type": "list", "body": body, "action": {"button": list_button, "sections": [{"rows": rows}]}}


def _are_buttons(options: Sequence[Option]) -> bool:
    labels = {one.label for one in options}
    fits = all(measure(label, "utf-16 units") <= BUTTON for label in labels)
    return len(labels) == len(options) <= BUTTONS and fits
