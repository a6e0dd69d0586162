"""How Twilio names people and our ends, and how we do. https://www.twilio.com/docs/messaging/guides/webhook-request"""

from __future__ import annotations

import re

from connectors.api import Refused

WHATSAPP = "whatsapp:"
LONGEST = 200
"""Characters of an address; a longer one names nobody."""

_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_USER = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,132}")


def identity_of(address: str) -> str:
    """The identity behind an address, ``tel:+33612345678`` over SMS and WhatsApp alike; "" if it names nobody.

    Somebody who hides their number from us has a user id at WhatsApp, ``whatsapp:US.13491208655302741918``.
    """
    name = address.removeprefix(WHATSAPP)
    if not name or len(address) > LONGEST:
        return ""
    if _NUMBER.fullmatch(name):
        return f"tel:{_international(name)}" if name != address else f"tel:{name}"
    return address if ":" in address else f"sms:{address}"


def address_of(identity: str, prefix: str) -> str:
    """Where a message to somebody goes, by SMS or (with a ``prefix``) by WhatsApp; raises Refused."""
    kind, _, name = identity.partition(":")
    if kind == "tel" and _NUMBER.fullmatch(name):
        return f"{prefix}{name}"
    if prefix and f"{kind}:" == prefix and _USER.fullmatch(name):
        return identity
    raise Refused("invalid_recipient", "nobody by this name can be reached through Twilio, from this sender")


def alias_of(address: str, number: str, user: str) -> tuple[str, ...]:
    """What else Twilio calls whoever writes by WhatsApp: their user id beside a number, a number beside a user id."""
    name, user = address.removeprefix(WHATSAPP), user.removeprefix(WHATSAPP)
    if name == address:
        return ()
    if _NUMBER.fullmatch(name):
        return (f"{WHATSAPP}{user}",) if _USER.fullmatch(user) else ()
    return (f"tel:{_international(number)}",) if _NUMBER.fullmatch(number) else ()


def canonical(address: str) -> str:
    """One of our ends as the configuration names it."""
    name = address.removeprefix(WHATSAPP)
    return f"{WHATSAPP}{_international(name)}" if name != address and _NUMBER.fullmatch(name) else address


def _international(number: str) -> str:
    """WhatsApp knows no other numbers, whether or not it writes the plus."""
    return number if number.startswith("+") else f"+{number}"
