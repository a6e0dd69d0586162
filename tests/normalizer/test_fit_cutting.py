"""Texts in pieces: within the limit, at good places, nothing lost."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from normalizer.fit import Limits, Unit, fit, measure
from normalizer.fit.cutting import Piece, cut
from normalizer.fit.formatting import shown
from normalizer.model import Part, Span, Text
from normalizer.parts import Style

UNITS: st.SearchStrategy[Unit] = st.sampled_from(["code points", "utf-16 units", "bytes", "gsm-7"])
PIECES_OF_TEXT = [
    "a", "b.", "c! ", "{", "€", "\u00e9", "e\u0301", "\u0301", "я", "你", "。", "」", " ", "  ", "\n", "\r\n", "\n\n", "\u00a0",
    "\t", "\u2028", "\U0001f389", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f1eb\U0001f1f7", "\U0001f1eb", "\u0600",
    "क्षि", "한", "\u1112\u1161\u11ab", "\u200d", "word", "https://example.com/a?b=c", "\x85", "\u3000",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES_OF_TEXT) | st.text(max_size=3), max_size=40).map("".join)


def said(text: str, pieces: tuple[Piece, ...]) -> list[str]:
    return [text[piece.start : piece.end] for piece in pieces]


@given(TEXTS, UNITS, st.integers(0, 30))
def test_nothing_but_white_space_is_lost_and_no_limit_is_passed(text: str, unit: Unit, limit: int) -> None:
    pieces = cut(text, limit, unit)
    if not pieces:
        assert max(measure(one, unit) for one in text) > limit or (not text.strip() and measure(text, unit) > limit)
        return
    assert all(measure(one, unit) <= limit for one in said(text, pieces))
    if len(pieces) > 1:
        assert all(one.strip() for one in said(text, pieces))
    edges = [0, *(edge for piece in pieces for edge in piece), len(text)]
    assert edges == sorted(edges)
    assert all(not text[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True))


@given(TEXTS, UNITS, st.integers(1, 30))
def test_a_grapheme_is_whole_unless_it_is_too_long_by_itself(text: str, unit: Unit, limit: int) -> None:
    edges = {edge for piece in cut(text, limit, unit) for edge in piece}
    for grapheme in regex.finditer(r"\X", text):
        inside = edges & set(range(grapheme.start() + 1, grapheme.end()))
        assert not inside or measure(grapheme[0], unit) > limit or grapheme[0].isspace(), (inside, grapheme)


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("one two", 3, ["one", "two"]),
        ("one  \t two", 5, ["one", "two"]),
        ("one two. three four", 12, ["one two.", "three four"]),
        ("one (two!) three four", 14, ["one (two!)", "three four"]),
        ("a. one two three", 12, ["a. one two", "three"]),  # a sentence that short is no place
        ("one two.\nthree four", 14, ["one two.", "three four"]),
        ("one\n\ntwo. three", 9, ["one\n\ntwo.", "three"]),
        ("aaa bbb\n\ncc.\ndd ee", 14, ["aaa bbb", "cc.\ndd ee"]),
        ("aaa bbb\r\n \r\ncc. dd", 14, ["aaa bbb", "cc. dd"]),
        ("def f():\n    return 1", 14, ["def f():", "    return 1"]),  # what indents stays
        ("one two\u00a0three", 10, ["one", "two\u00a0three"]),
        ("\u4f60\u597d\u3002\u4e16\u754c\u518d\u89c1", 4, ["\u4f60\u597d\u3002", "\u4e16\u754c\u518d\u89c1"]),
        ("hi \u4f60\u597d\u4e16\u754c\u518d\u89c1\u4f60\u597d", 10, ["hi \u4f60\u597d\u4e16\u754c\u518d\u89c1\u4f60", "\u597d"]),
        ("hi https://example.com", 20, ["hi", "https://example.com"]),
        ("abcdef", 4, ["abcd", "ef"]),
        ("e\u0301e\u0301e\u0301", 3, ["e\u0301", "e\u0301e\u0301"[:2], "e\u0301"]),
        ("\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea", 3, ["\U0001f1eb\U0001f1f7", "\U0001f1e9\U0001f1ea"]),
        ("e" + "\u0301" * 5, 4, ["e\u0301\u0301\u0301", "\u0301\u0301"]),
        ("     word", 4, ["word"]),
        ("   \u0301x", 3, [" \u0301x"]),
        ("    \u0301", 1, ["\u0301"]),
        ("word     ", 4, ["word"]),
        ("word\n      ", 6, ["word"]),
        ("\u00a0\u00a0 \u00a0word", 4, ["word"]),
        ("  " + "e" + "\u0301" * 3, 4, ["e\u0301\u0301\u0301"]),
        ("       ", 4, []),
        ("ab \u0301cd ef", 7, ["ab \u0301cd", "ef"]),
        ("ab\u0600 cd", 4, ["ab\u0600 ", "cd"]),
    ],
)  # fmt: skip
def test_where_texts_are_cut(text: str, limit: int, pieces: list[str]) -> None:
    assert said(text, cut(text, limit, "code points")) == pieces


@pytest.mark.parametrize(
    ("text", "unit", "limit", "pieces"),
    [
        ("a" * 159 + "\u20ac", "gsm-7", 160, ["a" * 159, "\u20ac"]),
        ("a" * 158 + "\u20ac", "gsm-7", 160, ["a" * 158 + "\u20ac"]),
        ("\U0001f389" * 3, "utf-16 units", 5, ["\U0001f389" * 2, "\U0001f389"]),
        ("{{{{я", "gsm-7", 5, ["{{{{я"]),
        ("{{{{яя", "gsm-7", 5, ["{{", "{{яя"]),
        ("\u20ac", "bytes", 3, ["\u20ac"]),
        ("\u20ac", "bytes", 2, []),
        ("\u3000a", "bytes", 1, ["a"]),
    ],
)
def test_units_are_never_cut(text: str, unit: Unit, limit: int, pieces: list[str]) -> None:
    assert said(text, cut(text, limit, unit)) == pieces


@pytest.mark.parametrize("one", ["\U0001f1eb\U0001f1f7", "\u0301", " ", "\n", "a b. ", "{", "क्षि"])
def test_a_megabyte_is_cut(one: str) -> None:
    text = "x" + one * (200_000 // len(one)) + "x"
    pieces = cut(text, 4096, "utf-16 units")
    assert "".join("".join(said(text, pieces)).split()) == "".join(text.split())


# What is formatted stays so.

SPANS = st.lists(
    st.builds(
        lambda style, start, length, url: Span(style=style, start=start, length=length, url=url),
        st.sampled_from(["bold", "link", "pre"]),
        st.integers(0, 60),
        st.integers(1, 60),
        st.sampled_from(["", "https://x.example"]),
    ),
    max_size=5,
)
STYLES: frozenset[Style] = frozenset({"bold", "link", "pre"})


def styled(parts: tuple[Part, ...]) -> list[tuple[str, frozenset[tuple[str, str]]]]:
    """Each character that is no white space, with its styles and where it leads."""
    found = []
    for part in parts:
        assert isinstance(part, Text)
        over: list[set[tuple[str, str]]] = [set() for _ in part.text]
        for span in part.format:
            for at in range(span.start, min(span.start + span.length, len(part.text))):
                over[at].add((span.style, span.url))
        found += [(one, frozenset(styles)) for one, styles in zip(part.text, over, strict=True) if one.strip()]
    return found


@given(TEXTS.filter(str.strip), SPANS, st.integers(4, 30), UNITS)
def test_formatting_is_cut_with_the_text(text: str, spans: list[Span], limit: int, unit: Unit) -> None:
    part = Text(text=text, format=tuple(spans))
    fitted = fit([part], Limits(text=limit, caption=0, unit=unit, styles=STYLES))
    assert styled(fitted.parts) == styled((part,))
    if len(fitted.parts) > 1:
        for one in fitted.parts:
            assert isinstance(one, Text)
            assert all(span.start + span.length <= len(one.text) for span in one.format)


@given(TEXTS.filter(bool), SPANS)
def test_what_is_not_shown_takes_nothing_else_along(text: str, spans: list[Span]) -> None:
    whole, kept = shown(text, spans, {"bold"})
    before = styled((Text(text=text, format=tuple(span for span in spans if span.style == "bold" and not span.url)),))
    after = styled((Text(text=whole, format=tuple(span for span in kept if not span.url)),))
    rest = iter(one for one, _ in after)
    assert all(one in rest for one, _ in before)
    assert sum(bool(styles) for _, styles in after) >= sum(bool(styles) for _, styles in before)
    assert {span.style for span in kept} <= {"bold"}


def test_an_address_behind_words_is_written_out_where_links_are_not_shown() -> None:
    spans = (
        Span(style="bold", start=0, length=3),
        Span(style="link", start=4, length=4, url="https://a.example"),
        Span(style="link", start=13, length=7, url="mailto:a@b.com"),
        Span(style="italic", start=9, length=3),
        Span(style="bold", start=9, length=3),
        Span(style="link", start=9, length=3),
    )
    text, kept = shown("See this and a@b.com", spans, {"bold"})
    assert text == "See this (https://a.example) and a@b.com"
    assert [(text[span.start : span.start + span.length], span.style) for span in kept] == [
        ("See", "bold"),
        ("and", "bold"),
    ]
    over = (Span(style="bold", start=0, length=20), Span(style="link", start=4, length=4, url="https://a.example"))
    text, kept = shown("See this and a@b.com", over, {"bold"})
    assert [text[span.start : span.start + span.length] for span in kept] == [text]
