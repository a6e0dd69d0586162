"""Announcements as AMQP 0-9-1 writes them, without an object for each frame. Pure.

pamqp writes the same bytes and asks for every field each time; a test holds the two together.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from gateway.adapters.rabbitmq.topology import CONTENT_TYPE, EVENTS
from gateway.ports import Announcement

_METHOD, _HEADER, _BODY, _END = 1, 2, 3, b"\xce"
_BASIC, _PUBLISH = 60, 40
_PERSISTENT = 2
_FLAGS = 0b1001_0000_1000_0000
"""Which properties follow: content type, delivery mode, message id (4.2.6.1)."""


def _short(text: str) -> bytes:
    """A short string; raises ValueError beyond 255 bytes."""
    encoded = text.encode()
    return bytes([len(encoded)]) + encoded


_SAME = _FLAGS.to_bytes(2) + _short(CONTENT_TYPE) + bytes([_PERSISTENT])
"""The properties that all announcements share, before their ids."""
_frame = struct.Struct(">BHI").pack
_header = struct.Struct(">BHIHHQ").pack


@lru_cache(maxsize=1024)
def _method(channel: int, routing_key: str) -> bytes:
    """There are as many as kinds of records times accounts."""
    arguments = struct.pack(">HHH", _BASIC, _PUBLISH, 0) + _short(EVENTS) + _short(routing_key) + b"\0"
    return _frame(_METHOD, channel, len(arguments)) + arguments + _END


def publication(channel: int, one: Announcement, most: int) -> bytes:
    """The frames of one ``basic.publish``: method, header, and the body in pieces of ``most`` bytes; 0 is no limit.

    Raises ValueError where the id or the routing key is longer than 255 bytes. AMQP 0-9-1, 2.3.5 and 4.2:
    https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf
    """
    properties, size = _SAME + _short(one.id), len(one.body)
    header = _header(_HEADER, channel, 12 + len(properties), _BASIC, 0, size) + properties + _END
    pieces = [_method(channel, one.routing_key), header]
    step = most if most > 0 else max(size, 1)
    for start in range(0, size, step):
        piece = one.body[start : start + step]
        pieces += (_frame(_BODY, channel, len(piece)), piece, _END)
    return b"".join(pieces)
