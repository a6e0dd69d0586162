"""What Twilio's error codes mean. https://www.twilio.com/docs/api/errors"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from normalizer.model import Reason

_BY_REASON: Mapping[Reason, tuple[int, ...]] = {
    "account_restricted": (
        20005, 21408, 21603, 21606, 21608, 21659, 21660, 21703, 21704, 21705, 30002, 30024, 30034, 63007, 63051,
    ),
    "auth_expired": (20003, 20404),
    "content_rejected": (21602, 21654, 21655, 21656, 30007, 63005, 63013),
    "invalid_recipient": (21211, 21614, 21635, 30005, 63003, 63024),
    "media_unsupported": (21620, 21623, 30011, 30019, 63019),
    "opted_out": (21610,),
    "provider_down": (20500, 20503, 30410, 63010, 63012),
    "rate_limited": (14107, 20429, 21611, 30001, 30022, 30023, 63018, 63038),
    "too_long": (14103, 21617),
    "unknown": (30008,),
    "unreachable": (21214, 21612, 30003, 30004, 30006, 63014),
    "window_closed": (63016,),
}  # fmt: skip

REASONS: Mapping[int, Reason] = {code: reason for reason, codes in _BY_REASON.items() for code in codes}
"""Why a message did not go or did not arrive."""

NO_CALLBACK = "21609"
"""Twilio takes no such address for word of the message."""


@dataclass(frozen=True, slots=True)
class Later:
    """A no that will pass: after ``wait`` seconds, where Twilio's documentation names a time."""

    wait: float | None = None
    scope: Literal["conversation", "account"] = "conversation"


_HOUR = 3600.0
LATER: Mapping[int, Later] = {
    14107: Later(30),  # 15 messages to one number in half a minute
    20429: Later(None, "account"),  # too many calls at a time
    20500: Later(),
    20503: Later(),
    21611: Later(60, "account"),  # the sender's queue, of four hours, is full
    30001: Later(60, "account"),
    30022: Later(None, "account"),
    30023: Later(_HOUR, "account"),  # the cap of a day
    63010: Later(),  # what is behind Twilio is out of order
    63012: Later(),
    63018: Later(None, "account"),
    63038: Later(_HOUR, "account"),
}
"""The codes of an answer that proves that nothing was taken, and after which it will be."""
