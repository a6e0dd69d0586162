"""The books themselves: they balance when every reply tells the truth, and show it when one does not."""

from __future__ import annotations

from typing import Any

import pytest
from journeys.books import Books


def feed(*ends: tuple[str, str]) -> list[dict[str, Any]]:
    """What was queued with this text, and how it ended."""
    found: list[dict[str, Any]] = []
    for number, (text, status) in enumerate(ends):
        message = f"msg_{number}"
        told = {"id": message, "seq": len(found) + 1, "parts": [{"kind": "text", "text": text}]}
        found.append({"kind": "message.queued", "data": {"message": told}})
        failure = None if status == "sent" else {"reason": "unknown"}
        found.append({"kind": f"message.{status}", "data": {"message": message, "status": status, "failure": failure}})
    return found


@pytest.mark.parametrize(
    ("ends", "sent", "counted"),
    [
        ([("a", "sent"), ("b", "failed")], ["a"], {"sent": 1, "failed": 1}),
        ([("a", "uncertain"), ("b", "uncertain")], ["b"], {"uncertain, accepted": 1, "uncertain, not accepted": 1}),
        ([("a", "uncertain"), ("a", "sent")], ["a", "a"], {"uncertain, accepted": 1, "sent": 1}),
        ([("a", "uncertain"), ("a", "sent")], ["a"], {"uncertain, not accepted": 1, "sent": 1}),
    ],
)
def test_they_balance(ends: list[tuple[str, str]], sent: list[str], counted: dict[str, int]) -> None:
    assert dict(Books(feed(*ends)).balanced(sent)) == counted


@pytest.mark.parametrize(
    ("ends", "sent"),
    [
        ([("a", "sent")], ["a", "a"]),
        ([("a", "sent")], []),
        ([("a", "failed")], ["a"]),
        ([("a", "uncertain")], ["a", "a"]),
        ([("a", "uncertain"), ("a", "sent")], ["a", "a", "a"]),
        ([("a", "sent")], ["a", "nobody said this"]),
        ([("a", "deferred")], []),
    ],
)
def test_they_do_not_balance(ends: list[tuple[str, str]], sent: list[str]) -> None:
    with pytest.raises(AssertionError):
        Books(feed(*ends)).balanced(sent)


def test_what_overtook_is_seen() -> None:
    books = Books(feed(("a", "sent"), ("b", "sent")))
    calls = [{"chat": 1, "params": {"text": text}} for text in ("a", "b")]
    books.in_order(calls)
    with pytest.raises(AssertionError):
        books.in_order(calls[::-1])
