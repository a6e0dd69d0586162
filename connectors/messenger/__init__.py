"""Pages on Facebook Messenger. https://developers.facebook.com/docs/messenger-platform

All but what is said here is in ``connectors.meta``; read there ``inbound`` with ``content``, ``outbound``, ``problems``,
``account``.
"""

from __future__ import annotations

from typing import ClassVar

from connectors.api import Accepts, Connector, Pace
from connectors.meta.account import check, connect, fetch, profile, react, read, typing
from connectors.meta.inbound import challenge, parse, verify
from connectors.meta.outbound import classify, send
from connectors.meta.settings import Id
from connectors.meta.settings import Settings as MetaSettings
from connectors.meta.talking import LABEL, PAYLOAD, QUICK_REPLIES
from normalizer.fit import Limits
from normalizer.windows import Window

__all__ = ["Settings", "connector"]


class Settings(MetaSettings):
    """A page: ``page_id`` is its number, ``token`` a page token."""

    API: ClassVar[str] = "https://graph.facebook.com/v26.0"
    OBJECT: ClassVar[str] = "page"
    FIELDS: ClassVar[tuple[str, ...]] = (
        "messages", "messaging_postbacks", "message_edits", "message_echoes", "message_deliveries", "message_reads",
        "message_reactions", "messaging_referrals", "messaging_optins", "messaging_handovers", "standby",
    )  # fmt: skip
    PROFILE: ClassVar[str] = "first_name,last_name,profile_pic"
    UPLOADS: ClassVar[bool] = True

    page_id: Id

    @property
    def address(self) -> str:
        """The page, as webhooks name it."""
        return self.page_id


connector = Connector(
    name="messenger",
    settings=Settings,
    content_types=("application/json",),
    limits=Limits(
        text=1999,  # "less than 2000"
        caption=0,
        choices=QUICK_REPLIES,
        choice_id=PAYLOAD,
        label=LABEL,
        parts=frozenset({"text", "media", "choices", "link"}),
        media_types=frozenset({"image", "audio", "video", "file"}),
    ),
    pace=Pace(per_second=300, per_chat=10),
    window=Window(hours=24, late_hours=168),
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
    profile=profile,
    accepts={
        "image": Accepts(("image/*",), 8_000_000),
        "audio": Accepts(("audio/*",), 25_000_000),
        "video": Accepts(("video/*",), 25_000_000),
        "file": Accepts(("*/*",), 25_000_000),
    },
)
