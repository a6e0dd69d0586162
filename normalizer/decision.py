"""What every decision is given, and how it says no. A decision is pure: a view in, at most one record out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from normalizer.model import Conversation, Message
from normalizer.record import By, Draft, RecordKind


class View(Protocol):
    """A conversation as all its records make it, for a decision."""

    @property
    def conversation(self) -> Conversation | None:
        """The conversation, or None before its first record."""

    def message(self, message_id: str) -> Message | None:
        """One of its messages, or None."""

    def unread_after(self, message: Message) -> int:
        """How many messages of the customer stand after this one."""


class Refusal(Exception):
    """What was asked cannot be done now; ``code`` is for programs, ``detail`` for people.

    ``pointer`` names the field that is to blame (RFC 6901), ``about`` anything that helps, such as the owner.
    """

    def __init__(self, code: str, detail: str, pointer: str = "", about: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.pointer, self.about = code, detail, pointer, dict(about or {})


class Place(NamedTuple):
    """Whose an identity is: bound once, for ever."""

    person: str
    conversation: str


class Stamp(NamedTuple):
    """What a decision may not make up itself: who, when, and the new record's id.

    ``arrived`` is when what is told reached us, if that was not ``at``.
    """

    id: str
    by: By
    at: datetime
    brand: str
    cause: str | None = None
    arrived: datetime | None = None


class Channel(NamedTuple):
    """Our end of a channel: the account's name and its connector's."""

    account: str
    channel: str


def existing(view: View) -> Conversation:
    """The conversation; raises Refusal ``not_found``."""
    if view.conversation is None:
        raise Refusal("not_found", "no such conversation")
    return view.conversation


def done(
    kind: RecordKind,
    key: str,
    stamp: Stamp,
    data: Mapping[str, Any],
    account: str | None = None,
    request: str | None = None,
) -> Draft:
    """The draft of something that we did ourselves."""
    return Draft(
        id=stamp.id,
        key=key,
        kind=kind,
        brand=stamp.brand,
        account=account,
        by=stamp.by,
        cause=stamp.cause,
        at=stamp.at,
        data=data,
        request=request,
    )
