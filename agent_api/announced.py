"""What the records tell, kind by kind: the data of every frame and of every event on RabbitMQ."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent_api.answers import ActorShown, MessageShown
from normalizer.model import Assignee, ConversationStatus, Failure, Instant, Part, Status


def _absent(value: object) -> bool:
    return value is None


class Said(BaseModel):
    """A whole line: a message or a note. ``person`` is whose conversation an echo is in."""

    message: MessageShown
    person: str | None = Field(default=None, exclude_if=_absent)
    aliases: tuple[str, ...] | None = Field(default=None, exclude_if=_absent)
    window_until: Instant | None = Field(default=None, exclude_if=_absent)


class Settled(BaseModel):
    """What became of a message of ours. ``provider_id`` is the one that a receipt is about.

    ``opted_out_at``: the provider says so of ``identity``, and nothing goes there any more until they opt in.
    """

    message: str
    status: Status
    failure: Failure | None
    provider_ids: tuple[str, ...] | None = Field(default=None, exclude_if=_absent)
    provider_id: str | None = Field(default=None, exclude_if=_absent)
    sent_at: Instant | None = Field(default=None, exclude_if=_absent)
    send_at: Instant | None = Field(default=None, exclude_if=_absent)
    window_until: Instant | None = Field(default=None, exclude_if=_absent)
    identity: str | None = Field(default=None, exclude_if=_absent)
    opted_out_at: Instant | None = Field(default=None, exclude_if=_absent)


class Edited(BaseModel):
    """A message says something else now."""

    message: str
    parts: tuple[Part, ...]
    edited_at: Instant


class Deleted(BaseModel):
    """A message was taken back."""

    message: str
    at: Instant


class ReactedTo(BaseModel):
    """All emojis that somebody has on a message now."""

    message: str
    by: ActorShown
    emojis: tuple[str, ...]
    at: Instant
    identity: str | None = Field(default=None, exclude_if=_absent)


class Changed(BaseModel):
    """The fields of a conversation that have changed, and only those."""

    status: ConversationStatus | None = Field(default=None, exclude_if=_absent)
    snoozed_until: Instant | None = None
    assignee: Assignee | None = None
    labels: tuple[str, ...] | None = Field(default=None, exclude_if=_absent)
    priority: int | None = Field(default=None, exclude_if=_absent)


class ReadUpTo(BaseModel):
    """How far the conversation was read, and how many messages are left."""

    up_to: str
    read_up_to: Instant
    unread: int


class PersonNamed(BaseModel):
    """A person, with the name that was told, if any; ``picture`` is there where it is another one now, or none."""

    id: str
    name: str
    picture: str | None = None


class IdentityTold(BaseModel):
    """News of an identity: blocked, opted out, named, or called otherwise now."""

    person: PersonNamed
    identity: str
    account: str
    channel: str
    change: Literal["blocked", "unblocked", "opted_out", "opted_in"] | None = Field(default=None, exclude_if=_absent)
    previous: str | None = Field(default=None, exclude_if=_absent)
    previous_aliases: tuple[str, ...] | None = Field(default=None, exclude_if=_absent)
    aliases: tuple[str, ...] | None = Field(default=None, exclude_if=_absent)
    at: Instant | None = Field(default=None, exclude_if=_absent)


TOLD: dict[str, type[BaseModel]] = {
    "message.received": Said,
    "message.queued": Said,
    "message.echoed": Said,
    "note.added": Said,
    **dict.fromkeys(
        (
            "message.deferred",
            "message.sent",
            "message.failed",
            "message.uncertain",
            "message.delivered",
            "message.read",
        ),
        Settled,
    ),
    "message.edited": Edited,
    "message.deleted": Deleted,
    "message.reacted": ReactedTo,
    **dict.fromkeys(
        (
            "conversation.opened",
            "conversation.pending",
            "conversation.snoozed",
            "conversation.resolved",
            "conversation.assigned",
            "conversation.changed",
        ),
        Changed,
    ),
    "conversation.read": ReadUpTo,
    **dict.fromkeys(
        (
            "identity.blocked",
            "identity.unblocked",
            "identity.opted_out",
            "identity.opted_in",
            "identity.changed",
            "identity.named",
        ),
        IdentityTold,
    ),
}
"""Every kind of record, and the model of its data."""


class EventShown(BaseModel):
    """A record as a CloudEvent 1.0, in JSON. ``seq`` numbers the events of a ``subject`` without gaps.

    ``cursor`` is its place in the feed, for ``GET /v1/events``. What there is none of is left out.
    """

    model_config = ConfigDict(title="Event")
    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: Instant
    datacontenttype: Literal["application/json"]
    brand: str
    seq: int
    cursor: str
    actorkind: Literal["person", "agent", "bot", "system"]
    actorid: str | None = Field(default=None, exclude_if=_absent)
    actorname: str | None = Field(default=None, exclude_if=_absent)
    account: str | None = Field(default=None, exclude_if=_absent)
    channel: str | None = Field(default=None, exclude_if=_absent)
    data: dict[str, Any]
