"""Whether somebody would rather read JSON: programs would, browsers that look at a page would not."""

from __future__ import annotations

from collections.abc import Iterator

_JSON = frozenset({"application/json", "application/problem+json", "application/*", "*/*"})
_TEXT = frozenset({"text/plain", "text/html", "text/*", "*/*"})


def takes_json(accept: str) -> bool:
    """Whether an ``Accept`` (RFC 9110, 12.5.1) takes JSON, and no text rather; an empty one takes anything."""
    ranges = [*_ranges(accept)] or [("*/*", 1.0)]
    json, text = (max((weight for name, weight in ranges if name in known), default=0.0) for known in (_JSON, _TEXT))
    return json > 0 and json >= text


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for one in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in one.split(";"))
        weights = [piece.removeprefix("q=") for piece in parameters if piece.startswith("q=")]
        if name:
            yield name, _weight(weights[0]) if weights else 1.0


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
