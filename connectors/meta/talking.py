"""What holds of every talk on Messenger and Instagram: its limits, and what the errors of sending mean."""

from __future__ import annotations

from connectors.meta.problems import Later, Table

QUICK_REPLIES, LABEL, PAYLOAD = 13, 20, 1000
"""How many, how many characters of each, how many bytes of what it stands for.

https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies
"""

TABLE: Table = {
    9: Later("rate_limited"),  # too many actions, in one conversation
    230: "unreachable",  # they have not agreed to be written to
    551: "unreachable",  # they blocked us, or are gone
    1200: Later(),
    2022: "content_rejected",
    (10, 2018065): "window_closed",
    (10, 2018278): "window_closed",
    (10, 2534022): "window_closed",
    (10, 1893063): "account_restricted",
    (10, 2018108): "unreachable",  # only testers may be written to while the app is in development
    (100, 2018108): "unreachable",
    (200, 2018108): "unreachable",
    (10, 2018300): "unreachable",  # another app has the conversation
    (100, 33): "invalid_recipient",
    (100, 2018001): "invalid_recipient",
    (100, 2534014): "invalid_recipient",
    (100, 2534029): "unreachable",
    (200, 1545041): "unreachable",
    (100, 2018109): "media_unsupported",  # too large
    **{(100, subcode): "media_unsupported" for subcode in range(2018007, 2018048)},  # could not be had, or read
}
"""https://developers.facebook.com/docs/messenger-platform/error-codes"""
