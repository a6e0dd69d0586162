"""The forms in which a part of a message can go. https://core.telegram.org/bots/api#available-methods"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.api import File, Refused
from connectors.telegram.entities import entities_of
from normalizer.fit import measure
from normalizer.model import Choices, Contact, Link, Location, Media, Part, Span, Text

OCTETS = "application/octet-stream"

PHOTO, PHOTO_BY_URL = 10_000_000, 5_000_000
"""Bytes. A larger picture is refused as a photo. https://core.telegram.org/bots/api#sending-files"""

SIDES, RATIO = 10_000, 20
"""Width and height of a photo together, and the one to the other. https://core.telegram.org/bots/api#sendphoto"""

VCARD = 2048
"""Bytes. https://core.telegram.org/bots/api#sendcontact"""

TEXT = 4096
"""UTF-16 code units. https://core.telegram.org/bots/api#sendmessage"""

VOICES = frozenset({"", "audio/ogg", "audio/opus", "audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a"})
"""What Telegram plays as a voice message. https://core.telegram.org/bots/api#sendvoice"""

METHODS: Mapping[str, tuple[str, str]] = {
    "image": ("sendPhoto", "photo"),
    "audio": ("sendAudio", "audio"),
    "voice": ("sendVoice", "voice"),
    "video": ("sendVideo", "video"),
    "sticker": ("sendSticker", "sticker"),
}
"""Per kind of media the method and its field; a file, and what is refused as its kind, goes as a document."""

SHOWN: Mapping[str, tuple[str, ...]] = {
    "sendVideo": ("width", "height", "duration"),
    "sendAnimation": ("width", "height", "duration"),
    "sendAudio": ("duration",),
    "sendVoice": ("duration",),
}
"""What a player shows before it has the file."""

ENDINGS = {
    "application/pdf": ".pdf", "application/x-tgsticker": ".tgs", "application/zip": ".zip", "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "image/gif": ".gif", "image/jpeg": ".jpg", "image/png": ".png",
    "image/webp": ".webp", "text/plain": ".txt", "video/mp4": ".mp4", "video/webm": ".webm",
}  # fmt: skip
"""For a file without a name: phones open a document by the ending of its name."""

_NOT_TAKEN = re.compile("wrong type of the web page|too big|webpage_media_empty", re.IGNORECASE)
_MARKUP = ("entities", "caption_entities")


@dataclass(frozen=True, slots=True)
class Form:
    """One way to send a part: a method, its fields, and the files among them.

    ``after`` is what must have been refused before, in Telegram's words; None: the content, whatever was wrong with it.
    """

    method: str
    fields: Mapping[str, Any]
    files: Mapping[str, str | File] = field(default_factory=dict)
    after: re.Pattern[str] | None = None

    def helps(self, refusal: Refused) -> bool:
        """Whether this form may be taken where the one before was refused."""
        return refusal.code in ("content_rejected", "media_unsupported") and (
            self.after is None or bool(self.after.search(refusal.detail))
        )

    @property
    def plain(self) -> Form | None:
        """The same without its markup; None if it has none."""
        fields = {name: value for name, value in self.fields.items() if name not in _MARKUP}
        return None if len(fields) == len(self.fields) else replace(self, fields=fields)


def forms(part: Part) -> Sequence[Form]:
    """How a part can go, the best form first; raises Refused for a kind that Telegram has no form of."""
    match part:
        case Text(text=text, format=spans):
            return [words(text, spans)]
        case Link(url=url, title=title):
            return [words(f"{title}\n{url}".strip())]
        case Media():
            return list(_media(part))
        case Location():
            return [_place(part)]
        case Contact():
            return [_card(part)]
        case Choices(text=text, choices=choices):
            rows = [[{"text": option.label, "callback_data": option.id}] for option in choices]
            return [Form("sendMessage", {"text": text, "reply_markup": {"inline_keyboard": rows}})]
        case _:
            raise Refused("content_rejected", f"Telegram has no form of a {part.kind}")


