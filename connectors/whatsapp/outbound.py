"""Messages to calls of WhatsApp: replies, reactions, the marks of reading and typing.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from connectors.api import Answer, Call, File, Refused, Steps
from connectors.whatsapp.forms import Fields, form, media_form
from connectors.whatsapp.received import UNNAMED
from connectors.whatsapp.said import Named
from connectors.whatsapp.settings import Settings, call
from normalizer.event import Outgoing
from normalizer.model import Media, Part

OCTETS = "application/octet-stream"

_ABOUT_A_PARAMETER = frozenset({"100", "131009"})
_ABOUT_CONTENT = frozenset({"content_rejected", "media_unsupported"})


def send(message: Outgoing, settings: Settings) -> Steps:
    """The calls that send a message: one per part, in order, and before it the upload of a file of ours.

    Every call carries the message's id, which the receipts give back. Raises the Refused that no other form gets round.
    """
    to = _to(message.to)
    for index, part in enumerate(message.parts):
        fields = yield from _fields(part, index, message, settings)
        told = {**to, "biz_opaque_callback_data": message.id, **fields}
        yield from _sent(settings, index, told, {} if index else _reply(message.reply_to or ""))


def _to(identity: str) -> dict[str, str]:
    """Who gets it: by their number, or by their user id. Raises Refused for anybody else."""
    kind, _, name = identity.partition(":")
    if kind == "tel" and name:
        return {"recipient_type": "individual", "to": name.removeprefix("+")}
    if kind == "whatsapp" and name:
        return {"recipient_type": "individual", "recipient": name}
    raise Refused("invalid_recipient", "WhatsApp writes to telephone numbers and to its own user ids")


def _reply(reply_to: str) -> dict[str, Any]:
    """What quotes an earlier message."""
    return {"context": {"message_id": reply_to}} if reply_to and not reply_to.startswith(UNNAMED) else {}


def _sent(settings: Settings, index: int, fields: Mapping[str, Any], reply: Mapping[str, Any]) -> Steps:
    """Send a part; without the quote if that is what may be wrong: one that is gone must not hold ours back."""
    try:
        yield _post(settings, f"{index}:send", {**fields, **reply}, part=index, effect=True)
    except Refused as refusal:
        if not reply or refusal.provider_code.partition("/")[0] not in _ABOUT_A_PARAMETER:
            raise
        yield _post(settings, f"{index}:send:unquoted", fields, part=index, effect=True)


def _post(settings: Settings, name: str, fields: Mapping[str, Any], *, part: int = 0, effect: bool = False) -> Call:
    told = {"messaging_product": "whatsapp", **fields}
    return call(settings, name, settings.own("messages"), json=told, part=part, effect=effect)


# Files.


def _fields(part: Part, index: int, message: Outgoing, settings: Settings) -> Generator[Call, Answer, Fields]:
    if not isinstance(part, Media):
        return form(part, settings.list_button)
    return media_form(part, (yield from _where(part, index, message.media_urls, settings)))


def _where(
    part: Media, index: int, urls: Mapping[str, str], settings: Settings
) -> Generator[Call, Answer, dict[str, str]]:
    """Where WhatsApp has a file, or gets it from. One that it refuses to be given it may still fetch."""
    if not part.media:
        return {"link": part.url}
    file = File(part.media, part.name or part.media_type, part.mime or OCTETS)
    try:
        found = yield from _uploaded(file, settings, index)
    except Refused as refusal:
        if part.media not in urls or refusal.code not in _ABOUT_CONTENT:
            raise
        found = None
    if found is None and part.media not in urls:
        raise Refused("unknown", "this is not WhatsApp's answer to an upload: is `api` right?")
    return {"link": urls[part.media]} if found is None else {"id": found}


def _uploaded(file: File, settings: Settings, index: int) -> Generator[Call, Answer, str | None]:
    """Put a file at WhatsApp, which keeps it for 30 days; returns its id there, None if the answer has none.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media/
    """
    mime = (file.mime or OCTETS).partition(";")[0].strip()
    named = File(file.media, file.name or "file", mime)
    told: dict[str, str | File] = {"messaging_product": "whatsapp", "type": mime, "file": named}
    answer = yield call(settings, f"{index}:upload", settings.own("media"), multipart=told, part=index)
    found = answer.read(Named)
    return found.id if found else None


# What else customers see.


def react(provider_id: str, identity: str, emoji: str, settings: Settings) -> Steps:
    """Put the one emoji that we may put on a message, or take it off."""
    fields = {**_to(identity), "type": "reaction", "reaction": {"message_id": provider_id, "emoji": emoji}}
    yield _post(settings, "0:react", fields)


def read(identity: str, provider_id: str, settings: Settings) -> Steps:  # noqa: ARG001 - the id says whose it is
    """Show the customer that we read their messages up to this one."""
    if provider_id:
        yield _post(settings, "0:read", {"status": "read", "message_id": provider_id})


def typing(identity: str, provider_id: str, settings: Settings) -> Steps:  # noqa: ARG001 - as above
    """Show for 25 seconds that somebody types, which also marks as read: WhatsApp has no other way.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators/
    """
    if provider_id:
        fields = {"status": "read", "message_id": provider_id, "typing_indicator": {"type": "text"}}
        yield _post(settings, "0:typing", fields)
