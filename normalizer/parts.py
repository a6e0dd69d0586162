"""What was said: the parts of a message."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from normalizer.value import Model, is_empty

Style = Literal["bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "quote", "link", "mention"]


class Span(Model):
    """How a piece of a text looks, or what it leads to; ``start`` and ``length`` are in Unicode code points.

    ``url`` is where a ``link`` or a ``mention`` leads, unless the piece itself says it; ``language`` is that of ``pre``.
    """

    style: Style
    start: int = Field(ge=0)
    length: int = Field(ge=1)
    url: str = Field(default="", exclude_if=is_empty)
    language: str = Field(default="", exclude_if=is_empty)


class Text(Model):
    """Words. Unicode, newlines kept."""

    kind: Literal["text"] = "text"
    text: str = Field(min_length=1)
    format: tuple[Span, ...] = Field(default=(), exclude_if=is_empty)


MediaType = Literal["image", "audio", "voice", "video", "file", "sticker"]


class Media(Model):
    """A picture, a sound, a film, a file or a sticker.

    Exactly one of three says where the bytes are: ``media``, the id of a file that we keep; ``url``, in a message to
    send, an address that the provider fetches itself; ``ref``, in an event, the provider's own name of the file.
    ``size`` is in bytes, ``width`` and ``height`` in pixels, ``duration`` in seconds. ``mime`` is what the provider says,
    else what the kind suggests. ``format`` is of the caption.
    """

    kind: Literal["media"] = "media"
    media_type: MediaType
    media: str = Field(default="", exclude_if=is_empty)
    url: str = Field(default="", exclude_if=is_empty)
    ref: str = Field(default="", exclude_if=is_empty)
    mime: str = ""
    size: int | None = Field(default=None, ge=0, exclude_if=is_empty)
    name: str = Field(default="", exclude_if=is_empty)
    caption: str = Field(default="", exclude_if=is_empty)
    format: tuple[Span, ...] = Field(default=(), exclude_if=is_empty)
    alt: str = Field(default="", exclude_if=is_empty)
    width: int | None = Field(default=None, ge=0, exclude_if=is_empty)
    height: int | None = Field(default=None, ge=0, exclude_if=is_empty)
    duration: float | None = Field(default=None, ge=0, exclude_if=is_empty)


class Location(Model):
    """A place, in degrees (WGS 84)."""

    kind: Literal["location"] = "location"
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: str = Field(default="", exclude_if=is_empty)
    address: str = Field(default="", exclude_if=is_empty)


class Contact(Model):
    """Somebody's card."""

    kind: Literal["contact"] = "contact"
    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


class Option(Model):
    """One of the answers that a question offers; ``id`` comes back when it is picked."""

    id: str = Field(min_length=1)
    label: str = Field(min_length=1)


class Choices(Model):
    """A question with answers to pick from: buttons, a list, or numbered lines."""

    kind: Literal["choices"] = "choices"
    text: str = Field(min_length=1)
    choices: tuple[Option, ...] = Field(min_length=1)


class Choice(Model):
    """The answer that was picked: id and label as asked. ``of`` is the message that asked."""

    kind: Literal["choice"] = "choice"
    id: str
    label: str
    of: str = Field(default="", exclude_if=is_empty)


class Template(Model):
    """A text that the provider approved beforehand, with its blanks filled in."""

    kind: Literal["template"] = "template"
    name: str = Field(min_length=1)
    language: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)


class Link(Model):
    """An address to open."""

    kind: Literal["link"] = "link"
    url: str = Field(min_length=1)
    title: str = Field(default="", exclude_if=is_empty)


class Unsupported(Model):
    """Something we cannot show. ``what`` is the provider's word for it; the raw event is kept in the record."""

    kind: Literal["unsupported"] = "unsupported"
    what: str


Part = Annotated[
    Text | Media | Location | Contact | Choices | Choice | Template | Link | Unsupported,
    Field(discriminator="kind"),
]
