"""How much of what Meta allows is used up, as its answers say: an account that comes near slows down by itself.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from connectors.api import Answer
from connectors.outcomes import LONGEST_WAIT

NEAR, ALL = 80.0, 100.0
"""Per cent: from where on an account slows down, and where Meta takes no more."""
SLOWEST = 60.0
"""Seconds between two calls at the most, while Meta still takes them."""

_APP, _BUSINESS = "x-app-usage", "x-business-use-case-usage"
_COUNTS = ("call_count", "total_time", "total_cputime")
_REGAIN = "estimated_time_to_regain_access"


def rest(answer: Answer) -> float:
    """Seconds that the account should let pass before its next call: none up to ``NEAR``, and then more and more.

    ``SLOWEST`` at the most: whatever else a limit says, Meta has just taken a call.
    """
    used = max((count for one in _told(answer) for count in _numbers(one, _COUNTS)), default=0.0)
    if used <= NEAR:
        return 0.0
    return min((used - NEAR) / (ALL - NEAR), 1.0) * SLOWEST


def regain(answer: Answer) -> float | None:
    """Seconds until Meta takes calls again, where it takes none and says how long."""
    minutes = max((one for told in _told(answer) for one in _numbers(told, (_REGAIN,))), default=0.0)
    return min(minutes * 60, LONGEST_WAIT) if minutes > 0 else None


def _told(answer: Answer) -> Iterator[dict[str, Any]]:
    """All that the headers tell: of the app, and of every limit of every business that the call counts for."""
    app, businesses = (_read(answer.headers.get(name, "")) for name in (_APP, _BUSINESS))
    yield app
    for limits in businesses.values():
        yield from (one for one in limits if isinstance(one, dict)) if isinstance(limits, list) else ()


def _read(header: str) -> dict[str, Any]:
    try:
        found = json.loads(header)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(told: dict[str, Any], names: tuple[str, ...]) -> Iterator[float]:
    for name in names:
        found = told.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found < math.inf:
            yield min(found, LONGEST_WAIT)
