"""Frames: records as live clients, pollers and integrators are given them, each encoded once for everybody."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from typing import Any

import orjson

from normalizer.model import rfc3339
from normalizer.record import Record

START = "start"
"""The cursor before the oldest record that the feed still gives."""
_WHOLE = frozenset({"message.received", "message.queued", "message.echoed", "note.added"})
_PRIVATE = "private"
_INNER = frozenset({"receipts", "reacted"})


class BadCursor(ValueError):
    """The cursor is not one of ours."""


def cursor(place: int) -> str:
    """The opaque name of a place in the feed."""
    return base64.urlsafe_b64encode(f"f:{place}".encode()).decode().rstrip("=")


def place(named: str) -> int:
    """The place that a cursor names; raises BadCursor."""
    try:
        found = base64.b64decode(named + "=" * (-len(named) % 4), altchars=b"-_", validate=True).decode("ascii")
        number = int(found.removeprefix("f:")) if found.startswith("f:") else -1
    except (ValueError, binascii.Error):
        raise BadCursor("this cursor is not one of ours") from None
    if number < 0 or cursor(number) != named:
        raise BadCursor("this cursor is not one of ours")
    return number


def told(record: Record) -> dict[str, Any]:
    """What a record tells others: never its ``private``; a line that it makes is whole."""
    data = {name: value for name, value in record.data.items() if name != _PRIVATE}
    if record.kind in _WHOLE and isinstance(data.get("message"), dict):
        line = {name: value for name, value in data["message"].items() if name not in _INNER}
        data["message"] = {**line, "conversation": record.stream, "seq": record.seq}
    return data


def frame(record: Record) -> dict[str, Any]:
    """A record as a frame."""
    return {
        "type": "record",
        "cursor": cursor(record.feed),
        "id": record.id,
        "kind": record.kind,
        "stream": record.stream,
        "seq": record.seq,
        "at": rfc3339(record.at),
        "by": {"kind": record.by.kind, "id": record.by.id, "name": record.by.name},
        "data": told(record),
    }


def hello(start: int) -> bytes:
    """The first live frame: where this stream starts."""
    return orjson.dumps({"type": "hello", "cursor": cursor(start)})


class Frames:
    """Encodes records, and remembers the newest ones for whoever asks next."""

    def __init__(self, remembered: int = 1024) -> None:
        self._remembered = remembered
        self._encoded: OrderedDict[int, bytes] = OrderedDict()

    def encoded(self, record: Record) -> bytes:
        """The frame of a record, as JSON."""
        known = self._encoded.get(record.feed)
        if known is None:
            known = self._encoded[record.feed] = orjson.dumps(frame(record))
            while len(self._encoded) > self._remembered:
                self._encoded.popitem(last=False)
        return known
