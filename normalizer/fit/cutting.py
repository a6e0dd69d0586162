"""Cutting a text: at a paragraph, a line, a sentence, a word, and at last between graphemes."""

from __future__ import annotations

import re
from typing import NamedTuple

import regex

from normalizer.fit.limits import Unit
from normalizer.fit.units import measure, reach

_SPACE = r"[^\S\u00a0\u2007\u202f]"  # what holds words together is no place to cut
_SOLID = re.compile(r"\S")
_SPACES = re.compile(rf"{_SPACE}+")
_LINE_END = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_SPACES_BACKWARDS = regex.compile(rf"(?r){_SPACE}+")
_PARAGRAPH_BACKWARDS = regex.compile(r"(?r)\n[^\S\n\u00a0\u2007\u202f]*\n")
_LINE_BACKWARDS = regex.compile(r"(?r)[\n\r\x0b\x0c\x85\u2028\u2029]")
_CLOSING = r"[\"')\]\u00bb\u2019\u201d\u300d\u300f\uff09]*"
_SENTENCE_BACKWARDS = regex.compile(rf"(?r)[.!?\u2026]{_CLOSING}(?={_SPACE})|[\u3002\uff01\uff1f]{_CLOSING}")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_PREPENDED = regex.compile(r"\p{GCB=Prepend}")
_MARK = regex.compile(r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]")
_APART_BACKWARDS = regex.compile(r"(?r)\p{GCB=Other}\p{GCB=Other}")
_GRAPHEME = regex.compile(r"\X")
_NEARLY_ALL = 64
"""Code points; hardly a grapheme is longer."""


class Piece(NamedTuple):
    """A piece of a text, in code points."""

    start: int
    end: int


class _Place(NamedTuple):
    """Where a text may be cut: the piece ends at ``end``, the next starts at ``after``; between is white space."""

    end: int
    after: int


def cut(text: str, limit: int, unit: Unit) -> tuple[Piece, ...]:
    """The pieces of a text, each within the limit, in time proportional to its length.

    Nothing but white space is left out: at a cut, up to the last line end of it (what indents the next line stays), or
    all of it where there is none; at the very end; and where white space alone would fill a message. A grapheme is cut
    only when it exceeds the limit by itself. Gives nothing where a single code point exceeds it, or nothing but white
    space does.
    """
    if measure(text, unit) <= limit:
        return (Piece(0, len(text)),)
    pieces: list[Piece] = []
    at = 0
    while (solid := _SOLID.search(text, at)) is not None:
        lead, end = solid.start(), _reach(text, at, limit, unit)
        if end == at == lead:
            return ()
        if end == len(text):
            pieces.append(Piece(at, end))
            break
        place = _place(text, at, lead, end) if end > lead else None
        if place is None:
            at = _lead(text, at, lead)
        else:
            pieces.append(Piece(at, place.end))
            at = place.after
    return tuple(pieces)


def _reach(text: str, at: int, limit: int, unit: Unit) -> int:
    if len(text) - at <= limit and measure(text[at:], unit) <= limit:
        return len(text)
    return reach(text, at, limit, unit)


def _lead(text: str, at: int, lead: int) -> int:
    """Where a piece starts once the white space before it is left out, but for one that carries a mark."""
    return lead - 1 if lead - 1 > at and _MARK.match(text, lead) else lead


def _place(text: str, at: int, lead: int, end: int) -> _Place | None:
    """The best place up to ``end``; None when it would leave nothing but the white space before ``lead``.

    The end of a paragraph, a line or a sentence is a place only in the second half, so that no piece gets too short.
    """
    half = max((at + end + 1) // 2, lead + 1)
    for lines in (_PARAGRAPH_BACKWARDS, _LINE_BACKWARDS):
        line = lines.search(text, half, end + 1)
        run = line and _SPACES_BACKWARDS.match(text, lead, line.start() + 1)
        place = run and _at_space(text, run.start())
        if place:
            return place
    sentence = _SENTENCE_BACKWARDS.search(text, half, end + 1)
    place = _at_space(text, sentence.end()) if sentence and sentence.end() <= end else None
    return place or _word(text, lead, half, end) or _edge(text, at, lead, end)


def _word(text: str, lead: int, half: int, end: int) -> _Place | None:
    """The last end of a word. In the first half it will not do where words are not set apart."""
    for run in _SPACES_BACKWARDS.finditer(text, lead + 1, end + 1):
        place = _at_space(text, run.start())
        if place:
            return None if place.end < half and _UNSPACED.search(text, place.after, end) else place
    return None


def _at_space(text: str, start: int) -> _Place | None:
    """The place at this white space, if any; None where a grapheme spans it."""
    run = _SPACES.match(text, start)
    lines = list(_LINE_END.finditer(text, start, run.end())) if run else []
    after = lines[-1].end() if lines else run.end() if run else start
    return None if _PREPENDED.match(text, start - 1) or _MARK.match(text, after) else _Place(start, after)


def _edge(text: str, at: int, lead: int, end: int) -> _Place | None:
    """The last edge of a grapheme up to ``end``; ``end`` itself where the first one already reaches beyond."""
    apart = _APART_BACKWARDS.search(text, at, end + 1)
    edge = apart.start() + 1 if apart else at
    while (over := _grapheme_end(text, edge, end + 1)) <= end:
        edge = over
    if edge <= lead and lead > at:
        return None
    return _Place(edge, edge) if edge > at else _Place(end, end)


def _grapheme_end(text: str, start: int, stop: int) -> int:
    """Where the grapheme ends that starts here, or ``stop``. Looks at copies: among flags, regex would look far back."""
    for size in (_NEARLY_ALL, stop - start):
        grapheme = _GRAPHEME.match(text[start : min(start + size, stop)])
        length = grapheme.end() if grapheme else 0
        if length < size:
            break
    return start + length
