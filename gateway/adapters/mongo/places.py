"""Places in a list, opaque to callers; the same texts as the embedded store gives."""

from __future__ import annotations

import base64
from typing import Any

import orjson

_BITS = 63
"""Of a number that a document holds, beside its sign."""
_FOREIGN = "this is not a place that we gave"


def place(*values: Any) -> str:
    """A place in a list, as a text."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def placed(text: str, *kinds: type) -> list[Any]:
    """What ``place`` made; raises ValueError for anything else."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise ValueError(_FOREIGN) from None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise ValueError(_FOREIGN)
    if any(isinstance(value, int) and value.bit_length() > _BITS for value in values):
        raise ValueError(_FOREIGN)
    return values


def beyond(values: list[Any], names: tuple[str, ...], how: str = "$gt") -> dict[str, Any]:
    """The condition that a document stands beyond a place, by these fields in turn."""
    ways: list[dict[str, Any]] = []
    for n, name in enumerate(names):
        ways.append({**dict(zip(names[:n], values[:n], strict=True)), name: {how: values[n]}})
    return {"$or": ways}
