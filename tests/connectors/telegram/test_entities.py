"""Entities and spans: counted in different units, and the same pieces of text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import MessageEntity

from connectors.telegram.dialect import Entity
from connectors.telegram.entities import MOST, STYLES, TYPES, entities_of, spans
from normalizer.model import Span

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("a🎉é👍\u200d"), min_size=1, max_size=30)
WANTED = st.builds(
    Span,
    style=st.sampled_from(sorted(TYPES)),
    start=st.integers(0, 40),
    length=st.integers(1, 40),
    url=st.just("https://x.example/"),
    language=st.sampled_from(["", "python"]),
)
ENTITIES = st.builds(
    Entity,
    type=st.sampled_from([*STYLES, "hashtag", "?"]),
    offset=st.integers(-2, 70),
    length=st.integers(-2, 70),
    url=st.just("https://x.example/"),
)


@given(TEXTS, st.lists(WANTED, max_size=5))
def test_a_format_that_is_sent_comes_back(text: str, wanted: list[Span]) -> None:
    sent = entities_of(text, wanted)
    back = spans(text, [Entity(**entity) for entity in sent])
    assert back == tuple(_cut(text, span) for span in wanted if span.start < len(text))


def _cut(text: str, span: Span) -> Span:
    """As Telegram can have it: within the text, an address and a language only where they belong."""
    link = span.style in ("link", "mention")
    return Span(
        style="link" if link else span.style,
        start=span.start,
        length=min(span.length, len(text) - span.start),
        url=span.url if link else "",
        language=span.language if span.style == "pre" else "",
    )


@given(TEXTS, st.lists(ENTITIES, max_size=5))
def test_every_span_is_within_the_text(text: str, entities: list[Entity]) -> None:
    found = spans(text, entities)
    assert all(0 <= span.start < span.start + span.length <= len(text) for span in found)
    assert len(found) <= len(entities)


@given(TEXTS, st.lists(WANTED, min_size=1, max_size=5))
def test_another_reader_sees_the_same_pieces(text: str, wanted: list[Span]) -> None:
    sent = [MessageEntity.de_json(entity, None) for entity in entities_of(text, wanted)]
    units = text.encode("utf-16-le")
    pieces = [units[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le") for one in sent]
    assert pieces == [text[span.start : span.start + span.length] for span in wanted if span.start < len(text)]


def test_no_more_than_telegram_honours() -> None:
    text = "x" * 200
    assert len(entities_of(text, [Span(style="bold", start=at, length=1) for at in range(200)])) == MOST


@pytest.mark.parametrize(
    ("span", "entity"),
    [
        (Span(style="link", start=0, length=5), []),  # Telegram finds it
        (Span(style="mention", start=0, length=5), []),
        (
            Span(style="mention", start=0, length=5, url="tg://user?id=43"),
            [{"type": "text_link", "offset": 0, "length": 5, "url": "tg://user?id=43"}],
        ),
        (Span(style="pre", start=0, length=5), [{"type": "pre", "offset": 0, "length": 5}]),
        (
            Span(style="pre", start=0, length=5, language="python"),
            [{"type": "pre", "offset": 0, "length": 5, "language": "python"}],
        ),
        (Span(style="bold", start=5, length=1), []),
    ],
)
def test_what_is_sent(span: Span, entity: list[dict[str, Any]]) -> None:
    assert entities_of("abcde", [span]) == entity
