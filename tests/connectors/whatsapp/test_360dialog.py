"""The same WhatsApp by another host: other addresses, another proof."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.api import Answer, Call, Fetched, Health, Rejected, Request
from connectors.testing.running import Ran, call_shown, run
from connectors.whatsapp import Settings, connector
from normalizer.event import MessageReceived, Outgoing
from normalizer.model import Media, Text

SETTINGS = Settings.model_validate(
    {
        "name": "support", "connector": "whatsapp", "provider": "360dialog", "phone_number_id": "123",
        "token": "made-up-token", "hook_secret": "made-up-hook-secret", "hook_header": "X-From",
    }
)  # fmt: skip
BASE = "https://waba-v2.360dialog.io"
KEY = {"D360-API-KEY": "made-up-token"}
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def request(headers: dict[str, str], body: bytes = b"{}", query: dict[str, str] | None = None) -> Request:
    return Request("POST", "https://chat.example.com/hooks/support", headers, NOW, query or {}, body)


def ran(steps: Any, *answers: Any) -> Ran:
    told = [Answer(200, {}, json.dumps(one).encode()) for one in answers]
    return run(steps, connector.classify, lambda number, _: told[number] if number < len(told) else Answer(200))


def only_call(found: Ran) -> Call:
    [call] = found.calls
    return call


def test_it_repeats_our_secret() -> None:
    connector.verify(request({"x-from": "made-up-hook-secret"}), SETTINGS)
    for headers in ({}, {"x-from": ""}, {"x-from": "x"}, {"x-hub-signature-256": "sha256=0"}):
        with pytest.raises(Rejected):
            connector.verify(request(headers), SETTINGS)


def test_it_never_asks_whether_the_hook_is_ours() -> None:
    assert connector.challenge is not None
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    with pytest.raises(Rejected):
        connector.challenge(request({}, query=query), SETTINGS)


def test_what_it_says_is_what_meta_says() -> None:
    said = {"from": "33612345678", "id": "wamid.A", "timestamp": "1790000000", "type": "text", "text": {"body": "hi"}}
    value = {"metadata": {"phone_number_id": "123"}, "messages": [said]}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
    [event] = connector.parse(request({}, json.dumps(body).encode()), SETTINGS)
    assert isinstance(event, MessageReceived)
    assert (event.to, event.identity, event.parts) == ("123", "tel:+33612345678", (Text(text="hi"),))


def test_messages_and_files_go_without_the_number() -> None:
    file = Media(media_type="image", media="med_1", mime="image/jpeg")
    message = Outgoing(id="msg_1", to="tel:+33612345678", parts=(Text(text="hi"), file))
    found = ran(connector.send(message, SETTINGS), {}, {"id": "7"})
    assert [call.url for call in found.calls] == [f"{BASE}/messages", f"{BASE}/media", f"{BASE}/messages"]
    assert [call.headers for call in found.calls] == [KEY] * 3


@pytest.mark.parametrize(
    ("told", "there", "headers"),
    [
        ("https://lookaside.fbsbx.com/whatsapp/?mid=1&hash=x", f"{BASE}/whatsapp/?mid=1&hash=x", KEY),
        (f"{BASE}/whatsapp/?mid=1", f"{BASE}/whatsapp/?mid=1", KEY),
        ("https://example.com/1", "https://example.com/1", {}),
    ],
)
def test_files_are_fetched_where_the_key_is_known(told: str, there: str, headers: dict[str, str]) -> None:
    assert connector.fetch is not None
    found = ran(connector.fetch("133", SETTINGS), {"url": told})
    assert only_call(found).url == f"{BASE}/133"
    assert isinstance(found.returned, Fetched)
    assert (found.returned.call.url, found.returned.call.headers) == (there, headers)


def test_connect_sets_the_hook_with_its_secret() -> None:
    assert connector.connect is not None
    call = only_call(ran(connector.connect("https://chat.example.com/hooks/support", SETTINGS)))
    headers = {"x-from": "made-up-hook-secret"}
    told = {"url": "https://chat.example.com/hooks/support", "headers": headers}
    assert (call.url, call.json) == (f"{BASE}/v1/configs/webhook", told)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {"url": "https://user:secret@chat.example.com/hooks/x"},
            Health(ok=True, detail="webhook at chat.example.com"),
        ),
        ({"url": ""}, Health(ok=False, detail="no webhook is set; `passerelle connect` sets it", code="hook_missing")),
        ([], Health(ok=False, detail="this is not 360dialog's answer: is `api` right?", code="wrong_address")),
    ],
)
def test_check_says_where_webhooks_go(answer: Any, expected: Health) -> None:
    assert connector.check is not None
    found = ran(connector.check(SETTINGS), answer)
    assert call_shown(only_call(found)) == {
        "name": "0:webhook", "method": "GET", "url": f"{BASE}/v1/configs/webhook", "effect": False, "headers": KEY,
    }  # fmt: skip
    assert found.returned == expected


def test_templates_come_in_one_page() -> None:
    assert connector.templates is not None
    told = {"waba_templates": [{"name": "hello", "language": "fr", "status": "approved", "components": []}]}
    found = ran(connector.templates(SETTINGS), told)
    assert only_call(found).url == f"{BASE}/v1/configs/templates?limit=1000"
    assert [one.name for one in found.returned] == ["hello"]
    assert str(ran(connector.templates(SETTINGS), []).refused.provider_code) == "200"
