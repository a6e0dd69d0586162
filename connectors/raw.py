"""What a provider said, as JSON that any record can hold: for the ``raw`` of an event."""

from __future__ import annotations

import math
from typing import Any

DEEPEST = 64
"""Levels. What lies deeper is cut, so that whoever writes the record can."""

_LARGEST = 2**63


def kept(value: Any, depth: int = DEEPEST) -> Any:
    """JSON as a provider wrote it; what is too deep, too large or no text is told in words. Takes any JSON value."""
    match value:
        case dict() | list() if not depth:
            value = "…"
        case dict():
            value = {_text(str(name)): kept(one, depth - 1) for name, one in value.items()}
        case list():
            value = [kept(one, depth - 1) for one in value]
        case str():
            value = _text(value)
        case float() if not math.isfinite(value):
            value = str(value)
        case int() if not -_LARGEST <= value < _LARGEST:
            value = hex(value)  # writing out the digits takes a time that grows with the square of their number
    return value


def _text(text: str) -> str:
    """Half a character, which JSON can say, is no text."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
