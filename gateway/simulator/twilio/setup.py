"""The calls about the account itself: its state, its numbers, services and senders, its templates."""

from collections.abc import Callable, Iterable
from typing import Any

from gateway.simulator.calls import Said
from gateway.simulator.store import Json
from gateway.simulator.twilio.errors import TwilioError
from gateway.simulator.twilio.number import VERSION, WHATSAPP, Number
from gateway.simulator.twilio.templates import found

Fields = dict[str, Any]


def account(sid: str) -> Said:
    """https://www.twilio.com/docs/iam/api/account"""
    name = {"friendly_name": "Simulated account", "status": "active", "type": "Full"}
    return Said(200, {"sid": sid, **name, "uri": f"/{VERSION}/Accounts/{sid}.json"})


def numbers(ours: Iterable[Number], sid: str, wanted: str) -> Said:
    """https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource : those of an account, or one."""
    shown = [_number(one) for one in ours if one.sid == sid and wanted in ("", one.address)]
    return Said(200, {"incoming_phone_numbers": shown, "page": 0, "page_size": 50, "next_page_uri": None})


def set_number(ours: Iterable[Number], sid: str, phone_sid: str, fields: Fields, hook: Callable[..., None]) -> Said:
    """Have messages to a number posted somewhere else."""
    for one in ours:
        if one.sid == sid and one.phone_sid == phone_sid:
            if "SmsUrl" in fields:
                hook(one, webhook=str(fields["SmsUrl"]))
            return Said(200, _number(one))
    raise TwilioError(20404)


def _number(one: Number) -> Json:
    return {
        "sid": one.phone_sid,
        "account_sid": one.sid,
        "phone_number": one.address,
        "friendly_name": one.settings.get("name") or one.address,
        "sms_url": one.settings.get("webhook", ""),
        "sms_method": "POST",
        "capabilities": {"sms": True, "mms": True, "voice": False},
        "uri": f"/{VERSION}/Accounts/{one.sid}/IncomingPhoneNumbers/{one.phone_sid}.json",
    }


def service(ours: Iterable[Number], sid: str, fields: Fields, hook: Callable[..., None]) -> Said:
    """https://www.twilio.com/docs/messaging/api/service-resource : a pool is what its numbers say they are in."""
    pool = [one for one in ours if one.settings.get("service") == sid]
    if not pool:
        raise TwilioError(20404)
    if "InboundRequestUrl" in fields:
        for one in pool:
            hook(one, webhook=str(fields["InboundRequestUrl"]))
    url = pool[0].settings.get("webhook")
    return Said(200, {"sid": sid, "inbound_request_url": url, "use_inbound_webhook_on_number": False})


def senders(ours: Iterable[Number]) -> Said:
    """https://www.twilio.com/docs/whatsapp/api/senders : every number of ours is one."""
    return Said(200, {"senders": [_sender(one) for one in ours], "meta": {"next_page_url": None}})


def set_sender(ours: Iterable[Number], sender_sid: str, fields: Fields, hook: Callable[..., None]) -> Said:
    """Have messages to a WhatsApp sender posted somewhere else."""
    for one in ours:
        if one.sender_sid == sender_sid:
            told = fields.get("webhook")
            if isinstance(told, dict) and told.get("callback_url"):
                hook(one, whatsapp_webhook=str(told["callback_url"]))
            return Said(202, _sender(one))
    raise TwilioError(20404)


def _sender(one: Number) -> Json:
    url = one.settings.get("whatsapp_webhook") or one.settings.get("webhook", "")
    name = {"sid": one.sender_sid, "sender_id": f"{WHATSAPP}{one.address}", "status": "ONLINE"}
    return {**name, "webhook": {"callback_url": url, "callback_method": "POST"}}


def templates(pattern: str) -> Said:
    """https://www.twilio.com/docs/content/content-api-resources : one page has them all."""
    return Said(200, {"contents": found(pattern), "meta": {"key": "contents", "next_page_url": None}})
