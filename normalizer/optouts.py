"""Opt-outs that we learn of by a refusal: the customer told the provider to stop, and no word of it reached us. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from normalizer.lines import time
from normalizer.model import Conversation, Failure, Message, Reach, reach_key, rfc3339
from normalizer.record import Record


def learned(message: Message, failure: Failure | None, at: datetime) -> dict[str, Any]:
    """Whom not to write to any more, and since when, for the record of a failure; nothing where it says less."""
    if failure is None or failure.reason != "opted_out" or failure.only or not message.identity:
        return {}
    return {"identity": message.identity, "opted_out_at": rfc3339(at)}


def heeded(was: Conversation, record: Record) -> dict[str, Any]:
    """What changes of the reach after the record of a failure; nothing where their last word is newer."""
    at = time(record.data.get("opted_out_at"))
    if at is None or record.account is None:
        return {}
    key = reach_key(record.account, record.data["identity"])
    reach = was.reach.get(key, Reach())
    if reach.opted_out_at is not None and reach.opted_out_at > at:
        return {}
    return {"reach": {**was.reach, key: reach.model_copy(update={"opted_out": True, "opted_out_at": at})}}
