"""What became of a message that we sent: one record per end, or per wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from normalizer.decision import Refusal, Stamp, View, done
from normalizer.model import Failure, Message, rfc3339
from normalizer.optouts import learned
from normalizer.record import Draft

_UNDER_WAY = {"queued", "sending"}
_STILL_OPEN = {*_UNDER_WAY, "uncertain"}


@dataclass(frozen=True, slots=True)
class Settled:
    """How sending a message ended, or when it is tried again.

    ``provider_ids`` are those of every part that went out. ``send_at`` is for ``deferred``. ``at`` is when the provider
    said so, if that was not just now.
    """

    how: Literal["sent", "failed", "uncertain", "deferred"]
    key: str
    provider_ids: tuple[str, ...] = ()
    failure: Failure | None = None
    send_at: datetime | None = None
    at: datetime | None = None


def settled(view: View, message_id: str, end: Settled, stamp: Stamp) -> Draft | None:
    """The record of how a message's sending ended; None when that is known already."""
    message = view.message(message_id)
    still_open = _STILL_OPEN if end.how in {"sent", "failed"} else _UNDER_WAY
    if message is None or message.status not in still_open:
        return None
    data: dict[str, Any] = {
        "message": message_id,
        "status": "queued" if end.how == "deferred" else end.how,
        "failure": end.failure.model_dump(mode="json") if end.failure else None,
        "provider_ids": list(end.provider_ids),
        **learned(message, end.failure if end.how == "failed" else None, end.at or stamp.at),
    }
    if end.send_at is not None:
        data["send_at"] = rfc3339(end.send_at)
    if end.how == "sent":
        data["sent_at"] = rfc3339(stamp.at)
    return done(f"message.{end.how}", end.key, stamp, data, message.account)  # type: ignore[arg-type] # a RecordKind each


def settled_by_agent(
    view: View, message_id: str, status: Literal["sent", "failed"], stamp: Stamp, key: str, request: str | None
) -> Draft:
    """An agent ends an uncertain message. What stood after the uncertain part was never tried: it then fails from there.

    Raises Refusal ``not_uncertain``.
    """
    message = view.message(message_id)
    if message is None:
        raise Refusal("not_found", "no such message")
    if message.status != "uncertain":
        raise Refusal("not_uncertain", f"this message is {message.status}; only an uncertain one can be settled")
    why = Failure(reason="unknown", detail="settled as failed by hand") if status == "failed" else None
    return _ended(message, message.provider_ids, why, stamp.at, stamp, key, request)


def settled_by_word(
    view: View,
    message_id: str,
    provider_id: str,
    failure: Failure | None,
    stamp: Stamp,
    key: str,
    at: datetime | None = None,
) -> Draft | None:
    """The provider names the part of an uncertain message that nobody was sure of; None if nobody doubts any more.

    ``at`` is when it said so. Where nobody knows, an opt-out counts from when the message was asked for: the word may
    have waited, and must not undo what they said since.
    """
    message = view.message(message_id)
    if message is None or message.status != "uncertain" or provider_id in message.provider_ids:
        return None
    ids = (*message.provider_ids, provider_id)
    return _ended(message, ids, failure, at or message.received_at, stamp, key, None)


def _ended(
    message: Message,
    ids: tuple[str, ...],
    why: Failure | None,
    at: datetime,
    stamp: Stamp,
    key: str,
    request: str | None,
) -> Draft:
    """The end of a doubt about one part. What stood after it was never tried: the message then fails from there."""
    part = message.failure.part if message.failure else 0
    failure = why.model_copy(update={"part": part}) if why else None
    if failure is None and part + 1 < len(message.parts):
        failure = Failure(reason="unknown", detail="the parts after this one were never sent", part=part + 1)
    data: dict[str, Any] = {
        "message": message.id,
        "status": "failed" if failure else "sent",
        "failure": failure.model_dump(mode="json") if failure else None,
        "provider_ids": list(ids),
        **learned(message, failure, at),
    } | ({} if failure else {"sent_at": rfc3339(stamp.at)})
    return done("message.failed" if failure else "message.sent", key, stamp, data, message.account, request)
