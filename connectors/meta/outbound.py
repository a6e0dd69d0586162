"""Messages to calls of Messenger and Instagram. https://developers.facebook.com/docs/messenger-platform/reference/send-api

A part is a call of its own: nothing goes under a picture.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from connectors.api import Answer, Call, File, Outcome, Refused, Steps
from connectors.meta.problems import classified
from connectors.meta.settings import Settings, call
from connectors.meta.talking import TABLE
from normalizer.event import Outgoing
from normalizer.model import Choices, Link, Media, Part, Text

KINDS: Final = frozenset({"image", "audio", "video", "file"})
"""What an attachment can be."""

ENDINGS: Final = {
    "application/pdf": ".pdf", "audio/aac": ".aac", "audio/mp4": ".m4a", "audio/mpeg": ".mp3", "audio/ogg": ".ogg",
    "audio/wav": ".wav", "image/gif": ".gif", "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp",
    "video/mp4": ".mp4", "video/webm": ".webm",
}  # fmt: skip
"""For a file without a name."""

_NO_TAG = frozenset({"10", "200"})
"""What Meta answers an app that was never allowed to write as a person later on."""

_REPEATABLE = frozenset({"content_rejected", "media_unsupported"})


class _Uploaded(BaseModel):
    attachment_id: str = Field(min_length=1, coerce_numbers_to_str=True)


class _Sent(BaseModel):
    message_id: str = Field(min_length=1)


def ids(answer: Answer) -> tuple[str, ...]:
    """The ids of what was sent."""
    sent = answer.read(_Sent)
    return (sent.message_id,) if sent else ()


def classify(call: Call, answer: Answer) -> Outcome:
    """What an answer means."""
    return classified(call, answer, TABLE, ids)


def customer(identity: str) -> dict[str, str]:
    """The customer of an identity ``<connector>:<page>:<id>``, as Meta names a recipient."""
    return {"id": identity.rpartition(":")[2]}


def is_mid(provider_id: str) -> bool:
    """Whether it is a message's own id, not our word for something that has none, such as ``referral:…``."""
    return bool(provider_id) and ":" not in provider_id


def send(message: Outgoing, settings: Settings) -> Steps:
    """The calls that send a message: one per part, in order. Raises the Refused that no other form gets round.

    What goes after the window has closed goes as a person's answer, which Meta allows for seven days.
    """
    try:
        for index, part in enumerate(message.parts):
            yield from _sent(_Sending(message, settings, index), part)
    except Refused as refusal:
        if message.window == "late" and refusal.provider_code in _NO_TAG:
            raise Refused("window_closed", refusal.detail, refusal.provider_code) from None
        raise


class _Sending:
    """One part under way."""

    def __init__(self, message: Outgoing, settings: Settings, index: int) -> None:
        self._message, self._settings, self._index = message, settings, index

    def call(self, said: Mapping[str, Any], tried: str = "") -> Call:
        """The call that sends it; ``tried`` tells it from an earlier form. It quotes, where it is the first of all."""
        reply_to = self._message.reply_to or ""
        tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        body = {
            "recipient": customer(self._message.to),
            **(tag if self._message.window == "late" else {"messaging_type": "RESPONSE"}),
            "message": {**said, "metadata": self._message.id},
        }
        if is_mid(reply_to) and not self._index and not tried.endswith(":plain"):
            body["reply_to"] = {"mid": reply_to}
        name, path = f"{self._index}:message{tried}", f"{self._settings.sender}/messages"
        return call(self._settings, name, path, body, part=self._index, effect=True)

    def upload(self, part: Media) -> Call:
        """The call that brings a file of ours to Meta.

        https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api
        """
        name = part.name or part.media_type + ENDINGS.get(part.mime, "")
        file = File(part.media, name, part.mime or "application/octet-stream")
        said = {"attachment": {"type": part.media_type, "payload": {"is_reusable": True}}}
        path = f"{self._settings.sender}/message_attachments"
        files: Mapping[str, str | File] = {"filedata": file}
        step = f"{self._index}:upload"
        return call(self._settings, step, path, {"message": said}, files=files, part=self._index)

    def link(self, part: Media) -> str:
        """Where Meta can fetch a file; "" if nowhere."""
        return part.url or self._message.media_urls.get(part.media, "")

    def uploads(self, part: Media) -> bool:
        """Whether a file can be brought to Meta."""
        return bool(part.media) and self._settings.UPLOADS


def _sent(sending: _Sending, part: Part) -> Steps:
    if isinstance(part, Media):
        yield from _media_sent(sending, part)
    else:
        yield from _said(sending, _words(part))


def _said(sending: _Sending, said: Mapping[str, Any], tried: str = "") -> Steps:
    """Send it; without the quote, if Meta may have disliked that."""
    quoting = sending.call(said, tried)
    try:
        yield quoting
    except Refused as refusal:
        if refusal.code != "content_rejected" or "reply_to" not in quoting.json:
            raise
        yield sending.call(said, f"{tried}:plain")


def _words(part: Part) -> dict[str, Any]:
    match part:
        case Text(text=text):
            return {"text": text}
        case Link(url=url, title=title):
            return {"text": f"{title}\n{url}".strip()}
        case Choices(text=text, choices=choices):
            replies = [{"content_type": "text", "title": one.label, "payload": one.id} for one in choices]
            return {"text": text, "quick_replies": replies}
        case _:
            raise Refused("content_rejected", f"Meta has no form of a {part.kind}")


def _media_sent(sending: _Sending, part: Media) -> Steps:
    """A file by an address, which Meta fetches; else, or where it could not, uploaded."""
    if part.media_type not in KINDS:
        raise Refused("media_unsupported", f"Meta has no form of a {part.media_type}")
    link, uploads = sending.link(part), sending.uploads(part)
    if not link and not uploads:
        raise Refused("media_unsupported", "Meta fetches files from us: `http.public_url` must say where")
    if link:
        try:
            yield from _said(sending, _attached(part, {"url": link}))
        except Refused as refusal:
            if refusal.code not in _REPEATABLE or not uploads:
                raise
        else:
            return
    name = yield from _uploaded(sending, part)
    yield from _said(sending, _attached(part, {"attachment_id": name}), ":uploaded")


def _attached(part: Media, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"attachment": {"type": part.media_type, "payload": payload}}


def _uploaded(sending: _Sending, part: Media) -> Generator[Call, Answer, str]:
    answer = yield sending.upload(part)
    uploaded = answer.read(_Uploaded)
    if uploaded is None:
        raise Refused("media_unsupported", "Meta did not say under which name it keeps the file")
    return uploaded.attachment_id
