"""SMS, MMS and WhatsApp through Twilio. https://www.twilio.com/docs/messaging

Two connectors, one translation: ``twilio`` for numbers, ``twilio_whatsapp`` for WhatsApp senders, which have a reply
window and other limits. Read in this order: ``proof`` (what proves a request), ``forms`` (what it says), ``inbound``
(events) with ``content`` and ``keywords``, ``outbound`` (messages to calls) with ``templates``, ``answers`` (what came
back) with ``codes``, ``account`` (the rest).
"""

from __future__ import annotations

from dataclasses import replace

from connectors.api import Accepts, Connector, Pace
from connectors.twilio.account import check, connect, fetch, typing
from connectors.twilio.answers import classify
from connectors.twilio.inbound import parse, reply
from connectors.twilio.outbound import LIMIT, send, words
from connectors.twilio.proof import verify
from connectors.twilio.settings import Settings, WhatsAppSettings
from connectors.twilio.templates import templates
from normalizer.fit import Limits
from normalizer.windows import Window

__all__ = ["Settings", "WhatsAppSettings", "connector", "whatsapp"]

MMS, WHATSAPP = 5_000_000, 16_000_000
"""Bytes. https://www.twilio.com/docs/messaging/guides/accepted-mime-types, https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages"""

_FILES = (
    "application/pdf", "text/vcard", "text/x-vcard", "text/csv", "text/rtf", "text/richtext", "text/calendar",
)  # fmt: skip
_DOCUMENTS = (
    "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation", "text/vcard", "text/x-vcard",
)  # fmt: skip

connector = Connector(
    name="twilio",
    settings=Settings,
    content_types=("application/x-www-form-urlencoded",),
    limits=Limits(
        text=LIMIT,
        caption=LIMIT,
        unit="gsm-7",
        parts=frozenset({"text", "media", "link", "template"}),
        media_types=frozenset({"image", "audio", "video", "file"}),
    ),
    pace=Pace(per_second=10, per_chat=0.5),  # Twilio queues for its numbers; of 15 to one in 30 s it thinks a loop
    verify=verify,
    parse=parse,
    send=send,
    words=words,
    classify=classify,
    reply=reply,
    gets=True,  # whoever sets up a number chooses the method
    fetch=fetch,
    connect=connect,
    check=check,
    templates=templates,
    accepts={
        "image": Accepts(("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff"), MMS),
        "audio": Accepts(("audio/*",), MMS),
        "video": Accepts(("video/*",), MMS),
        "file": Accepts(_FILES, MMS),
    },
)

whatsapp = replace(
    connector,
    name="twilio_whatsapp",
    settings=WhatsAppSettings,
    limits=Limits(
        text=LIMIT,
        caption=1024,
        unit="utf-16 units",
        parts=frozenset({"text", "media", "location", "link", "template"}),
        media_types=frozenset({"image", "audio", "voice", "video", "file", "sticker"}),
        uncaptioned=frozenset({"audio", "voice", "file", "sticker"}),
    ),
    pace=Pace(per_second=10, per_chat=1),  # https://www.twilio.com/docs/whatsapp/api#rate-limits
    typing=typing,
    window=Window(hours=24),
    accepts={
        "image": Accepts(("image/jpeg", "image/png"), MMS),
        "audio": Accepts(("audio/ogg", "audio/amr", "audio/3gpp", "audio/aac", "audio/mpeg", "audio/mp4"), WHATSAPP),
        "voice": Accepts(("audio/ogg",), WHATSAPP),
        "video": Accepts(("video/mp4", "video/3gpp"), WHATSAPP),
        "file": Accepts(_DOCUMENTS, WHATSAPP),
        "sticker": Accepts(("image/webp",), 100_000),
    },
)
