"""The format of a text: cut along with it, and left out where a channel cannot show it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate

from normalizer.fit.cutting import Piece
from normalizer.parts import Span


def spans_of(spans: Sequence[Span], pieces: Sequence[Piece]) -> list[tuple[Span, ...]]:
    """The spans of each piece; one that reaches over a cut is in both."""
    found: list[list[Span]] = [[] for _ in pieces]
    ends = [piece.end for piece in pieces]
    for span in spans:
        at = bisect_right(ends, span.start)
        while at < len(pieces) and pieces[at].start < span.start + span.length:
            start = max(span.start, pieces[at].start)
            length = min(span.start + span.length, pieces[at].end) - start
            found[at].append(span.model_copy(update={"start": start - pieces[at].start, "length": length}))
            at += 1
    return [tuple(one) for one in found]


def shown(text: str, spans: Sequence[Span], styles: Collection[str]) -> tuple[str, tuple[Span, ...]]:
    """The text with the spans that a channel shows. Where it shows no links, an address stands behind its words."""
    hidden = sorted(
        (min(span.start + span.length, len(text)), f" ({span.url})")
        for span in spans
        if span.style == "link" and "link" not in styles and _says_more(text, span)
    )
    places = [place for place, _ in hidden]
    shifts = [0, *accumulate(len(address) for _, address in hidden)]
    pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    whole = "".join(piece + address for piece, (_, address) in zip(pieces, [*hidden, (0, "")], strict=True))
    kept = []
    for span in spans:
        if span.style in styles:
            start = span.start + shifts[bisect_right(places, span.start)]
            end = span.start + span.length
            end += shifts[bisect_left(places, end)]
            kept.append(span.model_copy(update={"start": start, "length": end - start}))
    return whole, tuple(kept)


def _says_more(text: str, span: Span) -> bool:
    words = text[span.start : span.start + span.length]
    return bool(span.url) and span.url not in (words, f"mailto:{words}", f"tel:{words}")
