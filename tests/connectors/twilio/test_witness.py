"""Twilio's own client as a witness: what it puts on the wire for a message is what we put there."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from connectors.api import Answer, Call
from connectors.twilio import Settings, WhatsAppSettings, connector, whatsapp
from normalizer.event import Outgoing
from normalizer.model import Location, Media, Part, Template, Text

SID, TOKEN = "AC0123456789abcdef0123456789abcdef", "5f4dcc3b5aa765d61d8327deb882cf99"
GIVEN = {"name": "sms", "connector": "twilio", "account_sid": SID, "auth_token": TOKEN}
SMS = Settings.model_validate({**GIVEN, "sender": "+15550006789"})
POOL = Settings.model_validate({**GIVEN, "messaging_service": "MG0123456789abcdef0123456789abcdef"})
TALK = WhatsAppSettings.model_validate({**GIVEN, "sender": "+15550006789"})


class Wire(BaseAdapter):
    """Takes down what would be sent, and answers with nothing in particular."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[PreparedRequest] = []

    def send(self, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        self.sent.append(request)
        answer = Response()
        answer.status_code, answer._content, answer.request = 201, b"{}", request
        return answer

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Any:
    http = TwilioHttpClient()
    http.session.mount("https://", wire)
    return Client(SID, TOKEN, http_client=http)


def shown(call: Call) -> Any:
    assert call.form is not None
    return call.method, call.url, call.headers["authorization"], sorted(call.form.items())


def theirs(request: PreparedRequest) -> Any:
    form = sorted(parse_qsl(str(request.body), keep_blank_values=True))
    return request.method, request.url, request.headers["Authorization"], form


CASES: list[tuple[Settings, Part, Mapping[str, Any]]] = [
    (SMS, Text(text="Hé & 🎉 + 100%\n"), {"to": "+33612345678", "from_": "+15550006789", "body": "Hé & 🎉 + 100%\n"}),
    (POOL, Text(text="x"), {"to": "+33612345678", "messaging_service_sid": POOL.messaging_service, "body": "x"}),
    (
        SMS,
        Media(media_type="image", url="https://example.com/a.png?x=1&y=2", caption="look"),
        {
            "to": "+33612345678",
            "from_": "+15550006789",
            "body": "look",
            "media_url": ["https://example.com/a.png?x=1&y=2"],
        },
    ),
    (
        TALK,
        Template(name="HX0123456789abcdef0123456789abcdef", parameters={"1": "Zoë"}),
        {
            "to": "whatsapp:+33612345678",
            "from_": "whatsapp:+15550006789",
            "content_sid": "HX0123456789abcdef0123456789abcdef",
            "content_variables": json.dumps({"1": "Zoë"}, ensure_ascii=False),
        },
    ),
    (
        TALK,
        Location(latitude=48.85, longitude=2.35, name="Shop"),
        {
            "to": "whatsapp:+33612345678",
            "from_": "whatsapp:+15550006789",
            "body": "Shop",
            "persistent_action": ["geo:48.8500000,2.3500000|Shop"],
        },
    ),
]


@pytest.mark.parametrize(("settings", "part", "asked"), CASES)
def test_a_message_is_on_the_wire_as_their_client_puts_it(
    client: Any, wire: Wire, settings: Settings, part: Part, asked: Mapping[str, Any]
) -> None:
    message = Outgoing(
        id="msg_1", to="tel:+33612345678", parts=(part,), callback_url="https://chat.example.com/hooks/a"
    )
    [call] = (whatsapp if settings is TALK else connector).send(message, settings)
    client.messages.create(**asked, status_callback="https://chat.example.com/hooks/a?ref=msg_1")
    [request] = wire.sent
    assert shown(call) == theirs(request)


def test_so_is_what_connects_and_shows_typing(client: Any, wire: Wire) -> None:
    assert connector.connect is not None
    assert whatsapp.typing is not None
    hook = "https://chat.example.com/hooks/a"
    [at_the_service] = connector.connect(hook, POOL)
    client.messaging.v1.services(POOL.messaging_service).update(
        inbound_request_url=hook, inbound_method="POST", use_inbound_webhook_on_number=False
    )
    number = connector.connect(hook, SMS)
    next(number)
    at_the_number = number.send(Answer(200, {}, b'{"incoming_phone_numbers": [{"sid": "PN1"}]}'))
    client.incoming_phone_numbers("PN1").update(sms_url=hook, sms_method="POST")
    [typing] = whatsapp.typing("tel:+33612345678", "SM1", TALK)
    client.messaging.v2.typing_indicator.create(channel="whatsapp", message_id="SM1")
    assert [shown(call) for call in (at_the_service, at_the_number, typing)] == [theirs(one) for one in wire.sent]


def test_so_is_every_lookup(client: Any, wire: Wire) -> None:
    assert connector.check is not None
    assert whatsapp.connect is not None
    steps = connector.check(SMS)
    account = next(steps)
    number = steps.send(Answer(200, {}, b'{"status": "active"}'))
    client.api.v2010.accounts(SID).fetch_with_http_info()
    assert account.url == wire.sent[-1].url
    assert number.url.startswith(f"https://api.twilio.com/2010-04-01/Accounts/{SID}/IncomingPhoneNumbers.json?")
    sender = next(whatsapp.connect("https://chat.example.com/hooks/a", TALK))
    assert sender.url.startswith("https://messaging.twilio.com/v2/Channels/Senders?Channel=whatsapp")
