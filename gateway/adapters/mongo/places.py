"""What stands beyond a place in a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def beyond(values: Sequence[Any], names: tuple[str, ...], how: str = "$gt") -> dict[str, Any]:
    """The condition that a document stands beyond a place, by these fields in turn."""
    ways: list[dict[str, Any]] = []
    for n, name in enumerate(names):
        ways.append({**dict(zip(names[:n], values[:n], strict=True)), name: {how: values[n]}})
    return {"$or": ways}
