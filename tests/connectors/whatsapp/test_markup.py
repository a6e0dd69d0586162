"""WhatsApp's signs: what is put in, a reader of them takes out again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.whatsapp.forms import form, media_form
from connectors.whatsapp.markup import MOST, marked
from normalizer.model import Media, Span, Text
from normalizer.parts import Style

STYLES: tuple[Style, ...] = ("bold", "italic", "strikethrough", "code", "pre", "quote")


def span(style: Style, start: int, length: int) -> Span:
    return Span(style=style, start=start, length=length)


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("all good", [], "all good"),
        ("all good", [span("bold", 4, 4)], "all *good*"),
        ("all good", [span("bold", 4, 99)], "all *good*"),
        ("all good", [span("bold", 99, 4)], "all good"),
        ("all good", [span("bold", 3, 5)], "all *good*"),  # signs stand at words
        ("all good", [span("bold", 3, 1)], "all good"),  # a space has no style
        ("all good", [span("bold", 5, 2)], "all good"),  # in a word a sign is only a sign
        ("2*3 is 6", [span("bold", 0, 3)], "2*3 is 6"),
        ("2*3 is 6", [span("italic", 0, 3)], "_2*3_ is 6"),
        ("*so* it", [span("italic", 1, 2)], "*so* it"),
        ("all good", [span("bold", 0, 8), span("italic", 4, 4)], "*all _good_*"),
        ("all good", [span("italic", 0, 8), span("bold", 0, 8)], "_*all good*_"),
        ("all good", [span("bold", 0, 8), span("bold", 4, 4)], "*all good*"),
        ("a b c", [span("bold", 0, 3), span("italic", 2, 3)], "*a b* c"),  # neither in nor out
        ("one\ntwo", [span("bold", 0, 7)], "*one*\n*two*"),
        ("one\ntwo", [span("pre", 0, 7)], "```one\ntwo```"),
        ("one\ntwo", [span("pre", 0, 7), span("bold", 0, 3)], "```one\ntwo```"),
        ("x = 1", [span("code", 0, 5)], "`x = 1`"),
        ("x", [span("underline", 0, 1), span("link", 0, 1)], "x"),
        ("you said\nno", [span("quote", 0, 8)], "> you said\nno"),
        ("you\nsaid\r\nno", [span("quote", 4, 4)], "you\n> said\r\nno"),
        ("you\nsaid\nno", [span("quote", 4, 5)], "you\n> said\nno"),
        ("you\n\nsaid", [span("quote", 0, 9), span("bold", 0, 3)], "> *you*\n\n> said"),
        ("you said", [span("quote", 4, 4)], "you said"),
        ("you said", [span("quote", 0, 3)], "you said"),
        ("you\nsaid", [span("quote", 0, 8), span("pre", 0, 8)], "> ```you\nsaid```"),
        ("(a)(b)", [span("bold", 0, 3), span("italic", 3, 3)], "*(a)*_(b)_"),
    ],
)
def test_marks(text: str, spans: list[Span], expected: str) -> None:
    assert marked(text, spans) == expected


SIGNED = re.compile(r"```(?P<pre>[^`]+)```|`(?P<code>[^`\n]+)`|(?P<sign>[*_~])(?P<words>\S(?:[^\n]*?\S)?)(?P=sign)")


def shown(text: str) -> str:
    """The words that a phone shows: a reader of its own, without what is in the module."""
    lines = re.sub(r"(?m)^> ", "", text)
    while True:
        inner = SIGNED.sub(lambda found: found["pre"] or found["code"] or found["words"], lines)
        if inner == lines:
            return lines
        lines = inner


WORDS = st.text(st.sampled_from("ab (.)\n🎉é"), min_size=1, max_size=30)
SPANS = st.lists(st.builds(span, st.sampled_from(STYLES), st.integers(0, 30), st.integers(1, 30)), max_size=6)


@given(WORDS, SPANS)
def test_no_word_is_lost_and_none_is_added(text: str, spans: list[Span]) -> None:
    assert shown(marked(text, spans)) == text


@given(
    st.lists(st.sampled_from(["ab", "été", "🎉"]), min_size=3, max_size=9), st.integers(0, 7), st.sampled_from("*_~")
)
def test_a_whole_word_is_always_marked(words: list[str], index: int, sign: str) -> None:
    index %= len(words)
    style: Style = {"*": "bold", "_": "italic", "~": "strikethrough"}[sign]  # type: ignore[assignment]
    start = len(" ".join([*words[:index], ""]))
    words_marked = [f"{sign}{word}{sign}" if place == index else word for place, word in enumerate(words)]
    assert marked(" ".join(words), [span(style, start, len(words[index]))]) == " ".join(words_marked)


def test_many_spans_cost_little_and_the_last_go_plain() -> None:
    text = "ab " * 50_000
    told = marked(text, [span("bold", 3 * place, 2) for place in range(50_000)])
    assert told.count("*") == 2 * MOST


def test_signs_that_make_a_text_too_long_are_left_out() -> None:
    text = "a" * 4095
    assert form(Text(text=text, format=(span("bold", 0, 4095),)), "")["text"] == {"body": text}
    caption = "a" * 1022
    part = Media(media_type="image", url="https://example.com/1", caption=caption, format=(span("bold", 0, 1022),))
    assert media_form(part, {})["image"]["caption"] == f"*{caption}*"
    longer = part.model_copy(update={"caption": f"{caption}b"})
    assert media_form(longer, {})["image"]["caption"] == f"{caption}b"
