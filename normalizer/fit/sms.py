"""Into how many segments an SMS goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from normalizer.fit.gsm import is_gsm
from normalizer.fit.units import measure, reach


@dataclass(frozen=True, slots=True)
class Segments:
    """How an SMS is sent: ``units`` are septets in ``gsm-7``, UTF-16 units in ``ucs-2``."""

    encoding: Literal["gsm-7", "ucs-2"]
    units: int
    segments: int


def segments(text: str) -> Segments:
    """How many segments a text takes: 160 septets or 70 units alone, 153 or 67 each where there are more.

    An escape stays with its septet, and a surrogate with its other half, so a segment may be one short.
    """
    gsm = is_gsm(text)
    alone, each = (160, 153) if gsm else (70, 67)
    units = measure(text, "gsm-7")
    found = 0
    at = len(text) if units <= alone else 0
    while at < len(text):
        at = reach(text, at, each, "gsm-7" if gsm else "utf-16 units")
        found += 1
    return Segments("gsm-7" if gsm else "ucs-2", units, found or int(units > 0))
