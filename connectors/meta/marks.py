"""What became of our messages on Messenger and Instagram: each by its name, or all up to a moment.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-reads
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from connectors.meta.told import Told
from normalizer.event import Event, ReceiptReceived, Watermark


def delivered(told: Told) -> Sequence[Event] | None:
    """The messages that are named, else all up to a moment."""
    listed = told.what.fields.get("mids")
    mids = [one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, str) and one]
    at = told.what.time("watermark") or told.at
    receipts = [_receipt(told, mid, "delivered", at) for mid in dict.fromkeys(mids)]
    return receipts or _watermark(told, "delivered")


def seen(told: Told) -> Sequence[Event] | None:
    """Messenger says until when, Instagram which message was the last: those before it were read by then too."""
    mid = told.what.id("mid")
    if not mid:
        return _watermark(told, "read")
    upto = Watermark(**told.envelope(f"read_until:{told.mark}"), identity=told.identity, status="read", at=told.at)
    return [_receipt(told, mid, "read", told.at), upto]


Status = Literal["delivered", "read"]


def _receipt(told: Told, mid: str, status: Status, at: datetime) -> ReceiptReceived:
    return ReceiptReceived(
        **told.envelope(f"{status}:{mid}"), provider_id=mid, status=status, identity=told.identity, at=at
    )


def _watermark(told: Told, status: Status) -> Sequence[Event] | None:
    at, mark = told.what.time("watermark"), told.what.number("watermark")
    if at is None:
        return None
    who = told.identity.rpartition(":")[2]
    return [Watermark(**told.envelope(f"{status}_until:{who}:{mark}"), identity=told.identity, status=status, at=at)]
