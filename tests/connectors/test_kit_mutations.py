"""What the kit spoils, and how it looks at what comes of it."""

import json
from datetime import UTC, datetime
from random import Random

import pytest

from connectors.testing.laws_answers import _quoting
from connectors.testing.laws_parse import _what
from connectors.testing.making import at_the_limit, filled, one_of_each
from connectors.testing.mutations import mutated
from normalizer.event import MessageEdited, Reacted, ReceiptReceived
from normalizer.fit import Limits, measure
from normalizer.model import Text

BODIES = {
    "json": b'{"a": {"b": [1, "x", {"c": null}]}, "d": "e"}',
    "a list": b"[1, 2]",
    "a word": b'"x"',
    "form": b"From=%2B33&Body=hello&N=",
    "a form of little": b"a&=",
    "text": b"hello",
    "bytes": b"\xff\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_everything_can_be_spoilt_in_many_ways(body: bytes) -> None:
    dice = Random(1)
    found = {mutated(body, dice.randrange) for _ in range(1500)}
    assert len(found) > 40
    assert found == {mutated(body, again) for again in [Random(1).randrange] for _ in range(1500)}


def test_what_json_cannot_write_is_spoilt_as_bytes() -> None:
    dice = Random(1)
    for depth in range(600, 1_100, 25):
        deep = b"[" * depth + b"]" * depth
        assert all(isinstance(mutated(deep, dice.randrange), bytes) for _ in range(8))


def test_what_is_spoilt_too_deep_to_be_written_is_spoilt_otherwise() -> None:
    """A value as deep as can be read, with a deep one in its innermost place."""

    def pick(below: int) -> int:
        return below - 1

    for depth in range(500, 1_000, 20):
        body = b"[" * depth + b"1" + b"]" * depth
        assert isinstance(mutated(body, pick), bytes)


def test_spoilt_json_is_mostly_json() -> None:
    dice, read = Random(2), 0
    for _ in range(300):
        try:
            json.loads(mutated(BODIES["json"], dice.randrange))
        except (ValueError, RecursionError):
            continue
        read += 1
    assert read > 100


@pytest.mark.parametrize("unit", ["code points", "utf-16 units", "bytes"])
@pytest.mark.parametrize("letter", ["a", "é", "🎉"])
def test_a_text_fills_its_limit(unit: str, letter: str) -> None:
    for limit in (0, 1, 2, 3, 7, 160, 4096):
        text = filled(letter, limit, unit)
        assert measure(text, unit) <= limit  # type: ignore[arg-type] # one of them
        assert measure(text + letter, unit) > limit  # type: ignore[arg-type]


def test_what_a_channel_cannot_do_is_not_tried() -> None:
    nothing = Limits(text=0, caption=0, parts=frozenset())
    assert list(one_of_each(nothing)) == list(at_the_limit(nothing)) == []
    wordless = Limits(text=5, caption=0, parts=frozenset({"text", "media"}), media_types=frozenset({"file"}))
    assert {part.kind for _, part, _ in at_the_limit(wordless)} == {"text"}
    assert {part.kind for part in one_of_each(wordless)} == {"text", "media"}


def test_what_one_id_may_stand_for() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    edit = MessageEdited(id="edit:1:1", identity="x:1", provider_id="1", parts=(Text(text="a"),), edited_at=at)
    reaction = Reacted(id="reaction:1", identity="x:1", provider_id="1", emojis=(), at=at)
    receipt = ReceiptReceived(id="receipt:1", provider_id="1", status="read")
    assert _what(edit) == _what(edit.model_copy(update={"parts": (Text(text="b"),)}))
    assert len({_what(edit), _what(reaction), _what(receipt)}) == 3


def test_an_answer_may_quote_anything() -> None:
    assert _quoting(b'{"a": ["x", 5, {"b": "y"}]}', "s") == b'{"a": ["s", 5, {"b": "s"}]}'
    assert _quoting(b"<html>", "s") == b"s"
