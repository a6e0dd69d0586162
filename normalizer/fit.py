"""Whether a message fits a channel, in the channel's own unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from normalizer.model import Choices, Contact, Link, Media, Part, Reason, Text

Unit = Literal["code points", "utf-16 units", "bytes"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a channel takes of each thing. ``text`` and ``caption`` are counted in ``unit``, ``choice_id`` in bytes.

    ``parts`` and ``media_types`` name the kinds that the channel can send at all. 0 means none.
    """

    text: int
    caption: int
    unit: Unit = "code points"
    choices: int = 0
    choice_id: int = 0
    label: int = 0
    parts: frozenset[str] = frozenset({"text"})
    media_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a part cannot be sent. ``pointer`` is relative to the message (RFC 6901)."""

    pointer: str
    reason: Reason
    detail: str


def measure(text: str, unit: Unit) -> int:
    """The length of a text in a channel's unit."""
    match unit:
        case "code points":
            return len(text)
        case "utf-16 units":
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        case _:
            return len(text.encode("utf-8", "surrogatepass"))


def misfits(parts: Sequence[Part], limits: Limits) -> list[Misfit]:
    """What of a message the channel cannot take; empty when all of it can go."""
    return [misfit for index, part in enumerate(parts) for misfit in _misfits(f"/parts/{index}", part, limits)]


def _misfits(at: str, part: Part, limits: Limits) -> Iterator[Misfit]:
    if part.kind not in limits.parts:
        yield Misfit(at, "content_rejected", f"this channel cannot send a {part.kind}")
        return
    match part:
        case Text(text=text):
            yield from _too_long(f"{at}/text", text, limits.text, limits.unit)
        case Media(media_type=media_type, caption=caption):
            if media_type not in limits.media_types:
                yield Misfit(f"{at}/media_type", "media_unsupported", f"this channel cannot send a {media_type}")
            yield from _too_long(f"{at}/caption", caption, limits.caption, limits.unit)
        case Choices():
            yield from _choices(at, part, limits)
        case Link(url=url, title=title):  # goes as text where a channel has nothing of its own
            yield from _too_long(f"{at}/url", f"{title}\n{url}" if title else url, limits.text, limits.unit)
        case Contact(name=name, phones=phones, emails=emails):
            yield from _too_long(at, "\n".join((name, *phones, *emails)), limits.text, limits.unit)
        case _:
            return


def _choices(at: str, part: Choices, limits: Limits) -> Iterator[Misfit]:
    yield from _too_long(f"{at}/text", part.text, limits.text, limits.unit)
    if len(part.choices) > limits.choices:
        yield Misfit(f"{at}/choices", "too_long", f"{len(part.choices)} choices; this channel takes {limits.choices}")
    for number, option in enumerate(part.choices):
        yield from _too_long(f"{at}/choices/{number}/id", option.id, limits.choice_id, "bytes")
        yield from _too_long(f"{at}/choices/{number}/label", option.label, limits.label, limits.unit)


def _too_long(at: str, text: str, limit: int, unit: Unit) -> Iterator[Misfit]:
    length = measure(text, unit)
    if length > limit:
        yield Misfit(at, "too_long", f"{length} {unit}; this channel takes {limit}")
