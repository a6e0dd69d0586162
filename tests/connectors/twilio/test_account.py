"""A pool of numbers: which of our ends an event is for, how it is sent from, where its messages go."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.api import Answer, Call, Health, Refused, Request
from connectors.twilio import Settings, WhatsAppSettings, connector, whatsapp
from normalizer.event import Outgoing
from normalizer.model import Text

GIVEN = {"connector": "twilio", "account_sid": "AC1", "auth_token": "5f4dcc3b5aa765d61d8327deb882cf99"}
POOL = Settings.model_validate({"name": "sms", "messaging_service": "MG1", **GIVEN})
TALK = WhatsAppSettings.model_validate({"name": "talk", "messaging_service": "MG1", **GIVEN})
SHORT = Settings.model_validate({"name": "short", "sender": "40404", **GIVEN})
HOOK = "https://chat.example.com/hooks/sms"


def to(settings: Settings, **form: str) -> str:
    body = urlencode({"MessageSid": "SM1", "Body": "x", **form}).encode()
    [event] = connector.parse(Request("POST", HOOK, {}, datetime(2026, 11, 22, tzinfo=UTC), body=body), settings)
    return event.to


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"From": "+336", "To": "+1555", "MessagingServiceSid": "MG1"}, "MG1"),
        ({"From": "+336", "To": "+1555", "MessagingServiceSid": "MG2"}, "MG2"),
        ({"From": "+336", "To": "+1555"}, "+1555"),
        ({"From": "whatsapp:+336", "To": "whatsapp:+1555", "MessagingServiceSid": "MG1"}, "whatsapp:MG1"),
        ({"From": "+1555", "To": "+336", "MessagingServiceSid": "MG1", "MessageStatus": "sent"}, "MG1"),
        ({"To": "whatsapp:+336", "MessagingServiceSid": "MG1", "MessageStatus": "sent"}, "whatsapp:MG1"),
    ],
)
def test_an_event_is_for_the_pool_and_the_channel_that_it_came_by(form: dict[str, str], expected: str) -> None:
    assert to(POOL, **form) == to(TALK, **form) == expected


def test_a_pool_sends_from_whichever_number_suits() -> None:
    message = Outgoing(id="msg_1", to="tel:+336", parts=(Text(text="x"),))
    [call] = connector.send(message, POOL)
    assert call.form == {"To": "+336", "MessagingServiceSid": "MG1", "Body": "x"}
    [call] = whatsapp.send(message, TALK)
    assert call.form == {"To": "whatsapp:+336", "MessagingServiceSid": "MG1", "Body": "x"}
    [call] = connector.send(message, POOL.model_copy(update={"sender": "+1555"}))
    assert call.form == {"To": "+336", "From": "+1555", "MessagingServiceSid": "MG1", "Body": "x"}


def checked(settings: Settings, *bodies: bytes) -> tuple[Any, list[str]]:
    assert connector.check is not None
    steps, urls, answers = connector.check(settings), [], iter(bodies)
    try:
        call: Call = next(steps)
        while True:
            urls.append(call.url)
            call = steps.send(Answer(200, {}, next(answers)))
    except StopIteration as end:
        return end.value, urls


ACTIVE = b'{"status": "active", "friendly_name": "Shop"}'


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (b'{"inbound_request_url": "https://chat.example.com/hooks/a"}', "Shop: messages go to chat.example.com"),
        (b'{"use_inbound_webhook_on_number": true}', "Shop: the account is active"),
        (b"<html>", "Shop: the account is active"),
    ],
)
def test_a_pool_says_where_its_messages_go(service: bytes, expected: str) -> None:
    health, urls = checked(POOL, ACTIVE, service)
    assert health == Health(ok=True, detail=expected)
    assert urls[1] == "https://messaging.twilio.com/v1/Services/MG1"


def test_of_a_short_code_only_the_account_is_asked_for() -> None:
    health, urls = checked(SHORT, ACTIVE)
    assert health == Health(ok=True, detail="Shop: the account is active")
    assert len(urls) == 1


def test_a_wrong_token_is_an_account_that_is_down() -> None:
    assert connector.check is not None
    steps = connector.check(SHORT)
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.throw(Refused("auth_expired", "Authenticate", "20003"))
    assert end.value.value == Health(ok=False, detail="Authenticate", down=True, code="auth_expired")


def test_a_pool_is_connected_at_its_service_and_a_short_code_in_the_console() -> None:
    assert connector.connect is not None
    [call] = connector.connect(HOOK, POOL)
    assert (call.method, call.url, call.effect) == ("POST", "https://messaging.twilio.com/v1/Services/MG1", False)
    assert call.form == {
        "InboundRequestUrl": HOOK,
        "InboundMethod": "POST",
        "UseInboundWebhookOnNumber": "false",
    }
    with pytest.raises(Refused, match="console"):
        list(connector.connect(HOOK, SHORT))


@pytest.mark.parametrize("ref", ["https://[", "https://api.twilio.com:port/x", "", "//api.twilio.com/x"])
def test_an_address_that_is_none_is_not_fetched(ref: str) -> None:
    assert connector.fetch is not None
    with pytest.raises(StopIteration) as end:
        next(connector.fetch(ref, POOL))
    assert end.value.value is None


@pytest.mark.parametrize(
    "ref", ["http://api.twilio.com/x", "https://api.twilio.com.example.com/x", "https://api.twilio.com:444/x",
            "https://api.twilio.com@example.com/x", "https://messaging.twilio.com/x"],
)  # fmt: skip
def test_credentials_go_to_the_api_alone(ref: str) -> None:
    assert connector.fetch is not None
    with pytest.raises(StopIteration) as end:
        next(connector.fetch(ref, POOL))
    assert end.value.value.call.headers == {}


def test_a_list_of_templates_that_never_ends_is_not_followed_for_ever() -> None:
    assert connector.templates is not None
    steps = connector.templates(POOL)
    page = Answer(200, {}, b'{"contents": [], "meta": {"next_page_url": "https://content.twilio.com/v1/x"}}')
    next(steps)
    for _ in range(59):
        assert steps.send(page).url == "https://content.twilio.com/v1/x"
    with pytest.raises(StopIteration) as end:
        steps.send(page)
    assert end.value.value == []
