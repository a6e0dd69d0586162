"""Updates of Telegram to events. https://core.telegram.org/bots/api#getting-updates

Only private chats are read: what is said in groups and channels makes no event.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.api import Malformed, Rejected, Request
from connectors.signatures import same
from connectors.telegram.dialect import Asked, File, Message, Pressed, Sticker, Update
from connectors.telegram.salvage import raw_item, salvaged, what_of
from connectors.telegram.settings import Settings
from normalizer.event import Event, MessageEdited, MessageReceived, ReachChanged
from normalizer.model import Choice, Contact, Location, Media, MediaType, Part, Text, Unsupported

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name


def verify(request: Request, settings: Settings) -> None:
    """Raise Rejected unless Telegram repeats our secret. https://core.telegram.org/bots/api#setwebhook"""
    if not same(request.headers.get(SECRET_HEADER), settings.secret.get_secret_value()):
        raise Rejected("wrong or no secret token")


def parse(request: Request, settings: Settings) -> list[Event]:  # noqa: ARG001 - the bot is known by its hook
    """The events of one update: one, or none for a kind that we do not read; raises Malformed.

    A field that cannot be read costs only itself, and what is left without content becomes ``unsupported``.
    """
    try:
        update = request.read(Update)
    except Malformed as problem:
        update = salvaged(request.body, problem)
    event: Event | None = _message(update, request) if update.message else None
    event = event or _edit(update, request) or _pick(update.callback_query, request) or _reach(update, request)
    events = [] if event is None else [event]
    if not events and update.update_id is None:
        raise Malformed("update_id: Field required")
    return events


def _message(update: Update, request: Request) -> MessageReceived | None:
    said = update.message
    if said is None or not said.chat.is_private:
        return None
    parts, raw = _content(said, request, "message")
    if not parts:
        return None
    who = said.sender or said.chat
    own = f"message:{said.chat.id}:{said.message_id}"
    return MessageReceived(
        # A message without an id of its own has its update's, lest two of them pass for one.
        id=own if said.message_id or update.update_id is None else f"update:{update.update_id}",
        order=said.message_id,
        identity=f"telegram:{who.id}",
        name=who.name,
        sent_at=_time(said.date, request),
        parts=parts,
        provider_ids=(f"{said.chat.id}:{said.message_id}",),
        reply_to=_replied_to(said),
        raw=raw,
    )


def _edit(update: Update, request: Request) -> MessageEdited | None:
    said = update.edited_message
    if said is None or not said.chat.is_private:
        return None
    parts, raw = _content(said, request, "edited_message")
    if not parts:
        return None
    version = said.edit_date or f"update:{update.update_id}"
    return MessageEdited(
        id=f"edit:{said.chat.id}:{said.message_id}:{version}",
        order=said.message_id,
        identity=f"telegram:{(said.sender or said.chat).id}",
        provider_id=f"{said.chat.id}:{said.message_id}",
        parts=parts,
        edited_at=_time(said.edit_date, request),
        raw=raw,
    )


def _pick(pressed: Pressed | None, request: Request) -> MessageReceived | None:
    """A press of one of our buttons. https://core.telegram.org/bots/api#callbackquery"""
    if pressed is None or (pressed.message and not pressed.message.chat.is_private):
        return None
    part: Part = Unsupported(what="callback_query")
    if pressed.data:
        part = Choice(id=pressed.data, label=_label(pressed), of=_asked(pressed.message))
    return MessageReceived(
        id=f"callback:{pressed.id}",
        identity=f"telegram:{pressed.sender.id}",
        name=pressed.sender.name,
        sent_at=request.received_at,  # a press has no time of its own
        parts=(part,),
        provider_ids=(f"callback:{pressed.id}",),
        raw=None if pressed.data else raw_item(request.body, "callback_query"),
    )


def _label(pressed: Pressed) -> str:
    rows = pressed.message.reply_markup.inline_keyboard if pressed.message else []
    labels = (button.text for row in rows for button in row if button.callback_data == pressed.data)
    return next(labels, "") or pressed.data


def _asked(message: Asked | None) -> str:
    return f"{message.chat.id}:{message.message_id}" if message and message.message_id else ""


def _reach(update: Update, request: Request) -> ReachChanged | None:
    """A block or its end. https://core.telegram.org/bots/api#chatmemberupdated"""
    told = update.my_chat_member
    status = told.new_chat_member.status if told and told.chat.is_private else None
    if told is None or status not in ("kicked", "member"):
        return None
    if update.update_id is None:
        raise Malformed("update_id: Field required")  # it is this event's only name
    who = told.sender or told.chat
    return ReachChanged(
        id=f"update:{update.update_id}",
        identity=f"telegram:{who.id}",
        name=who.name,
        change="blocked" if status == "kicked" else "unblocked",
        at=_end_of(told.date, request),
    )


def _end_of(second: int, request: Request) -> datetime:
    """The end of the second that Telegram names, or now: so a press in that second does not look newer than a block."""
    start = _time(second, request)
    return max(start, min(start + timedelta(milliseconds=999), request.received_at))


def _time(seconds: int, request: Request) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) if seconds else request.received_at


def _replied_to(said: Message) -> str:
    earlier = said.reply_to_message
    return f"{said.chat.id}:{earlier.message_id}" if earlier and earlier.message_id else ""


# What was said.


def _content(said: Message, request: Request, kind: str) -> tuple[tuple[Part, ...], Any]:
    """The parts of a message, and its raw form if it is unsupported; no parts if it is Telegram's own remark."""
    part = _part(said)
    if part is not None:
        return (part,), None
    raw = raw_item(request.body, kind)
    what = what_of(raw)
    if what is None:
        return (), None
    caption = (Text(text=said.caption),) if said.caption else ()
    return (Unsupported(what=what), *caption), raw


def _part(said: Message) -> Part | None:
    if said.text:
        return Text(text=said.text)
    for media_type, mime, file in _files(said):
        return _media(media_type, mime, file, said.caption)
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


def _media(media_type: MediaType, mime: str, file: File, caption: str) -> Media:
    return Media(
        media_type=media_type,
        ref=file.file_id,
        mime=file.mime_type or mime,
        size=file.file_size,
        name=file.file_name,
        caption=caption,
        alt=file.emoji if isinstance(file, Sticker) else "",
    )
