"""WhatsApp, by the Cloud API of Meta or by 360dialog.

https://developers.facebook.com/documentation/business-messaging/whatsapp/

Read in this order: ``said`` and ``dialect`` (what WhatsApp says) and ``people`` (of whom), ``inbound`` (webhooks to events) with
``received``, ``echoes``, ``statuses`` and ``content``, ``outbound`` (messages to calls) with ``forms``, ``markup`` and
``templates``, ``answers`` (what came back), ``account`` (hook, state, files).
"""

from __future__ import annotations

from connectors.api import Accepts, Connector, Pace
from connectors.whatsapp.account import check, connect, fetch
from connectors.whatsapp.answers import classify
from connectors.whatsapp.forms import CAPTION, QUESTION, ROW, ROW_ID, ROWS, TEXT
from connectors.whatsapp.inbound import challenge, parse, verify
from connectors.whatsapp.markup import STYLES
from connectors.whatsapp.outbound import react, read, send, typing
from connectors.whatsapp.settings import Settings
from connectors.whatsapp.templates import templates
from normalizer.fit import Limits
from normalizer.windows import Window

__all__ = ["Settings", "connector"]

SOUNDS = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
FILM = SOUND = 16_000_000
"""Bytes. https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media/"""

connector = Connector(
    name="whatsapp",
    settings=Settings,
    content_types=("application/json",),
    limits=Limits(
        text=TEXT,
        caption=CAPTION,
        unit="utf-16 units",
        choices=ROWS,
        choice_id=ROW_ID,
        label=ROW,
        question=QUESTION,
        parts=frozenset({"text", "media", "location", "contact", "choices", "link", "template"}),
        media_types=frozenset({"image", "audio", "voice", "video", "file", "sticker"}),
        uncaptioned=frozenset({"audio", "voice", "sticker"}),
        styles=STYLES,
    ),
    pace=Pace(per_second=40, per_chat=1),  # of the 80 that a number has for both directions
    verify=verify,
    parse=parse,
    send=send,
    classify=classify,
    challenge=challenge,
    fetch=fetch,
    connect=connect,
    check=check,
    typing=typing,
    read=read,
    react=react,
    templates=templates,
    accepts={
        "image": Accepts(("image/jpeg", "image/png"), 5_000_000),
        "audio": Accepts(SOUNDS, SOUND),
        "voice": Accepts(SOUNDS, SOUND),
        "video": Accepts(("video/mp4", "video/3gpp"), FILM),
        "file": Accepts(("*/*",), 100_000_000),
        "sticker": Accepts(("image/webp",), 100_000),  # one that moves may have more, but only the file says whether
    },
    window=Window(hours=24),
)
