"""The format of a text, between Telegram's entities and our spans.

Telegram counts in UTF-16 code units, we count in code points. https://core.telegram.org/bots/api#messageentity
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from connectors.telegram.dialect import Entity
from normalizer.model import Span
from normalizer.parts import Style

MOST = 100
"""Telegram honours no more entities than this. https://core.telegram.org/bots/api#sendmessage"""

STYLES: Mapping[str, Style] = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strikethrough",
    "spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "quote",
    "expandable_blockquote": "quote",
    "text_link": "link",
    "url": "link",
    "email": "link",
    "mention": "mention",
    "text_mention": "mention",
}
"""What we keep of them; hashtags, commands and the like are plain words to us."""

TYPES: Mapping[Style, str] = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strikethrough",
    "spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "quote": "blockquote",
    "link": "text_link",
    "mention": "text_link",  # to tg://user?id=…, which Telegram makes a mention
}


def spans(text: str, entities: Sequence[Entity]) -> tuple[Span, ...]:
    """The format of a text that Telegram sent; what points outside the text, or into a letter, is left out."""
    return tuple(_spans(text, entities)) if entities else ()


def _spans(text: str, entities: Sequence[Entity]) -> Iterator[Span]:
    points = {unit: point for point, unit in enumerate(_units(text))}
    for entity in entities:
        style = STYLES.get(entity.type)
        start, end = points.get(entity.offset), points.get(entity.offset + entity.length)
        if style is None or start is None or end is None or end <= start:
            continue
        piece = text[start:end]
        yield Span(style=style, start=start, length=end - start, url=_url(entity, piece), language=entity.language)


def _url(entity: Entity, piece: str) -> str:
    """Where the piece leads; nothing where it says so itself."""
    if entity.type == "text_mention" and entity.user:
        return f"tg://user?id={entity.user.id}"
    return f"mailto:{piece}" if entity.type == "email" else entity.url


def entities_of(text: str, format: Sequence[Span]) -> list[dict[str, Any]]:  # noqa: A002 - as the parts call it
    """The entities that give a text its format; at most those that Telegram honours.

    Telegram itself finds the addresses and names in a text, so those without a ``url`` are left to it.
    """
    told = [span for span in format if span.start < len(text) and (span.url or span.style not in ("link", "mention"))]
    if not told:
        return []
    units = _units(text)
    return [_entity(span, units) for span in told[:MOST]]


def _entity(span: Span, units: Sequence[int]) -> dict[str, Any]:
    start, end = units[span.start], units[min(span.start + span.length, len(units) - 1)]
    entity: dict[str, Any] = {"type": TYPES[span.style], "offset": start, "length": end - start}
    if entity["type"] == "text_link":
        entity["url"] = span.url
    if span.style == "pre" and span.language:
        entity["language"] = span.language
    return entity


def _units(text: str) -> list[int]:
    """Where each letter begins, and the text ends, in UTF-16 code units."""
    return list(accumulate((1 + (letter > "\uffff") for letter in text), initial=0))
