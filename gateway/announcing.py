"""Announcements: records as everyone outside reads them, each a CloudEvent in JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.frames import cursor, told
from gateway.ports import Announcement
from normalizer.model import rfc3339
from normalizer.record import Record

NONE = "-"
"""In a routing key, where a record is not about an account."""


def announced(record: Record, channels: Mapping[str, str]) -> Announcement:
    """A record as an announcement, with the same bytes at every repeat. ``channels`` says which one an account is of.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
    """
    data = told(record)
    channel = _channel(record, data, channels)
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": record.id,
        "source": f"/passerelle/{record.brand}",
        "type": record.kind,
        "subject": record.stream,
        "time": rfc3339(record.at),
        "datacontenttype": "application/json",
        "brand": record.brand,
        "seq": record.seq,
        "cursor": cursor(record.feed),
        "actorkind": record.by.kind,
        "data": data,
    }
    # An attribute of a CloudEvent is a text with something in it, or it is not there.
    more = {"actorid": record.by.id, "actorname": record.by.name, "account": record.account, "channel": channel}
    event |= {name: value for name, value in more.items() if value}
    key = f"{record.kind}.{channel or NONE}.{record.account or NONE}"
    # Sorted, so that the bytes do not depend on the way a store gives the fields back.
    return Announcement(record.id, key, orjson.dumps(event, option=orjson.OPT_SORT_KEYS))


def _channel(record: Record, data: Mapping[str, Any], channels: Mapping[str, str]) -> str:
    """What the record itself says, as messages and identities do; otherwise that of its account."""
    if record.account is None:
        return ""
    message = data.get("message")
    said = (message.get("channel") if isinstance(message, dict) else None) or data.get("channel")
    return said if isinstance(said, str) else channels.get(record.account, "")


def bindings(kinds: tuple[str, ...] = (), accounts: tuple[str, ...] = ()) -> list[str]:
    """The binding keys for these kinds of records (``message.*`` too) and accounts; none named means all."""
    return [
        f"{kind}.*.{account}" if kind else ("#" if account == "*" else f"*.*.*.{account}")
        for kind in kinds or ("",)
        for account in accounts or ("*",)
    ]
