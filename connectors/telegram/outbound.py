"""Messages to calls of Telegram. https://core.telegram.org/bots/api#available-methods"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.api import Answer, Call, File, Refused, Steps
from connectors.telegram.answers import MOVED
from connectors.telegram.settings import Settings, call
from normalizer.event import Outgoing
from normalizer.model import Choices, Contact, Link, Location, Media, Part, Text

Chat = int | str

_CHAT = re.compile(r"-?[0-9]{1,18}")
_MESSAGE = re.compile(r"[1-9][0-9]{0,17}")
OCTETS = "application/octet-stream"

PHOTO = 10_000_000
"""Bytes. A larger picture is refused as a photo. https://core.telegram.org/bots/api#sendphoto"""

VCARD = 2048
"""Bytes. https://core.telegram.org/bots/api#sendcontact"""

METHODS: Mapping[str, tuple[str, str]] = {
    "image": ("sendPhoto", "photo"),
    "audio": ("sendAudio", "audio"),
    "voice": ("sendVoice", "voice"),
    "video": ("sendVideo", "video"),
    "sticker": ("sendSticker", "sticker"),
}
"""Per kind of media the method and its field; a file, and what is refused as its kind, goes as a document."""

ENDINGS = {
    "application/pdf": ".pdf", "application/x-tgsticker": ".tgs", "application/zip": ".zip", "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "image/gif": ".gif", "image/jpeg": ".jpg", "image/png": ".png",
    "image/webp": ".webp", "text/plain": ".txt", "video/mp4": ".mp4", "video/webm": ".webm",
}  # fmt: skip
"""For a file without a name: phones open a document by the ending of its name."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to send a part: a method, its fields, and the files among them."""

    method: str
    fields: Mapping[str, Any]
    files: Mapping[str, str | File] = field(default_factory=dict)


def send(message: Outgoing, settings: Settings) -> Steps:
    """The calls that send a message: one per part, in order, and another form of a part that Telegram refuses.

    Raises the Refused that no other form gets round.
    """
    chat = chat_of(message.to)
    reply = _reply(message.reply_to or "", chat)
    for index, part in enumerate(message.parts):
        chat = yield from _part_sent(settings, index, _forms(part), chat, {} if index else reply)


def chat_of(identity: str) -> Chat:
    """The chat of an identity ``telegram:<id>``."""
    name = identity.removeprefix("telegram:")
    return int(name) if _CHAT.fullmatch(name) else name


def _reply(reply_to: str, chat: Chat) -> Mapping[str, Any]:
    """What quotes an earlier message of the chat; a pressed button (``callback:…``) cannot be quoted.

    https://core.telegram.org/bots/api#replyparameters: a message that is gone must not hold ours back.
    """
    where, _, number = reply_to.partition(":")
    if where != str(chat) or not _MESSAGE.fullmatch(number):
        return {}
    return {"reply_parameters": {"message_id": int(number), "allow_sending_without_reply": True}}


def _part_sent(
    settings: Settings, index: int, forms: Sequence[Form], chat: Chat, reply: Mapping[str, Any]
) -> Generator[Call, Answer, Chat]:
    """Send a part in the first form that Telegram takes; returns the chat that it went to."""
    for form in forms[:-1]:
        try:
            return (yield from _form_sent(settings, index, form, chat, reply))
        except Refused as refusal:
            if refusal.code not in ("content_rejected", "media_unsupported"):
                raise
    return (yield from _form_sent(settings, index, forms[-1], chat, reply))


def _form_sent(
    settings: Settings, index: int, form: Form, chat: Chat, reply: Mapping[str, Any]
) -> Generator[Call, Answer, Chat]:
    """Send to the chat, or to the one that it has become: a group changes its id when it grows.

    https://core.telegram.org/bots/api#responseparameters
    """
    try:
        yield call(settings, form.method, {"chat_id": chat, **form.fields, **reply}, form.files, part=index)
    except Refused as refusal:
        if not refusal.provider_code.startswith(MOVED):
            raise
        chat = int(refusal.provider_code.removeprefix(MOVED))
    else:
        return chat
    moved = call(settings, form.method, {"chat_id": chat, **form.fields, **reply}, form.files, part=index)
    yield replace(moved, name=f"{moved.name}:moved")
    return chat


# The forms of each kind of part.


def _forms(part: Part) -> Sequence[Form]:
    """How a part can go, the best form first; raises Refused for a kind that Telegram has no form of."""
    match part:
        case Text(text=text):
            return [Form("sendMessage", {"text": text})]
        case Link(url=url, title=title):
            return [Form("sendMessage", {"text": f"{title}\n{url}".strip()})]
        case Media():
            return [_media_form(method, name, part) for method, name in _methods(part)]
        case Location():
            return [_place(part)]
        case Contact():
            return [_card(part)]
        case Choices(text=text, choices=choices):
            rows = [[{"text": option.label, "callback_data": option.id}] for option in choices]
            return [Form("sendMessage", {"text": text, "reply_markup": {"inline_keyboard": rows}})]
        case _:
            raise Refused("content_rejected", f"Telegram has no form of a {part.kind}")


def _methods(part: Media) -> Iterator[tuple[str, str]]:
    """The methods for a file, with the field that it goes in; what is refused as its kind may go as a document."""
    if part.mime == "image/gif" and part.media_type == "image":
        yield "sendAnimation", "animation"  # a photo would stand still
    elif part.media_type in METHODS and not _misses_its_kind(part):
        yield METHODS[part.media_type]
    yield "sendDocument", "document"


def _misses_its_kind(part: Media) -> bool:
    """Whether Telegram is known to refuse a picture for its size, or to lose the words with a sticker."""
    if part.media_type == "sticker":
        return bool(part.caption)
    return part.media_type == "image" and (part.size or 0) > PHOTO


def _media_form(method: str, name: str, part: Media) -> Form:
    fields = {"caption": part.caption} if part.caption else {}
    if not part.media:
        return Form(method, {**fields, name: part.url or part.ref})
    file = File(part.media, part.name or part.media_type + ENDINGS.get(part.mime, ""), part.mime or OCTETS)
    return Form(method, fields, {name: file})


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
        return Form("sendMessage", {"text": "\n".join(line for line in lines if line)})
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
