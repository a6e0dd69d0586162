"""What customers send by each provider: a text of about a hundred characters, with the proof that the provider gives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from urllib.parse import urlencode

PEOPLE = 1000
PUBLIC = "https://bench.example.com"
"""What providers call the gateway; Twilio signs it."""
TEXT = "Hello, my order 4711 was due yesterday and it has not come; can you tell me where it is? Thank you."
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def _meta(told: object, secret: str) -> tuple[bytes, Mapping[str, str]]:
    body = json.dumps(told).replace("/", "\\/").encode()
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": JSON, "X-Hub-Signature-256": f"sha256={mac}"}


def _page(kind: str, number: int, secret: str) -> tuple[bytes, Mapping[str, str]]:
    who, now = str(7_000_000_000 + number % PEOPLE), round(time.time() * 1000)
    message = {"mid": f"m_bench{number}", "text": TEXT}
    item = {"sender": {"id": who}, "recipient": {"id": "1"}, "timestamp": now, "message": message}
    return _meta({"object": kind, "entry": [{"id": "1", "time": now, "messaging": [item]}]}, secret)


def messenger(number: int, _: str, secret: str) -> tuple[bytes, Mapping[str, str]]:
    """A message to a page."""
    return _page("page", number, secret)


def instagram(number: int, _: str, secret: str) -> tuple[bytes, Mapping[str, str]]:
    """A message to an account of Instagram."""
    return _page("instagram", number, secret)


def whatsapp(number: int, _: str, secret: str) -> tuple[bytes, Mapping[str, str]]:
    """A message to a number."""
    phone = str(33_600_000_000 + number % PEOPLE)
    contact = {"profile": {"name": "Ann Lee"}, "wa_id": phone, "user_id": f"FR.{phone}"}
    message = {"from": phone, "from_user_id": f"FR.{phone}", "id": f"wamid.bench{number}", "type": "text",
               "timestamp": str(int(time.time())), "text": {"body": TEXT}}  # fmt: skip
    value = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "331", "phone_number_id": "1"},
             "contacts": [contact], "messages": [message]}  # fmt: skip
    entry = {"id": "800", "changes": [{"field": "messages", "value": value}]}
    return _meta({"object": "whatsapp_business_account", "entry": [entry]}, secret)


def _twilio(prefix: str, number: int, url: str, secret: str) -> tuple[bytes, Mapping[str, str]]:
    phone = f"{prefix}+{33_600_000_000 + number % PEOPLE}"
    sid = f"SM{number:032x}"
    form = {"AccountSid": "AC00000000000000000000000000000001", "ApiVersion": "2010-04-01", "Body": TEXT, "From": phone,
            "To": f"{prefix}+15550006789", "MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid, "NumMedia": "0",
            "NumSegments": "1", "SmsStatus": "received"}  # fmt: skip
    told = url + "".join(name + form[name] for name in sorted(form))
    proof = base64.b64encode(hmac.new(secret.encode(), told.encode(), hashlib.sha1).digest()).decode()
    return urlencode(form).encode(), {"Content-Type": FORM, "X-Twilio-Signature": proof}


def twilio(number: int, url: str, secret: str) -> tuple[bytes, Mapping[str, str]]:
    """An SMS."""
    return _twilio("", number, url, secret)


def twilio_whatsapp(number: int, url: str, secret: str) -> tuple[bytes, Mapping[str, str]]:
    """A message of WhatsApp, by way of Twilio."""
    return _twilio("whatsapp:", number, url, secret)


CHANNELS = {one.__name__: one for one in (messenger, instagram, whatsapp, twilio, twilio_whatsapp)}


class Webhooks:
    """Requests of one channel, each new, from a thousand people in turn."""

    def __init__(self, channel: str, path: str, host: str, secret: str, first: int) -> None:
        self.number = first
        self._make, self._path, self._host, self._secret = CHANNELS[channel], path, host, secret

    def request(self) -> bytes:
        self.number += 1
        body, headers = self._make(self.number, f"{PUBLIC}{self._path}", self._secret)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        return head.encode() + body
