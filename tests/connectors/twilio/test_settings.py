"""What an account may be configured with."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.twilio import Settings, WhatsAppSettings, connector, whatsapp

TOKEN = "5f4dcc3b5aa765d61d8327deb882cf99"
GIVEN = {"name": "sms", "connector": "twilio", "account_sid": "AC1", "auth_token": TOKEN}
SENDER: dict[str, Any] = {"sender": "+15550006789"}


def made(kind: type[Settings] = Settings, **fields: Any) -> Settings:
    return kind.model_validate(GIVEN | fields)


@pytest.mark.parametrize("sender", ["+15550006789", "40404", "Shop", "whatsapp:+15550006789", "My Shop 1"])
def test_a_sender_is_its_own_address(sender: str) -> None:
    assert made(sender=sender).address == sender


@pytest.mark.parametrize("sender", ["15550006789", "+1 555 000", "whatsapp:Shop", "A name too long", "12", "+0123"])
def test_a_sender_that_is_none_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError, match="such as"):
        made(sender=sender)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "needs a sender or a messaging_service"),
        ({"account_sid": "AC1/../AC2", **SENDER}, "begins with AC"),
        ({"account_sid": "SK1", **SENDER}, "begins with AC"),
        ({"messaging_service": "AC1"}, "begins with MG"),
        ({"api_key": "SK1", **SENDER}, "go together"),
        ({"api_secret": "s", **SENDER}, "go together"),
        ({"auth_token": "", **SENDER}, "must not be empty"),
        ({"shared_keys": {"k": ""}, **SENDER}, "must not be empty"),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as error:
        made(**fields)
    assert TOKEN not in str(error.value)


def test_a_pool_is_an_address_and_another_on_whatsapp() -> None:
    assert made(messaging_service="MG1").address == "MG1"
    assert made(WhatsAppSettings, messaging_service="MG1").address == "whatsapp:MG1"
    assert made(messaging_service="MG1", **SENDER).address == "+15550006789"


def test_whatsapp_takes_a_number_with_and_without_its_prefix_and_nothing_else() -> None:
    for sender in ("+15550006789", "whatsapp:+15550006789"):
        assert made(WhatsAppSettings, sender=sender).address == "whatsapp:+15550006789"
    for sender in ("40404", "Shop"):
        with pytest.raises(ValidationError, match="such as"):
            made(WhatsAppSettings, sender=sender)


def test_no_secret_is_shown() -> None:
    shown = made(api_key="SKsecretkey", api_secret="hidden", shared_keys={"k": "hidden-too"}, **SENDER)
    for text in (repr(shown), str(shown), shown.model_dump_json()):
        assert not any(secret in text for secret in (TOKEN, "SKsecretkey", "hidden"))


@pytest.mark.parametrize(
    ("api", "content"),
    [
        ("", "https://content.twilio.com"),
        ("https://api.twilio.com/", "https://content.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", "https://content.dublin.ie1.twilio.com"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.twilio.com.example.com", "https://api.twilio.com.example.com"),
    ],
)
def test_what_stands_in_for_the_api_stands_in_for_all_of_it(api: str, content: str) -> None:
    assert made(api=api, **SENDER).domain("content") == content


def test_only_whatsapp_has_a_window_and_shows_that_somebody_types() -> None:
    assert (connector.window, connector.typing) == (None, None)
    assert whatsapp.window is not None
    assert whatsapp.window.hours == 24
    assert whatsapp.typing is not None