def words(text: str, spans: Sequence[Span] = ()) -> Form:
    """A text with its format."""
    entities = entities_of(text, spans)
    return Form("sendMessage", {"text": text, "entities": entities} if entities else {"text": text})


def caption(part: Media) -> dict[str, Any]:
    """The words under a file, with their format."""
    entities = entities_of(part.caption, part.format)
    return {"caption": part.caption} | ({"caption_entities": entities} if entities else {})


def _media(part: Media) -> Iterator[Form]:
    """A file as its kind, else as a document; an address that Telegram takes as neither, as words."""
    for method, name in _methods(part):
        fields = {name: value for name in SHOWN.get(method, ()) if (value := getattr(part, name)) is not None}
        fields = {name: int(value) for name, value in fields.items()} | (caption(part) if part.caption else {})
        if part.media:
            file = File(part.media, part.name or part.media_type + ENDINGS.get(part.mime, ""), part.mime or OCTETS)
            yield Form(method, fields, {name: file})
        else:
            yield Form(method, {**fields, name: part.url or part.ref})
    text = f"{part.caption}\n{part.url}" if part.caption else part.url
    if part.url and not part.media and measure(text, "utf-16 units") <= TEXT:
        yield replace(words(text, part.format), after=_NOT_TAKEN)


def _methods(part: Media) -> Iterator[tuple[str, str]]:
    """The methods for a file, with the field that it goes in; what is refused as its kind may go as a document."""
    if part.mime == "image/gif" and part.media_type == "image":
        yield "sendAnimation", "animation"  # a photo would stand still
    elif part.media_type in METHODS and not _misses_its_kind(part):
        yield METHODS[part.media_type]
    yield "sendDocument", "document"


def _misses_its_kind(part: Media) -> bool:
    """Whether Telegram is known to refuse a file as its kind, or to lose the words with a sticker."""
    match part.media_type:
        case "sticker":
            return bool(part.caption)
        case "voice":
            return part.mime.partition(";")[0].strip().lower() not in VOICES
        case "image":
            width, height = part.width or 1, part.height or 1
            odd = width + height > SIDES or max(width, height) > RATIO * min(width, height)
            known = bool(part.width and part.height)
            return (known and odd) or (part.size or 0) > (PHOTO if part.media else PHOTO_BY_URL)
        case _:
            return False


def _place(part: Location) -> Form:
    where = {"latitude": part.latitude, "longitude": part.longitude}
    if not part.name and not part.address:
        return Form("sendLocation", where)
    # https://core.telegram.org/bots/api#sendvenue demands both
    return Form("sendVenue", {**where, "title": part.name or part.address, "address": part.address or part.name})


def _card(part: Contact) -> Form:
    """A card with all its numbers and addresses; as text where it has no number, or too many for a card."""
    lines = [part.name, *part.phones, *part.emails]
    vcard = _vcard(part)
    if not part.phones or len(vcard.encode("utf-8", "surrogatepass")) > VCARD:
        return words("\n".join(line for line in lines if line))
    fields = {"phone_number": part.phones[0], "first_name": part.name or part.phones[0]}
    more = {"vcard": vcard} if len(lines) > 2 else {}  # noqa: PLR2004 - a name and a number need none
    return Form("sendContact", {**fields, **more})


def _vcard(part: Contact) -> str:
    """https://www.rfc-editor.org/rfc/rfc2426"""
    lines = [f"N:;{_escaped(part.name)};;;", f"FN:{_escaped(part.name)}"]
    lines += [f"TEL:{_escaped(phone)}" for phone in part.phones]
    lines += [f"EMAIL:{_escaped(email)}" for email in part.emails]
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def _escaped(text: str) -> str:
    for special in "\\;,":
        text = text.replace(special, f"\\{special}")
    return text.replace("\r\n", "\n").replace("\n", "\\n")
