"""What became of our messages, to events.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from connectors.whatsapp.answers import failure
from connectors.whatsapp.around import Around, read
from connectors.whatsapp.dialect import Status
from normalizer.event import ReceiptReceived

Word = Literal["sent", "delivered", "read", "failed"]
WORDS: Mapping[str, Word] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",  # a voice message that was listened to
    "failed": "failed",
}


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
        at=around.time(said.timestamp),
    )
