"""Telegram bots. https://core.telegram.org/bots/api

Read in this order: ``dialect`` (what Telegram says), ``inbound`` (updates to events) with ``content`` (what was said),
``outbound`` (messages to calls) with ``forms`` (how a part can go), ``answers`` (what came back), ``account`` (webhook or
polling, credentials, files).
"""

from __future__ import annotations

from typing import get_args

from connectors.api import Accepts, Connector, Pace
from connectors.telegram.account import acknowledge, check, connect, fetch, poll, polled, profile, typing
from connectors.telegram.answers import classify
from connectors.telegram.inbound import parse, verify
from connectors.telegram.outbound import delete, edit, react, send
from connectors.telegram.settings import Settings
from normalizer.fit import Limits
from normalizer.parts import Style

__all__ = ["Settings", "connector"]

UPLOAD = 50_000_000
"""Bytes. https://core.telegram.org/bots/api#sending-files"""

connector = Connector(
    name="telegram",
    settings=Settings,
    content_types=("application/json",),
    limits=Limits(
        text=4096,
        caption=1024,
        unit="utf-16 units",
        choices=100,
        choice_id=64,
        label=256,  # documented nowhere; a phone cuts longer ones short
        parts=frozenset({"text", "media", "location", "contact", "choices", "link"}),
        media_types=frozenset({"image", "audio", "voice", "video", "file", "sticker"}),
        styles=frozenset(get_args(Style)),
    ),
    pace=Pace(
        per_second=30, per_chat=1
    ),  # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    verify=verify,
    parse=parse,
    send=send,
    classify=classify,
    acknowledge=acknowledge,
    fetch=fetch,
    connect=connect,
    check=check,
    poll=poll,
    polled=polled,
    typing=typing,
    edit=edit,
    delete=delete,
    react=react,
    profile=profile,
    accepts={
        "image": Accepts(("image/*",), UPLOAD),  # what is no photo to Telegram goes as a document
        "audio": Accepts(("audio/*",), UPLOAD),
        "voice": Accepts(("audio/*",), UPLOAD),
        "video": Accepts(("video/*",), UPLOAD),
        "file": Accepts(("*/*",), UPLOAD),
        "sticker": Accepts(("image/webp", "video/webm", "application/x-tgsticker"), UPLOAD),
    },
)
