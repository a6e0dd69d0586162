"""What has been made of a message so far: the parts as they go, and what was changed for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from normalizer.fit.cutting import cut
from normalizer.fit.formatting import shown, spans_of
from normalizer.fit.limits import Change, Fitted, Limits, Misfit, Numbered, Taken, What
from normalizer.fit.unchanged import too_long
from normalizer.model import Reason
from normalizer.parts import MediaType, Part, Span, Text


@dataclass(slots=True)
class Making:
    """A message that is being fitted to one channel. ``links`` says whether we can make an address for a file."""

    limits: Limits
    accepts: Mapping[MediaType, Taken]
    links: bool
    parts: list[Part] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    numbered: list[Numbered] = field(default_factory=list)

    @property
    def fitted(self) -> Fitted:
        """What came of it."""
        return Fitted(tuple(self.parts), tuple(self.changes), tuple(self.misfits), tuple(self.numbered))

    def change(self, pointer: str, what: What, detail: str) -> None:
        """Tell what goes otherwise than asked."""
        self.changes.append(Change(pointer, what, detail))

    def refuse(self, pointer: str, reason: Reason, detail: str) -> None:
        """Tell what cannot go in any form."""
        self.misfits.append(Misfit(pointer, reason, detail))

    def text(self, pointer: str, text: str, spans: Sequence[Span] = (), limit: int | None = None) -> bool:
        """Add a text, in as many pieces as it takes; ``pointer`` is where it was asked. False where it cannot go."""
        if "text" not in self.limits.parts:
            self.refuse(pointer, "content_rejected", "this channel cannot send a text")
            return False
        if not text.strip():
            self.refuse(pointer, "content_rejected", "there is nothing in this text")
            return False
        text, spans = self.look(pointer, text, spans)
        room = self.limits.text if limit is None else limit
        pieces = cut(text, room, self.limits.unit)
        if not pieces:
            self.misfits += too_long(pointer, text, room, self.limits.unit)
            return False
        if len(pieces) > 1:
            self.change(pointer, "split", f"goes as {len(pieces)} messages")
        for piece, format_ in zip(pieces, spans_of(spans, pieces), strict=True):
            self.parts.append(Text(text=text[piece.start : piece.end], format=format_))
        return True

    def look(self, pointer: str, text: str, spans: Sequence[Span]) -> tuple[str, Sequence[Span]]:
        """The text and its format as the channel shows them."""
        lost = {span.style for span in spans} - self.limits.styles
        if not lost:
            return text, spans
        self.change(pointer, "formatting_dropped", f"this channel shows no {', '.join(sorted(lost))}")
        return shown(text, spans, self.limits.styles)
