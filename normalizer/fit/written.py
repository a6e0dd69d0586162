"""Parts in words, for channels that have nothing of their own for them."""

from __future__ import annotations

from collections.abc import Iterable

from normalizer.parts import Contact, Link, Location, Option


def of_location(part: Location) -> str:
    """Its name, its address and a link to the map."""
    where = f"mlat={_degrees(part.latitude)}&mlon={_degrees(part.longitude)}"
    return _lines(part.name, part.address, f"https://www.openstreetmap.org/?{where}")


def of_contact(part: Contact) -> str:
    """A line for the name and for each number and address."""
    return _lines(part.name, *part.phones, *part.emails)


def of_link(part: Link) -> str:
    """Its title over its address."""
    return _lines(part.title, part.url)


def of_options(options: Iterable[Option]) -> str:
    """A line for each, with its number."""
    return "\n".join(f"{number}. {option.label}" for number, option in enumerate(options, 1))


def _degrees(angle: float) -> str:
    """Without an exponent; the seventh digit is a centimetre."""
    return f"{angle + 0.0:.7f}".rstrip("0").rstrip(".")


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
