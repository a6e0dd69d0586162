"""What a channel takes, and what fitting a message to it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from normalizer.model import Reason
from normalizer.parts import Option, Part, Style

Unit = Literal["code points", "utf-16 units", "bytes", "gsm-7"]
"""``gsm-7`` is the SMS: septets where the alphabet of GSM 03.38 has every character, else UTF-16 units."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a channel takes of each thing. Texts are counted in ``unit``, ``choice_id`` in bytes. 0 means none.
    ``label_unit`` is what labels are counted in, where that is another unit than the texts'.

    ``parts`` and ``media_types`` name the kinds that the channel can send at all, ``uncaptioned`` the media types that
    go without a caption, ``styles`` what it can show of a text's format. ``question`` is how long the text over choices
    may be; None is as long as any text.
    """

    text: int
    caption: int
    unit: Unit = "code points"
    choices: int = 0
    choice_id: int = 0
    label: int = 0
    label_unit: Unit | None = None
    question: int | None = None
    parts: frozenset[str] = frozenset({"text"})
    media_types: frozenset[str] = frozenset()
    uncaptioned: frozenset[str] = frozenset()
    styles: frozenset[Style] = frozenset()


class Taken(Protocol):
    """What a channel takes of one kind of media: types as in ``image/jpeg`` or ``image/*``, sizes in bytes."""

    @property
    def types(self) -> tuple[str, ...]:
        """The MIME types; ``*`` stands for any."""

    @property
    def max_bytes(self) -> int:
        """The largest file."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a part cannot be sent. ``pointer`` is relative to the message (RFC 6901)."""

    pointer: str
    reason: Reason
    detail: str


What = Literal[
    "split", "caption_apart", "choices_numbered", "labels_numbered", "formatting_dropped", "as_text", "as_image",
    "as_audio", "as_file", "as_link",
]  # fmt: skip
"""The ways in which a message is changed to fit."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that goes otherwise than asked. ``pointer`` leads into what was asked (RFC 6901)."""

    pointer: str
    what: What
    detail: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A question that goes without buttons: the answers by their numbers, from 1. ``part`` is the index of its text."""

    part: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A message as a channel takes it, and in what it differs from the one asked.

    What ``misfits`` names cannot be sent in any form; the message must not go then.
    """

    parts: tuple[Part, ...] = ()
    changes: tuple[Change, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    numbered: tuple[Numbered, ...] = ()
