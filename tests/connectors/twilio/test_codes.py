"""Twilio's codes of messages that were taken and then lost, as its status callbacks tell them.

https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from connectors.api import Request
from connectors.twilio import Settings, connector
from normalizer.event import ReceiptReceived

SETTINGS = Settings.model_validate(
    {"name": "sms", "connector": "twilio", "account_sid": "AC1", "auth_token": "5f4dcc3b5aa7", "sender": "+15550006789"}
)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (14107, "failed", "rate_limited"),
        (21610, "failed", "opted_out"),
        (30001, "failed", "rate_limited"),
        (30002, "failed", "account_restricted"),
        (30003, "undelivered", "unreachable"),
        (30004, "undelivered", "unreachable"),
        (30005, "undelivered", "invalid_recipient"),
        (30006, "undelivered", "unreachable"),
        (30007, "undelivered", "content_rejected"),
        (30008, "undelivered", "unknown"),
        (30011, "failed", "media_unsupported"),
        (30019, "undelivered", "media_unsupported"),
        (30022, "failed", "rate_limited"),
        (30023, "failed", "rate_limited"),
        (30034, "failed", "account_restricted"),
        (30410, "undelivered", "provider_down"),
        (63003, "failed", "invalid_recipient"),
        (63005, "failed", "content_rejected"),
        (63007, "failed", "account_restricted"),
        (63010, "failed", "provider_down"),
        (63012, "failed", "provider_down"),
        (63013, "failed", "content_rejected"),
        (63014, "failed", "unreachable"),
        (63016, "failed", "window_closed"),
        (63018, "failed", "rate_limited"),
        (63019, "failed", "media_unsupported"),
        (63024, "failed", "invalid_recipient"),
        (63038, "failed", "rate_limited"),
        (63051, "failed", "account_restricted"),
        (39999, "failed", "unknown"),
    ],
)
def test_a_lost_message_says_why(code: int, status: str, reason: str) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": status, "From": "+15550006789", "To": "+336", "ErrorCode": str(code)}
    at = datetime(2026, 11, 22, tzinfo=UTC)
    url = "https://chat.example.com/hooks/sms"
    [told] = connector.parse(Request("POST", url, {}, at, body=urlencode(form).encode()), SETTINGS)
    assert isinstance(told, ReceiptReceived)
    assert told.failure is not None
    assert (told.status, told.failure.reason, told.failure.provider_code) == ("failed", reason, str(code))
