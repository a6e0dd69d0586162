"""The format of a text in WhatsApp's own signs: ``*bold*``, ``_italic_``, ``~struck~``, code and quotes.

There is no way to write a sign that is only a sign, so a piece that WhatsApp would not read as meant goes plain.
https://faq.whatsapp.com/539178204879377
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from normalizer.model import Span
from normalizer.parts import Style

SIGNS: Mapping[Style, str] = {"bold": "*", "italic": "_", "strikethrough": "~", "code": "`", "pre": "```"}
QUOTE = "> "
STYLES: frozenset[Style] = frozenset({*SIGNS, "quote"})

MOST = 100
"""Spans of a text; the others go plain."""

_LITERAL = frozenset({"code", "pre"})
_LINE = re.compile(r"[^\r\n]+")
_SIGN = frozenset("*_~`")


class _Piece(NamedTuple):
    """A piece of a text, in code points, and its style."""

    start: int
    end: int
    style: Style


def marked(text: str, format_: Sequence[Span]) -> str:
    """The text with signs for as much of its format as can be said."""
    taken: list[_Piece] = []
    told = sorted(format_, key=lambda span: (span.start, -span.length))[:MOST]
    for span in told:
        taken += [piece for piece in _pieces(text, span) if all(_apart_or_within(piece, other) for other in taken)]
    opened, closed = dict.fromkeys((at for span in told for at in _quoted(text, span, taken)), QUOTE), {len(text): ""}
    for start, end, style in taken:  # the outer before the inner: they open first, and close last
        opened[start] = opened.get(start, "") + SIGNS[style]
        closed[end] = SIGNS[style] + closed.get(end, "")
    places = sorted({0, *opened, *closed})
    ends = [*places[1:], len(text)]
    pieces = zip(places, ends, strict=True)
    return "".join(f"{closed.get(at, '')}{opened.get(at, '')}{text[at:end]}" for at, end in pieces)


def _pieces(text: str, span: Span) -> Iterator[_Piece]:
    """The pieces that get a sign each: a sign holds for one line, but for that of a block of code."""
    end = min(span.start + span.length, len(text))
    if span.style not in SIGNS or span.start >= end:
        return
    whole = span.style == "pre"
    for first, last in (
        [(span.start, end)] if whole else [line.span() for line in _LINE.finditer(text, span.start, end)]
    ):
        words = text[first:last]
        start, stop = first + len(words) - len(words.lstrip()), first + len(words.rstrip())
        if start < stop and _is_safe(text, start, stop, SIGNS[span.style][0]):
            yield _Piece(start, stop, span.style)


def _is_safe(text: str, start: int, end: int, sign: str) -> bool:
    """Whether signs there are read as signs: they stand at the edges of words, and not in between."""
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return sign not in text[start:end] and not any(letter.isalnum() or letter in _SIGN for letter in around)


def _apart_or_within(piece: _Piece, other: _Piece) -> bool:
    if piece.start >= other.end or piece.end <= other.start:
        return True
    inside = other.start <= piece.start and piece.end <= other.end
    return inside and other.style not in _LITERAL and other.style != piece.style


def _quoted(text: str, span: Span, taken: Sequence[_Piece]) -> Iterator[int]:
    """Where the lines of a quote begin, if it is of whole lines."""
    end = min(span.start + span.length, len(text))
    if span.style != "quote" or span.start >= end:
        return
    before, after = text[max(0, span.start - 1) : span.start], text[end : end + 1]
    if before in ("", "\n") and (after in ("", "\r", "\n") or text[end - 1] == "\n"):
        blocks = [piece for piece in taken if piece.style == "pre"]
        for line in _LINE.finditer(text, span.start, end):
            if not any(block.start < line.start() < block.end for block in blocks):
                yield line.start()
