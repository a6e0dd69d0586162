"""Webhooks of WhatsApp to events.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview

One webhook may tell of many things, on three levels. What is said in groups is not read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors import meta
from connectors.api import Malformed, Rejected, Reply, Request
from connectors.signatures import same
from connectors.whatsapp.around import Around, read
from connectors.whatsapp.dialect import Known, Number
from connectors.whatsapp.echoes import echoed
from connectors.whatsapp.people import People
from connectors.whatsapp.received import received
from connectors.whatsapp.settings import Settings
from connectors.whatsapp.statuses import receipt
from normalizer.event import Event

OBJECT = "whatsapp_business_account"
Reader = Callable[[Any, Around], Event | None]
LISTS: Mapping[str, tuple[tuple[str, Reader], ...]] = {
    "messages": (("messages", received), ("statuses", receipt)),
    "smb_message_echoes": (("message_echoes", echoed),),
}
"""Per field of a change the lists that we read; the other fields are about templates, numbers and accounts."""


def verify(request: Request, settings: Settings) -> None:
    """Raise Rejected unless Meta signed the body, or 360dialog repeats our secret."""
    if settings.provider == "meta":
        meta.verified(request, *(one for one in [settings.app_secret] if one))
        return
    secret = settings.hook_secret.get_secret_value() if settings.hook_secret else None
    if not same(request.headers.get(settings.hook_header), secret):
        raise Rejected("wrong or no secret")


def challenge(request: Request, settings: Settings) -> Reply:
    """Say Meta's word back if it knows our token; raises Rejected."""
    if settings.verify_token is None:
        raise Rejected("no verify token")
    return meta.challenge(request, settings.verify_token)


def parse(request: Request, settings: Settings) -> list[Event]:
    """The events of a webhook; none for what is another product's, or not about a conversation. Raises Malformed.

    An item that names nobody is left out, and Malformed if it is all there is.
    """
    found = _loads(request.body)
    if not isinstance(found, dict):
        raise Malformed("body: not an object")
    if found.get("object") not in (None, OBJECT):
        return []
    events: dict[str, Event] = {}
    problem: Malformed | None = None
    for item, reader, around in _items(found, request, settings):
        try:
            event = reader(item, around)
        except Malformed as error:
            problem = problem or error
            continue
        if event is not None:
            events.setdefault(event.id, event)
    if problem and not events:
        raise problem
    return list(events.values())


def _loads(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("body: not JSON") from None


Item = tuple[Any, Reader, Around]


def _items(found: Mapping[str, Any], request: Request, settings: Settings) -> Iterator[Item]:
    """Every item of a webhook, with who reads it and what stands around it.

    Some hosts still send the shape of the older API, which has no ``entry``: its number is the account's.
    """
    if "entry" not in found and any(name in found for name, _ in LISTS["messages"]):
        yield from _listed(found, "messages", Around(settings.address, _people(found), request.received_at))
        return
    for field, value in _changes(found):
        if isinstance(value, dict):
            yield from _listed(value, field, Around(_number(value), _people(value), request.received_at))
        else:
            yield None, _unreadable, Around("", People(), request.received_at)


def _changes(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The field and the value of every change that we read; None for a value that is not there."""
    entries = found.get("entry")
    for entry in entries if isinstance(entries, list) else [None]:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        for change in changes if isinstance(changes, list) else [None]:
            told = change if isinstance(change, dict) else {}
            field = told.get("field", "messages")
            if not isinstance(field, str) or field in LISTS:
                yield str(field), told.get("value")


def _listed(value: Mapping[str, Any], field: str, around: Around) -> Iterator[Item]:
    for name, reader in LISTS.get(field, ()):
        items = value.get(name, [])
        if isinstance(items, list):
            yield from ((item, reader, around) for item in items)
        else:
            yield None, _unreadable, around


def _unreadable(_item: Any, _around: Around) -> None:
    raise Malformed("entry: not as it should be")


def _number(value: Mapping[str, Any]) -> str:
    """Which number of ours it is for; "" if that cannot be read, and so for nobody's."""
    try:
        return read(Number, value.get("metadata"))[0].phone_number_id
    except Malformed:
        return ""


def _people(value: Mapping[str, Any]) -> People:
    """Everybody whom it is about."""
    listed = value.get("contacts")
    objects = (one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict))
    return People(read(Known, one)[0] for one in objects)
