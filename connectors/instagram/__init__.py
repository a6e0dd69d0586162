"""Professional accounts on Instagram. https://developers.facebook.com/docs/instagram-platform

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

BY_PAGE = "https://graph.facebook.com/v26.0"
"""Where an account is reached that is linked to a page."""


class Settings(MetaSettings):
    """An account: ``account_id`` is its number, ``token`` its own.

    ``page_id`` is for an account that is reached by way of the Facebook page that it is linked to: the token is the
    page's then.
    """

    API: ClassVar[str] = "https://graph.instagram.com/v26.0"
    OBJECT: ClassVar[str] = "instagram"
    FIELDS: ClassVar[tuple[str, ...]] = (
        "messages", "messaging_postbacks", "messaging_seen", "message_reactions", "message_edit", "messaging_referral",
        "messaging_handover", "standby",
    )  # fmt: skip
    PROFILE: ClassVar[str] = "name,username,profile_pic"

    account_id: Id
    page_id: Id | None = None

    @property
    def base(self) -> str:
        """The address of Graph: accounts of their own and those of pages have different ones."""
        return (self.api or (BY_PAGE if self.page_id else self.API)).rstrip("/")

    @property
    def address(self) -> str:
        """The account, as webhooks name it."""
        return self.account_id

    @property
    def sender(self) -> str:
        """Who sends: with a page's token, whoever the token is of."""
        return "me" if self.page_id else self.account_id

    @property
    def subscribed(self) -> str:
        """Whose webhooks are subscribed, and whose the token is."""
        return self.page_id or self.account_id

    @property
    def who(self) -> str:
        """What is asked of the token's owner."""
        return "id,name" if self.page_id else "user_id,username"


connector = Connector(
    name="instagram",
    settings=Settings,
    content_types=("application/json",),
    limits=Limits(
        text=1000,
        caption=0,
        unit="bytes",
        choices=QUICK_REPLIES,
        choice_id=PAYLOAD,
        label=LABEL,
        label_unit="code points",
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
        "image": Accepts(("image/png", "image/jpeg"), 8_000_000),
        "audio": Accepts(
            ("audio/aac", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/wav", "audio/x-wav"), 25_000_000
        ),
        "video": Accepts(("video/mp4", "video/quicktime", "video/ogg", "video/x-msvideo", "video/webm"), 25_000_000),
        "file": Accepts(("application/pdf",), 25_000_000),
    },
)
