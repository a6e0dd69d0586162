"""Reply windows: how long after a customer's last word a channel lets us write freely. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from normalizer.model import Conversation, reach_key

Standing = Literal["open", "late", "closed"]


@dataclass(frozen=True, slots=True)
class Window:
    """Free text may be sent for ``hours`` after the customer's last word, and by a person for ``late_hours`` in all."""

    hours: float
    late_hours: float = 0


def closes_at(conversation: Conversation, account: str, identity: str, window: Window | None) -> datetime | None:
    """When the window closes, or closed; None for a channel without one, and for somebody who never wrote there."""
    last = last_sign(conversation, account, identity)
    if window is None or last is None:
        return None
    return max(last + timedelta(hours=window.hours), conversation.free_until.get(reach_key(account, identity), last))


def last_sign(conversation: Conversation, account: str, identity: str) -> datetime | None:
    """When the customer last wrote, or did something else that opens the window, such as a reaction."""
    key = reach_key(account, identity)
    found = [at[key] for at in (conversation.last_inbound_at, conversation.touched_at) if key in at]
    return max(found, default=None)


def standing(conversation: Conversation, account: str, identity: str, window: Window | None, now: datetime) -> Standing:
    """Whether free text may be sent: ``late`` means only by a person, as their own words."""
    if window is None:
        return "open"
    closes = closes_at(conversation, account, identity, window)
    if closes is not None and now < closes:
        return "open"
    last = last_sign(conversation, account, identity)
    return "late" if last is not None and now < last + timedelta(hours=window.late_hours) else "closed"
