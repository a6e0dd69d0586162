"""What of a message cannot go to a channel unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from normalizer.fit.limits import Limits, Misfit, Unit
from normalizer.fit.units import measure
from normalizer.fit.written import of_contact, of_link
from normalizer.parts import Choices, Contact, Link, Media, Part, Text


def misfits(parts: Sequence[Part], limits: Limits) -> list[Misfit]:
    """What the channel cannot take unchanged; empty when all of it can go. Formatting is no reason."""
    return [misfit for index, part in enumerate(parts) for misfit in misfits_of(f"/parts/{index}", part, limits)]


def misfits_of(at: str, part: Part, limits: Limits) -> Iterator[Misfit]:
    """What the channel cannot take of one part, which stands ``at`` this pointer."""
    if part.kind not in limits.parts:
        yield Misfit(at, "content_rejected", f"this channel cannot send a {part.kind}")
        return
    match part:
        case Text(text=text):
            yield from too_long(f"{at}/text", text, limits.text, limits.unit)
        case Media(media_type=media_type, caption=caption):
            if media_type not in limits.media_types:
                yield Misfit(f"{at}/media_type", "media_unsupported", f"this channel cannot send a {media_type}")
            room = 0 if media_type in limits.uncaptioned else limits.caption
            yield from too_long(f"{at}/caption", caption, room, limits.unit)
        case Choices():
            yield from too_long(f"{at}/text", part.text, question_limit(limits), limits.unit)
            yield from _choices(at, part, limits)
        case Link():  # goes as text where a channel has nothing of its own
            yield from too_long(f"{at}/url", of_link(part), limits.text, limits.unit)
        case Contact():
            yield from too_long(at, of_contact(part), limits.text, limits.unit)
        case _:
            return


def question_limit(limits: Limits) -> int:
    """How long the text over choices may be."""
    return limits.text if limits.question is None else min(limits.question, limits.text)


def too_long(at: str, text: str, limit: int, unit: Unit) -> Iterator[Misfit]:
    """A misfit where a text is longer than a limit."""
    length = measure(text, unit)
    if length > limit:
        yield Misfit(at, "too_long", f"{length} {unit}; this channel takes {limit}")


def _choices(at: str, part: Choices, limits: Limits) -> Iterator[Misfit]:
    if len(part.choices) > limits.choices:
        yield Misfit(f"{at}/choices", "too_long", f"{len(part.choices)} choices; this channel takes {limits.choices}")
    for number, option in enumerate(part.choices):
        yield from too_long(f"{at}/choices/{number}/id", option.id, limits.choice_id, "bytes")
        yield from too_long(
            f"{at}/choices/{number}/label", option.label, limits.label, limits.label_unit or limits.unit
        )
