"""What both stores keep of a view beside its body: by what lists are ordered, filtered and searched, and places in them."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import orjson

from gateway.adapters.instants import millis
from normalizer.model import Conversation, Message, Person

NEVER = 1 << 62
"""When an answer is owed that is not owed: after everything else."""
_BITS = 63
"""Of a number that a store holds, beside its sign."""
_LEAST, _MOST = -(1 << _BITS), (1 << _BITS) - 1
_FOREIGN = "this is not a place that we gave"


class Listed(NamedTuple):
    """A conversation as lists find it. Times are in milliseconds; ``recency`` falls as they rise."""

    brand: str
    status: str
    assignee: str | None
    channel: str | None
    account: str | None
    owed: int
    recency: int
    snoozed_until: int | None
    search: str


def listed(conversation: Conversation) -> Listed:
    """By what a conversation is found."""
    owed = millis(conversation.unanswered_since)
    return Listed(
        conversation.brand,
        conversation.status,
        conversation.assignee.id if conversation.assignee else None,
        conversation.channel,
        conversation.account,
        NEVER if owed is None else owed,
        -millis(conversation.updated_at),
        millis(conversation.snoozed_until) if conversation.status == "snoozed" else None,
        searched(conversation.person.name, conversation.person.identities),
    )


def searched(name: str, identities: tuple[str, ...] | list[str]) -> str:
    """The text that ``q`` is looked for in."""
    return " ".join((name, *identities)).casefold()


def stands(line: Message) -> tuple[int, int, str]:
    """Where a line stands among those of its conversation: when shown, the provider's own order, its id."""
    return millis(line.shown_at), min(max(line.order, _LEAST), _MOST), line.id


def inbound(line: Message) -> bool:
    """Whether a line is a message of the customer."""
    return line.kind == "message" and line.direction == "in"


def body(view: Conversation | Message | Person) -> str:
    """A view as JSON, for the stores only: neither are times written as the API's, nor are empty fields left out.

    Having the models dump themselves takes three times as long.
    """
    return orjson.dumps(vars(view), default=vars).decode()


def place(*values: Any) -> str:
    """A place in a list, opaque to callers."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def placed(text: str, *kinds: type) -> list[Any]:
    """What ``place`` made; raises ValueError for anything else."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise ValueError(_FOREIGN) from None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise ValueError(_FOREIGN)
    if any(isinstance(value, int) and value.bit_length() > _BITS for value in values):
        raise ValueError(_FOREIGN)
    return values
