"""Messages to calls of Twilio. https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from urllib.parse import quote

from connectors.api import Answer, Call, Refused, Steps
from connectors.twilio.addresses import address_of
from connectors.twilio.codes import NO_CALLBACK
from connectors.twilio.settings import Settings, post
from connectors.twilio.templates import content_sid
from normalizer.event import Outgoing
from normalizer.fit import folded, measure, segments
from normalizer.model import Link, Location, Media, Part, Template, Text

LIMIT = 1600
"""Characters of a text. Counted in septets, or in UTF-16 units where those do not do, it is never more."""

Fields = Mapping[str, str]
_SURROUNDED = re.compile(r"[\r\n|]+")


def send(message: Outgoing, settings: Settings) -> Steps:
    """The calls that send a message, one per part. Twilio tells of each what becomes of it; raises Refused."""
    told = f"{message.callback_url}?ref={quote(message.id, safe='')}" if message.callback_url else ""
    ends = _ends(message, settings)
    for index, part in enumerate(message.parts):
        fields = {**ends, **(yield from _fields(index, part, message, settings))}
        url = f"{settings.root}/Messages.json"
        callback = {"StatusCallback": told} if told else {}
        try:
            yield post(settings, f"{index}:Messages", url, {**fields, **callback}, part=index, effect=True)
        except Refused as refusal:
            if refusal.provider_code != NO_CALLBACK or not told:
                raise
            yield post(settings, f"{index}:Messages:untold", url, fields, part=index, effect=True)


def _ends(message: Outgoing, settings: Settings) -> Fields:
    """To whom, and from where: with both a number and a pool, from that number with what the pool is set up to do."""
    ends = {"To": address_of(message.to, settings.prefix)}
    if settings.sender:
        ends["From"] = settings.sender
    if settings.messaging_service:
        ends["MessagingServiceSid"] = settings.messaging_service
    return ends


def _fields(index: int, part: Part, message: Outgoing, settings: Settings) -> Generator[Call, Answer, Fields]:
    """What says one part; raises Refused for one that has no form here."""
    match part:
        case Text(text=text):
            return {"Body": words(text, settings)}
        case Link(url=url, title=title):
            return {"Body": f"{words(title, settings)}\n{url}" if title else url}
        case Media():
            return _file(part, message, settings)
        case Location() if settings.prefix:
            return _place(part)
        case Template():
            sid = yield from content_sid(index, part, settings)
            blanks = {"ContentVariables": json.dumps(part.parameters, ensure_ascii=False)} if part.parameters else {}
            return {"ContentSid": sid, **blanks}
        case _:
            raise Refused("content_rejected", f"Twilio has no form for a {part.kind} from this sender")


def _file(part: Media, message: Outgoing, settings: Settings) -> Fields:
    """Twilio fetches a file itself. https://www.twilio.com/docs/messaging/guides/accepted-mime-types"""
    url = message.media_urls.get(part.media, "") if part.media else part.url
    if not url:
        raise Refused("media_unsupported", "there is no address at which Twilio could fetch the file")
    return {"MediaUrl": url, **({"Body": words(part.caption, settings)} if part.caption else {})}


def _place(part: Location) -> Fields:
    """https://www.twilio.com/docs/whatsapp/message-features#location-messages-with-whatsapp"""
    where = f"geo:{part.latitude + 0.0:.7f},{part.longitude + 0.0:.7f}"
    label = _SURROUNDED.sub(" ", part.address or part.name).strip()
    return {
        "Body": part.name or part.address or f"{part.latitude}, {part.longitude}",
        "PersistentAction": f"{where}|{label}" if label else where,
    }


def words(text: str, settings: Settings) -> str:
    """The text as it goes: typographic quotes made plain, where that alone lets an SMS hold 160 characters for 70."""
    if settings.smart_quotes == "keep" or settings.prefix or segments(text).encoding == "gsm-7":
        return text
    plain = folded(text)
    fits = segments(plain).encoding == "gsm-7" and measure(plain, "gsm-7") <= LIMIT
    return plain if fits and plain else text
