"""The alphabet of the SMS, and its segments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.fit import Segments, folded, measure, segments
from normalizer.fit.gsm import ALPHABET, EXTENSION, is_gsm

TABLE = [
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
]  # GSM 03.38, 6.2.1: a row per high digit of the code
EXTENDED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


def test_the_table_is_the_standards() -> None:
    assert [ALPHABET[row * 16 : row * 16 + 16] for row in range(8)] == TABLE
    assert set(EXTENSION) == set(EXTENDED.values())
    assert len(EXTENSION) == 10


@pytest.mark.parametrize("one", sorted(set(ALPHABET) - {"\x1b"}))
def test_each_character_of_the_table_is_a_septet(one: str) -> None:
    assert measure(one, "gsm-7") == 1
    assert segments(one * 160) == Segments("gsm-7", 160, 1)


@pytest.mark.parametrize("one", EXTENSION)
def test_each_character_of_the_extension_is_two(one: str) -> None:
    assert measure(one, "gsm-7") == 2
    assert segments(one * 80) == Segments("gsm-7", 160, 1)
    assert segments(one * 81) == Segments("gsm-7", 162, 2)


@pytest.mark.parametrize("one", ["\x1b", "ç", "ê", "\u2019", "`", "\t", "\u00a0", "я", "你"])
def test_anything_else_makes_it_ucs_2(one: str) -> None:
    assert measure(one, "gsm-7") == 1
    assert measure("{" + one, "gsm-7") == 2
    assert segments("a" + one) == Segments("ucs-2", 2, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Segments("gsm-7", 0, 0)),
        ("a", Segments("gsm-7", 1, 1)),
        ("a" * 160, Segments("gsm-7", 160, 1)),
        ("a" * 161, Segments("gsm-7", 161, 2)),
        ("a" * 306, Segments("gsm-7", 306, 2)),
        ("a" * 307, Segments("gsm-7", 307, 3)),
        ("a" * 158 + "€", Segments("gsm-7", 160, 1)),
        ("a" * 159 + "€", Segments("gsm-7", 161, 2)),
        ("a" * 151 + "€" + "a" * 153, Segments("gsm-7", 306, 2)),
        ("a" * 152 + "€" + "a" * 152, Segments("gsm-7", 306, 3)),  # the escape would be the 153rd, so it moves on
        ("я" * 70, Segments("ucs-2", 70, 1)),
        ("я" * 71, Segments("ucs-2", 71, 2)),
        ("я" * 134, Segments("ucs-2", 134, 2)),
        ("я" * 135, Segments("ucs-2", 135, 3)),
        ("я" * 68 + "\U0001f389", Segments("ucs-2", 70, 1)),
        ("я" * 69 + "\U0001f389", Segments("ucs-2", 71, 2)),
        ("я" * 65 + "\U0001f389" + "я" * 67, Segments("ucs-2", 134, 2)),
        ("я" * 66 + "\U0001f389" + "я" * 66, Segments("ucs-2", 134, 3)),  # half of it would be the 67th
        ("{" * 69 + "я", Segments("ucs-2", 70, 1)),  # where there is no escape, a brace is one unit
    ],
)
def test_segments(text: str, found: Segments) -> None:
    assert segments(text) == found


@given(st.text(st.sampled_from("a{\u20acя\U0001f389"), max_size=700))
def test_segments_are_as_few_as_the_pairs_allow(text: str) -> None:
    found = segments(text)
    alone, each, spare = (160, 153, 1) if found.encoding == "gsm-7" else (70, 67, 1)
    assert found.units == measure(text, "gsm-7")
    if found.units <= alone:
        assert found.segments == (1 if text else 0)
    else:
        assert -(-found.units // each) <= found.segments <= -(-found.units // (each - spare))


def test_folding() -> None:
    said = "\u201cIt\u2019s \u00ab5\u00a0\u20ac\u00bb \u2013 no\u2026\u201d\u200b\t`x`"
    assert folded(said) == '"It\'s "5 \u20ac" - no..." \'x\''
    assert folded("ça va, être") == "ça va, être"


@given(st.text())
def test_folding_again_changes_nothing_and_never_leaves_the_alphabet(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    if is_gsm(text):
        assert once == text
    strange = [one for one in once if not is_gsm(one)]
    assert all(one in text for one in strange)
