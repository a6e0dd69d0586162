"""Whether a message fits a channel, in the channel's own unit."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.fit import Limits, Misfit, Unit, measure, misfits
from normalizer.model import Choices, Contact, Link, Location, Media, Option, Part, Text

LIMITS = Limits(
    text=5,
    caption=3,
    unit="utf-16 units",
    choices=2,
    choice_id=4,
    label=3,
    parts=frozenset({"text", "media", "choices", "location", "link"}),
    media_types=frozenset({"image"}),
)


@pytest.mark.parametrize(
    ("text", "unit", "length"),
    [
        ("", "code points", 0),
        ("a\u00e9\U0001f389", "code points", 3),
        ("a\u00e9\U0001f389", "utf-16 units", 4),
        ("a\u00e9\U0001f389", "bytes", 7),
        ("\ud800", "utf-16 units", 1),
        ("\ud800", "bytes", 3),
    ],
)
def test_measure(text: str, unit: Unit, length: int) -> None:
    assert measure(text, unit) == length


def options(*pairs: tuple[str, str]) -> tuple[Option, ...]:
    return tuple(Option(id=name, label=label) for name, label in pairs)


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (Text(text="12345"), []),
        (Text(text="1234\U0001f389"), [Misfit("/parts/0/text", "too_long", "6 utf-16 units; this channel takes 5")]),
        (Contact(name="Bob"), [Misfit("/parts/0", "content_rejected", "this channel cannot send a contact")]),
        (Location(latitude=0, longitude=0, name="a long name"), []),
        (Media(media_type="image", media="med_1", caption="123"), []),
        (
            Media(media_type="video", media="med_1", caption="1234"),
            [
                Misfit("/parts/0/media_type", "media_unsupported", "this channel cannot send a video"),
                Misfit("/parts/0/caption", "too_long", "4 utf-16 units; this channel takes 3"),
            ],
        ),
        (Choices(text="12345", choices=options(("abcd", "Yes"), ("b", "No"))), []),
        (Link(url="12345"), []),
        (Link(url="1234", title="5"), [Misfit("/parts/0/url", "too_long", "6 utf-16 units; this channel takes 5")]),
        (
            Choices(text="123456", choices=options(("\u00e9\u00e9\u00e9", "Yes"), ("b", "Nope"), ("c", "?"))),
            [
                Misfit("/parts/0/text", "too_long", "6 utf-16 units; this channel takes 5"),
                Misfit("/parts/0/choices", "too_long", "3 choices; this channel takes 2"),
                Misfit("/parts/0/choices/0/id", "too_long", "6 bytes; this channel takes 4"),
                Misfit("/parts/0/choices/1/label", "too_long", "4 utf-16 units; this channel takes 3"),
            ],
        ),
    ],
)
def test_misfits(part: Part, found: list[Misfit]) -> None:
    assert misfits([part], LIMITS) == found


def test_each_part_is_pointed_at() -> None:
    parts: list[Part] = [Text(text="ok"), Text(text="too long"), Contact(name="Bob")]
    assert [misfit.pointer for misfit in misfits(parts, LIMITS)] == ["/parts/1/text", "/parts/2"]


UNITS: st.SearchStrategy[Unit] = st.sampled_from(["code points", "utf-16 units", "bytes", "gsm-7"])


@given(st.text(min_size=1), UNITS, st.integers(0, 40))
def test_what_fits_is_within_the_limit(text: str, unit: Unit, limit: int) -> None:
    fits = not misfits([Text(text=text)], replace(LIMITS, text=limit, unit=unit))
    assert fits is (measure(text, unit) <= limit)


@given(st.text(), st.text(), UNITS.filter(lambda unit: unit != "gsm-7"))
def test_a_text_measures_as_its_pieces_do(left: str, right: str, unit: Unit) -> None:
    assert measure(left + right, unit) == measure(left, unit) + measure(right, unit)
