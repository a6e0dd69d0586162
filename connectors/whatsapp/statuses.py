"""What became of our messages, to events.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from connectors.whatsapp.answers import failure
from connectors.whatsapp.around import Around, read
from connectors.whatsapp.said import Name, Said, Seconds, Trouble
from normalizer.event import ReceiptReceived

Word = Literal["sent", "delivered", "read", "failed"]
WORDS: Mapping[str, Word] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",  # a voice message that was listened to
    "failed": "failed",
}

FREE_ENTRY = frozenset({"referral_conversion", "free_entry_point"})
"""What Meta calls a conversation that somebody began by an advertisement or the button of a page."""


class Origin(Said):
    """What opened a conversation, as Meta bills it."""

    type: str = ""


class Billed(Said):
    """The conversation that Meta counts a message to, and when it ends."""

    origin: Origin = Origin()
    expiration_timestamp: Seconds = 0


class Price(Said):
    """What a message costs: ``type`` says of a free one why."""

    type: str = ""
    category: str = ""


class Status(Said):
    """What became of a message of ours."""

    id: Name
    status: str = ""
    timestamp: Seconds = 0
    recipient_id: str = ""
    recipient_type: str = ""
    recipient_user_id: str = ""
    biz_opaque_callback_data: str = ""
    conversation: Billed = Billed()
    pricing: Price = Price()
    errors: tuple[Trouble, ...] = ()


def receipt(item: Any, around: Around) -> ReceiptReceived | None:
    """What an item of ``statuses`` says; None for groups and for words that we do not know. Raises Malformed."""
    said, _ = read(Status, item)
    word = WORDS.get(said.status)
    if word is None or said.recipient_type == "group":
        return None
    customer = around.people.person(said.recipient_id, said.recipient_user_id)
    return ReceiptReceived(
        id=f"receipt:{said.id}:{said.status}",
        to=around.to,
        provider_id=said.id,
        ref=said.biz_opaque_callback_data,
        identity=customer.identity if customer else "",
        status=word,
        failure=failure(said.errors) if word == "failed" else None,
        window_until=_free_entry(said, around),
        at=around.time(said.timestamp),
    )


def _free_entry(said: Status, around: Around) -> datetime | None:
    """Until when we may write freely to somebody who came by an advertisement or the button of a page, if Meta says.

    Conversations that were opened otherwise end too, but that is about their price, not about what may be written.
    """
    by = {said.conversation.origin.type, said.pricing.type, said.pricing.category}
    end = said.conversation.expiration_timestamp
    return around.time(end) if end and by & FREE_ENTRY else None
