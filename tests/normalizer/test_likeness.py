"""What a provider tells back, beside a message of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from normalizer.likeness import may_say
from normalizer.model import Author, Failure, Location, Media, Message, Part, Text


def message(status: Any, *parts: Part, doubt: int | None = None) -> Message:
    return Message(
        id="msg_1",
        direction="out",
        author=Author(kind="agent", id="agt_1"),
        parts=parts,
        received_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        status=status,
        failure=None if doubt is None else Failure(reason="unknown", part=doubt),
    )


ONE, TWO, HERE = Text(text="one"), Text(text="two"), Location(latitude=1, longitude=2)
OURS = Media(media_type="image", media="med_1", mime="image/png", caption="look")


@pytest.mark.parametrize(
    ("ours", "told", "same"),
    [
        (Text(text=" one  more\n"), Text(text="one more"), True),
        (ONE, TWO, False),
        (ONE, Media(media_type="image", ref="r"), False),
        (OURS, Media(media_type="image", ref="r", mime="image/jpeg", caption="look "), True),
        (OURS, Media(media_type="image", ref="r", caption="another"), False),
        (OURS, Media(media_type="file", ref="r", caption="look"), False),
        (HERE, HERE, True),
        (HERE, Location(latitude=1, longitude=3), False),
    ],
)
def test_parts_are_compared_by_what_they_say(ours: Part, told: Part, same: bool) -> None:
    assert may_say(message("uncertain", ours), [told]) is same


@pytest.mark.parametrize("status", ["sent", "failed", "delivered", "read"])
def test_a_message_that_has_ended_is_not_looked_for(status: Any) -> None:
    assert not may_say(message(status, ONE), [ONE])


@pytest.mark.parametrize(
    ("told", "under_way", "first", "second"),
    [
        ([ONE], True, True, False),
        ([TWO], True, False, True),
        ([ONE, TWO], True, True, False),
        ([TWO, ONE], False, False, False),
        ([ONE, TWO, ONE], False, False, False),
    ],
)
def test_a_piece_is_enough_but_of_an_uncertain_message_it_is_the_piece_in_doubt(
    told: list[Part], under_way: bool, first: bool, second: bool
) -> None:
    assert may_say(message("queued", ONE, TWO), told) is under_way
    assert may_say(message("uncertain", ONE, TWO, doubt=0), told) is first
    assert may_say(message("uncertain", ONE, TWO, doubt=1), told) is second
