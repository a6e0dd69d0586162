"""How long a text is in a channel's unit, and how far a limit reaches."""

from __future__ import annotations

from normalizer.fit.gsm import extended, is_gsm
from normalizer.fit.limits import Unit

_WIDEST = {"code points": 1, "utf-16 units": 2, "bytes": 4, "gsm-7": 2}
"""How much one code point can cost."""


def measure(text: str, unit: Unit) -> int:
    """The length of a text in a channel's unit."""
    if unit == "gsm-7":
        return len(text) + extended(text) if is_gsm(text) else _utf16(text)
    return _cost(text, unit)


def reach(text: str, start: int, limit: int, unit: Unit) -> int:
    """The furthest end for which the piece from ``start`` is surely within the limit."""
    high = min(len(text), start + limit)
    if unit == "code points" or _cost(text[start:high], unit) <= limit:
        return high
    low = start + limit // _WIDEST[unit]
    while high - low > 1:  # low fits, high does not
        middle = (low + high) // 2
        if _cost(text[start:middle], unit) <= limit:
            low = middle
        else:
            high = middle
    return low


def _cost(text: str, unit: Unit) -> int:
    """At least the length; a piece never costs more than what it is cut from.

    An SMS of braces gets shorter, in its unit, when something outside the alphabet joins them; its cost does not.
    """
    match unit:
        case "code points":
            return len(text)
        case "utf-16 units":
            return _utf16(text)
        case "bytes":
            return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        case _:
            return _utf16(text) + extended(text)


def _utf16(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
