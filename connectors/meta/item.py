"""What Meta says, read field by field: what is not as we know it reads as absent, and costs nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.api import Malformed
from connectors.raw import kept

_JSON = msgspec.json.Decoder()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"[0-9]{1,18}")
LATEST = 253_402_300_799_999
"""Milliseconds. The last moment of the year 9999."""


class Item:
    """An object of JSON; anything else is an empty one."""

    __slots__ = ("fields",)

    def __init__(self, value: object) -> None:
        self.fields: dict[str, object] = value if isinstance(value, dict) else {}

    def __contains__(self, name: str) -> bool:
        """Whether there is such a field; null is none."""
        return self.fields.get(name) is not None

    def item(self, name: str) -> Item:
        """An object within."""
        return Item(self.fields.get(name))

    def items(self, name: str) -> Sequence[Item]:
        """The objects of a list within; what is none of them is an empty one."""
        value = self.fields.get(name)
        return [Item(one) for one in value] if isinstance(value, list) else []

    def text(self, name: str) -> str:
        """A text, or "" if there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def id(self, name: str) -> str:
        """A name that may be written as a number."""
        value = self.fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
            return str(value)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """A number that may be written in digits; 0 if there is none."""
        digits = self.id(name)
        return int(digits) if _DIGITS.fullmatch(digits) else 0

    def degrees(self, name: str) -> float | None:
        """A number with a point."""
        value = self.fields.get(name)
        try:
            return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        except OverflowError:  # more digits than any place on Earth has
            return None

    def flag(self, name: str) -> bool:
        """Whether it says true."""
        return self.fields.get(name) is True

    def time(self, name: str) -> datetime | None:
        """A moment in milliseconds since 1970."""
        milliseconds = self.number(name)
        return _EPOCH + timedelta(milliseconds=milliseconds) if 0 < milliseconds <= LATEST else None


def read(body: bytes) -> Item:
    """The object in a body; raises Malformed, which quotes nothing."""
    try:
        found = _decoded(body)
    except (ValueError, RecursionError):
        raise Malformed("body: not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("body: not an object")
    return Item(found)


def _decoded(body: bytes) -> object:
    try:
        return _JSON.decode(body)
    except (ValueError, RecursionError):
        return kept(json.loads(body))  # half a character, or a number beyond all numbers, spoils only itself
