"""Messages.create: what is checked, what is made of it. https://www.twilio.com/docs/messaging/api/message-resource"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.simulator import lines
from gateway.simulator.fetching import Unfetched, fetch
from gateway.simulator.lines import measured
from gateway.simulator.store import Json
from gateway.simulator.twilio.errors import TwilioError
from gateway.simulator.twilio.number import WHATSAPP, Number, on_whatsapp
from gateway.simulator.twilio.segments import segments
from gateway.simulator.twilio.templates import filled
from gateway.simulator.world import Upload

LONGEST = 1600
MOST_FILES, MOST_FILES_WHATSAPP = 10, 1
LARGEST, LARGEST_WHATSAPP = 5_000_000, 16_000_000  # bytes of one message's files
TOO_LARGE, UNFETCHED, UNFETCHED_WHATSAPP = 30019, 11200, 63019
WINDOW_CLOSED, BLOCKED = 63016, 63014
ADDRESS = re.compile(r"(whatsapp:)?(\+[1-9]\d{6,14}|(?<=whatsapp:)[A-Z]{2}\.[A-Za-z0-9.]{1,132})")
PLACE = re.compile(r"geo:(-?[\d.]+),(-?[\d.]+)(?:\|(.*))?")
KINDS = {"image": "photo", "audio": "audio", "video": "video"}


@dataclass(frozen=True)
class Wanted:
    """A message as it was asked for, checked."""

    to: str  # the id of the chat
    parts: Sequence[Json]
    media: Sequence[str]
    callback: str
    service: str
    template: bool

    @property
    def text(self) -> str:
        """Its words."""
        return "\n".join(part["text"] for part in self.parts if part["kind"] == "text")


def read(fields: Mapping[str, str], media: Sequence[str]) -> Wanted:
    """The message of a form; raises TwilioError."""
    to, sender, service = fields.get("To", ""), fields.get("From", ""), fields.get("MessagingServiceSid", "")
    if not to:
        raise TwilioError(21604)
    if not ADDRESS.fullmatch(to):
        raise TwilioError(21211, f"Invalid 'To' Phone Number: {to[:20]}")
    if not sender and not service:
        raise TwilioError(21603)
    if sender and sender.startswith(WHATSAPP) != to.startswith(WHATSAPP):
        raise TwilioError(21910)
    if sender == to:
        raise TwilioError(21266)
    parts = _parts(fields)
    if not parts and not media:
        raise TwilioError(21602)
    if len(media) > (MOST_FILES_WHATSAPP if to.startswith(WHATSAPP) else MOST_FILES):
        raise TwilioError(21623)
    if any(urlsplit(url).scheme not in ("http", "https") for url in media):
        raise TwilioError(21620)
    callback = _callback(fields.get("StatusCallback", ""))
    return Wanted(chat_id(to), parts, media, callback, service, "ContentSid" in fields)


def chat_id(address: str) -> str:
    """The id of the chat with an address: its digits, with WhatsApp's prefix."""
    name = address.removeprefix(WHATSAPP)
    return f"{WHATSAPP if name != address else ''}{name.removeprefix('+')}"


def _parts(fields: Mapping[str, str]) -> list[Json]:
    body = fields.get("Body", "")
    if len(body) > LONGEST:
        raise TwilioError(21617)
    if fields.get("ContentSid"):
        return filled(fields["ContentSid"], fields.get("ContentVariables", ""))
    place = PLACE.fullmatch(fields.get("PersistentAction", ""))
    if place:
        return [lines.location(float(place[1]), float(place[2]), place[3] or body)]
    return [lines.text(body)] if body else []


def _callback(url: str) -> str:
    """Where word of the message is posted; a host with an underscore is none to Twilio."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname):
        raise TwilioError(21609)
    return url


def doom(number: Number, chat: Json, wanted: Wanted) -> int | None:
    """The code with which a message that is taken will fail, if it will."""
    if not on_whatsapp(chat):
        return None
    if chat["blocked"]:
        return BLOCKED
    return None if wanted.template or number.in_window(chat) else WINDOW_CLOSED


def counted(chat: Json, text: str) -> Json:
    """The segments of an SMS; WhatsApp has none."""
    return {} if on_whatsapp(chat) else {"segments": segments(text)}


async def files(number: Number, chat: Json, urls: Sequence[str]) -> list[Json] | int:
    """The files of a message, got from where they are; else the code with which it fails."""
    most = LARGEST_WHATSAPP if on_whatsapp(chat) else LARGEST
    got: list[Upload] = []
    for url in urls:
        try:
            got.append(await fetch(number.world, url, 4 * most))
        except Unfetched:
            return UNFETCHED_WHATSAPP if on_whatsapp(chat) else UNFETCHED
    if sum(len(upload.data) for upload in got) > most:
        return TOO_LARGE
    return [lines.media(_kind(chat, upload), number.keep_file(upload, file_id=media_id(number))) for upload in got]


def media_id(number: Number) -> str:
    """A new SID of a file."""
    return f"ME{number.new_id('media')}"


def _kind(chat: Json, upload: Upload) -> str:
    mime = str(measured(upload)["mime"])
    if on_whatsapp(chat) and mime in ("audio/ogg", "image/webp"):
        return "voice" if mime == "audio/ogg" else "sticker"
    return KINDS.get(mime.partition("/")[0], "document")
