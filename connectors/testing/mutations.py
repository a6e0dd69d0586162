"""Bodies spoilt in the ways that the world spoils them: cut, flipped, of another type, too deep, too large."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

Pick = Callable[[int], int]
"""Gives a number from 0 to one below what it is asked with: dice, or hypothesis."""

_DEEP: Any = 0
for _ in range(120):
    _DEEP = [_DEEP]

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 42, 2**31, 2**53 + 1, 2**63, 2**64, -(2**70), 10**400, 0.5, 1e308, float("inf"),
    float("-inf"), float("nan"), "", " ", "0", "-1", "42", "null", "\x00", "\ud800", "a\udfffb", "\u202e", "é" * 70,
    "🎉", "x" * 5_000, "9" * 4_400, "2026-11-22T09:00:00Z", "0000-00-00", "../../etc/passwd", "<script>", "' OR 1=1",
    [], {}, [None], [[]], [{}], {"": ""}, {"id": {}}, {"kind": "message"}, list(range(500)), _DEEP,
)  # fmt: skip
BYTES = (
    b"",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"[",
    b"{",
    b'"',
    b"\\u",
    b",",
    b"1e999",
    b"[" * 5_000,
)


def mutated(body: bytes, pick: Pick) -> bytes:
    """The body, spoilt once to three times."""
    for _ in range(1 + pick(3)):
        body = _once(body, pick)
    return body


def _once(body: bytes, pick: Pick) -> bytes:
    if pick(4) == 0:
        return _bytes_spoilt(body, pick)
    try:
        root = [json.loads(body)]
    except (ValueError, RecursionError):
        return _form_spoilt(body, pick) if b"=" in body and body[:1].isalnum() else _bytes_spoilt(body, pick)
    _value_spoilt(root, pick)
    try:
        return json.dumps(root[0]).encode()
    except (ValueError, RecursionError):
        return _bytes_spoilt(body, pick)


def _bytes_spoilt(body: bytes, pick: Pick) -> bytes:
    at = pick(len(body) + 1)
    match pick(5):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + BYTES[pick(len(BYTES))] + body[at:]
        case 2:
            return body[:at] + body[at + 1 + pick(20) :]
        case 3 if at < len(body):
            return body[:at] + bytes([body[at] ^ 1 << pick(8)]) + body[at + 1 :]
        case _:
            return body + body[at:]


def _form_spoilt(body: bytes, pick: Pick) -> bytes:
    pairs: list[Any] = list(map(list, parse_qsl(body.decode(errors="replace"), keep_blank_values=True)))
    at = pick(len(pairs))
    match pick(4):
        case 0:
            del pairs[at]
        case 1:
            pairs.append(list(pairs[at]))
        case 2:
            pairs[at][0] = str(pairs[at][0]) + "0"
        case _:
            odd = ODD[pick(len(ODD))]
            pairs[at][1] = odd if isinstance(odd, str) else str(odd)[:5_000]
    return urlencode([tuple(pair) for pair in pairs], errors="replace").encode()


def _value_spoilt(root: list[Any], pick: Pick) -> None:
    """Change something within ``root[0]``: a value, a name, a list's length."""
    places = list(_places(root))
    within, key = places[pick(len(places))]
    match pick(6):
        case 0 if within is not root:
            del within[key]
        case 1 if isinstance(within, dict):
            within[str(key) + "_"] = within.pop(key)
        case 2:
            within[key] = [within[key]]
        case 3 if isinstance(within[key], list):
            within[key] = within[key] * 2
        case 4 if isinstance(within[key], int | str):
            within[key] = str(within[key]) if isinstance(within[key], int) else len(within[key])
        case _:
            within[key] = ODD[pick(len(ODD))]


def _places(node: Any) -> Iterator[tuple[MutableMapping[str, Any] | MutableSequence[Any], Any]]:
    """Every place of a value, from the outside in: what holds it, and under which key."""
    within = [node]
    while within:
        one = within.pop()
        for key in one if isinstance(one, dict) else range(len(one)):
            yield one, key
            if isinstance(one[key], dict | list):
                within.append(one[key])
