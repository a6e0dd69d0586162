"""A message made to fit a channel: nothing said is lost, and no limit passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from normalizer.fit.files import attach
from normalizer.fit.limits import Fitted, Limits, Taken
from normalizer.fit.making import Making
from normalizer.fit.questions import ask
from normalizer.fit.unchanged import misfits_of
from normalizer.fit.units import measure
from normalizer.fit.written import of_contact, of_link, of_location
from normalizer.parts import Choices, Contact, Link, Location, Media, MediaType, Part, Text


def fit(
    parts: Sequence[Part],
    limits: Limits,
    accepts: Mapping[MediaType, Taken] | None = None,
    *,
    links: bool = False,
) -> Fitted:
    """The parts as a channel takes them, and what was changed for it; deterministic, in linear time.

    ``accepts`` says which files it takes; a kind that is not in it is taken whatever it is. With ``links``, a file that
    goes in no other way becomes a link to ``/v1/media/{id}``, which whoever sends replaces by a signed address.
    """
    making = Making(limits, accepts or {}, links)
    for index, part in enumerate(parts):
        _add(making, f"/parts/{index}", part)
    return making.fitted


def _add(making: Making, at: str, part: Part) -> None:
    match part:
        case Text(text=text, format=format_):
            if (
                "text" in making.limits.parts
                and not format_
                and measure(text, making.limits.unit) <= making.limits.text
            ):
                making.parts.append(part)  # nearly all of them
            else:
                making.text(f"{at}/text", text, format_)
        case Media():
            attach(making, at, part)
        case Choices():
            ask(making, at, part)
        case Location() | Contact() | Link():
            _written(making, at, part)
        case _:
            making.misfits += misfits_of(at, part, making.limits)
            making.parts.append(part)


def _written(making: Making, at: str, part: Location | Contact | Link) -> None:
    """Add something that can be said in words, where the channel has nothing better for it."""
    limits = making.limits
    if not any(misfits_of(at, part, limits)):
        making.parts.append(part)
        return
    match part:
        case Location():
            text = of_location(part)
        case Contact():
            text = of_contact(part)
        case _:
            text = of_link(part)
            if measure(part.url, limits.unit) > limits.text:
                making.refuse(f"{at}/url", "too_long", f"an address cannot be cut; this channel takes {limits.text}")
                return
    making.change(at, "as_text", f"this channel has no {part.kind} like this; it goes as text")
    making.text(at, text)
