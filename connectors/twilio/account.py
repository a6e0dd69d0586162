"""An account's own affairs: its state, where its messages go, the files it was sent, that somebody types."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, Field

from connectors.api import Ailment, Answer, Call, Fetched, Health, Refused, Steps
from connectors.twilio.addresses import WHATSAPP
from connectors.twilio.settings import Settings, get, post

_PORTS = {"http": 80, "https": 443}


class _Account(BaseModel):
    status: str
    friendly_name: str = ""


class _Number(BaseModel):
    sid: str = Field(pattern=r"^[A-Za-z0-9]{1,64}$")
    sms_url: str | None = None


class _Numbers(BaseModel):
    incoming_phone_numbers: list[_Number]


class _Service(BaseModel):
    inbound_request_url: str | None = None
    use_inbound_webhook_on_number: bool = False


class _Sender(BaseModel):
    sid: str = Field(pattern=r"^[A-Za-z0-9]{1,64}$")
    sender_id: str


class _Senders(BaseModel):
    senders: list[_Sender]


# What state it is in.


_Code = Ailment | Literal[""]


def check(settings: Settings) -> Generator[Call, Answer, Health]:
    """Whether the account is active, the key is good, and where messages to its number go.

    https://www.twilio.com/docs/iam/api/account, which no key but the account's own token may ask for.
    """
    asked = get(settings, "0:Account", f"{settings.root}.json")
    try:
        found = (yield replace(asked, headers={"authorization": settings.basic_token})).read(_Account)
        if found is None:
            return Health(ok=False, detail="this is not Twilio's answer: is `api` right?", code="wrong_address")
        if found.status != "active":
            detail = f"{found.friendly_name}: the account is {found.status}"
            return Health(ok=False, detail=detail, down=True, code="account_restricted")
        if settings.api_key is not None:
            yield get(settings, "1:Messages", f"{settings.root}/Messages.json?PageSize=1")
        code, detail = yield from _told_where(settings)
    except Refused as refusal:
        return Health.refused(refusal, "auth_expired")
    return Health(ok=not code, detail=f"{found.friendly_name}: {detail}", code=code)


def _told_where(settings: Settings) -> Generator[Call, Answer, tuple[_Code, str]]:
    """The host that messages go to, where Twilio can be asked."""
    if settings.messaging_service:
        url = f"{settings.domain('messaging')}/v1/Services/{settings.messaging_service}"
        service = (yield get(settings, "2:Service", url)).read(_Service)
        if service is None or service.use_inbound_webhook_on_number:
            return "", "the account is active"
        return _host(service.inbound_request_url)
    if not settings.sender.startswith("+"):
        return "", "the account is active"
    number = yield from _number(settings)
    return ("wrong_account", "the sender is no number of this account") if number is None else _host(number.sms_url)


def _host(url: str | None) -> tuple[_Code, str]:
    """Of the address only this: paths and users may be secrets."""
    host = (url or "").partition("://")[2].partition("/")[0].rpartition("@")[2]
    if not host:
        return "hook_missing", "messages go nowhere; `passerelle connect` sets that"
    return "", f"messages go to {host}"


def _number(settings: Settings) -> Generator[Call, Answer, _Number | None]:
    """https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource"""
    url = f"{settings.root}/IncomingPhoneNumbers.json?PhoneNumber={quote(settings.sender, safe='')}"
    found = (yield get(settings, "0:IncomingPhoneNumbers", url)).read(_Numbers)
    return found.incoming_phone_numbers[0] if found and found.incoming_phone_numbers else None


def connect(webhook_url: str, settings: Settings) -> Steps:
    """Have messages sent to ``webhook_url``; raises Refused where Twilio's console alone can set that."""
    if settings.messaging_service:
        url = f"{settings.domain('messaging')}/v1/Services/{settings.messaging_service}"
        form = {"InboundRequestUrl": webhook_url, "InboundMethod": "POST", "UseInboundWebhookOnNumber": "false"}
        yield post(settings, "0:Service", url, form)
    elif settings.prefix:
        yield from _sender_connected(webhook_url, settings)
    else:
        number = (yield from _number(settings)) if settings.sender.startswith("+") else None
        if number is None:
            raise Refused(
                "invalid_recipient", "the sender is no number of this account: set its webhook in the console"
            )
        form = {"SmsUrl": webhook_url, "SmsMethod": "POST"}
        yield post(settings, "1:IncomingPhoneNumber", f"{settings.root}/IncomingPhoneNumbers/{number.sid}.json", form)


def _sender_connected(webhook_url: str, settings: Settings) -> Steps:
    """https://www.twilio.com/docs/whatsapp/api/senders"""
    url = f"{settings.domain('messaging')}/v2/Channels/Senders"
    found = (yield get(settings, "0:Senders", f"{url}?Channel=whatsapp&PageSize=100")).read(_Senders)
    ours = [one for one in found.senders if one.sender_id == settings.sender] if found else []
    if not ours:
        raise Refused("invalid_recipient", "the sender is none of this account's: set its webhook in the console")
    hook = {"callback_url": webhook_url, "callback_method": "POST"}
    headers = {"authorization": settings.basic}
    yield Call("1:Sender", "POST", f"{url}/{ours[0].sid}", effect=False, headers=headers, json={"webhook": hook})


# Files, typing.


def fetch(ref: str, settings: Settings) -> Generator[Call, Answer, Fetched | None]:
    """A received file is at its address; our credentials go to the API alone, which passes on to a store.

    https://www.twilio.com/docs/messaging/api/media-resource
    """
    yield from ()
    where = _origin(ref)
    if where is None:
        return None
    headers = {"authorization": settings.basic} if where == _origin(settings.base) else {}
    return Fetched(Call("0:download", "GET", ref, effect=False, headers=headers))


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no address of a web server."""
    try:
        split = urlsplit(url)
        port = split.port or _PORTS.get(split.scheme)
    except ValueError:
        return None
    return (split.scheme, split.hostname, port) if split.hostname and port and split.scheme in _PORTS else None


def typing(identity: str, newest: str, settings: Settings) -> Steps:  # noqa: ARG001 - the message says whom
    """Show for 25 seconds that somebody types; the newest message counts as read then.

    https://www.twilio.com/docs/whatsapp/api/typing-indicators-resource
    """
    if newest:
        form = {"messageId": newest, "channel": WHATSAPP.removesuffix(":")}
        yield post(settings, "0:Typing", f"{settings.domain('messaging')}/v2/Indicators/Typing.json", form)
