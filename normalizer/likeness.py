"""Whether what a provider tells back is what a message of ours says. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from normalizer.model import Media, Message, Part, Text

UNDER_WAY = frozenset({"queued", "sending"})
"""A message with one of these is not known to have ended."""


def may_say(message: Message, parts: Sequence[Part]) -> bool:
    """Whether these parts may be all, or a piece, of a message that is not known to have gone out.

    Of an uncertain one only what is in doubt counts: what stands before it was answered.
    """
    if message.status in UNDER_WAY:
        return any(_alike(message.parts[start : start + len(parts)], parts) for start in range(len(message.parts)))
    if message.status != "uncertain":
        return False
    start = message.failure.part if message.failure else 0
    return _alike(message.parts[start : start + len(parts)], parts)


def _alike(ours: Sequence[Part], told: Sequence[Part]) -> bool:
    return len(ours) == len(told) and all(_same(one, other) for one, other in zip(ours, told, strict=True))


def _same(ours: Part, told: Part) -> bool:
    """White space counts for nothing, for providers trim it; nor does a file's name, which is always another one."""
    match ours, told:
        case Text(), Text():
            return ours.text.split() == told.text.split()
        case Media(), Media():
            return ours.media_type == told.media_type and ours.caption.split() == told.caption.split()
        case _:
            return ours == told
