"""What was said in a message of Telegram: its parts. https://core.telegram.org/bots/api#message"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.telegram.dialect import File, Message, Sticker
from connectors.telegram.entities import spans
from connectors.telegram.salvage import raw_item, what_of
from normalizer.model import Contact, Location, Media, MediaType, Part, Span, Text, Unsupported


def content(said: Message, kind: str, body: bytes) -> tuple[tuple[Part, ...], Any]:
    """The parts of a message, and its raw form if it is unsupported; no parts if it is Telegram's own remark.

    ``kind`` is the kind of update that it came in, ``body`` the whole of it.
    """
    part = _part(said)
    if part is not None:
        return (part,), None
    raw = raw_item(body, kind)
    what = what_of(raw)
    if what is None:
        return (), None
    caption = (Text(text=said.caption, format=_caption_spans(said)),) if said.caption else ()
    return (Unsupported(what=what), *caption), raw


def _caption_spans(said: Message) -> tuple[Span, ...]:
    return spans(said.caption, said.caption_entities)


def _part(said: Message) -> Part | None:
    if said.text:
        return Text(text=said.text, format=spans(said.text, said.entities))
    for media_type, mime, file in _files(said):
        return _media(media_type, mime, file, said)
    if said.venue:  # a venue comes with its location as well
        place = said.venue.location
        return Location(
            latitude=place.latitude, longitude=place.longitude, name=said.venue.title, address=said.venue.address
        )
    if said.location:
        return Location(latitude=said.location.latitude, longitude=said.location.longitude)
    if said.contact:
        name = f"{said.contact.first_name} {said.contact.last_name}".strip()
        return Contact(name=name, phones=(said.contact.phone_number,))
    return None


def _files(said: Message) -> Iterator[tuple[MediaType, str, File]]:
    """The files of a message and, per kind, the type that Telegram does not always say; the first is the message."""
    if said.photo:  # one picture in several sizes, the largest last; of a live photo too
        yield "image", "image/jpeg", max(reversed(said.photo), key=lambda size: size.width * size.height)
    if said.voice:
        yield "voice", "audio/ogg", said.voice
    if said.audio:
        yield "audio", "audio/mpeg", said.audio
    film = said.animation or said.video or said.video_note  # an animation comes as a document as well
    if film:
        yield "video", "video/mp4", film
    if said.sticker:
        yield "sticker", _sticker_mime(said.sticker), said.sticker
    if said.document:
        yield "file", "application/octet-stream", said.document


def _sticker_mime(sticker: Sticker) -> str:
    if sticker.is_animated:
        return "application/x-tgsticker"
    return "video/webm" if sticker.is_video else "image/webp"


def _media(media_type: MediaType, mime: str, file: File, said: Message) -> Media:
    return Media(
        media_type=media_type,
        ref=file.file_id,
        mime=file.mime_type or mime,
        size=file.file_size,
        name=file.file_name,
        caption=said.caption,
        format=_caption_spans(said),
        alt=file.emoji if isinstance(file, Sticker) else "",
        width=file.width or file.length or None,
        height=file.height or file.length or None,
        duration=file.duration,
    )
