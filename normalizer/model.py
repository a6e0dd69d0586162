"""The conversation format: parts, messages, conversations and people, as frozen values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from normalizer.parts import (
    Choice,
    Choices,
    Contact,
    Link,
    Location,
    Media,
    MediaType,
    Option,
    Part,
    Span,
    Template,
    Text,
    Unsupported,
)
from normalizer.value import Instant, Model, in_utc_milliseconds, is_empty, rfc3339

__all__ = [
    "RANK",
    "Assignee",
    "Author",
    "Choice",
    "Choices",
    "Contact",
    "Conversation",
    "ConversationStatus",
    "Failure",
    "Instant",
    "Link",
    "Location",
    "Media",
    "MediaType",
    "Message",
    "Model",
    "Only",
    "Option",
    "Part",
    "Person",
    "PersonRef",
    "Reach",
    "Reaction",
    "Reason",
    "Referral",
    "Span",
    "Status",
    "Template",
    "Text",
    "Unsupported",
    "in_utc_milliseconds",
    "is_empty",
    "reach_key",
    "rfc3339",
]  # fmt: skip


# Who said it, and what became of it.

Status = Literal["received", "queued", "sending", "uncertain", "sent", "failed", "delivered", "read"]
RANK: dict[str, int] = {
    status: rank
    for rank, status in enumerate(
        ("received", "queued", "sending", "uncertain", "sent", "failed", "delivered", "read"),
    )
}
"""A message's status only ever rises in this order, in whatever order the news of it arrives."""

Reason = Literal[
    "window_closed", "template_required", "opted_out", "unreachable", "invalid_recipient", "content_rejected",
    "media_unsupported", "too_long", "rate_limited", "auth_expired", "account_restricted", "provider_down", "expired",
    "unknown",
]  # fmt: skip

Only = Literal["", "marketing"]


class Failure(Model):
    """Why a message did not arrive. ``part`` is the index of the first part that is not known to have gone out.

    ``only`` is what the reason holds for, where that is not every message: who wants no advertising may be answered.
    """

    reason: Reason
    detail: str = ""
    provider_code: str = ""
    part: int = 0
    only: Only = Field(default="", exclude_if=is_empty)


class Author(Model):
    """Who wrote a line."""

    kind: Literal["person", "agent", "bot", "system"]
    id: str
    name: str = ""


class Reaction(Model):
    """An emoji that somebody put on a message."""

    emoji: str
    by: Author
    at: Instant


class Referral(Model):
    """What led somebody to us: an advertisement, a link, a post."""

    source: str = ""
    id: str = ""
    title: str = ""
    url: str = ""


class Message(Model):
    """A line of a conversation: a message, a private note, or an event such as ``assigned``.

    ``seq`` is the number of the record that made it. ``order`` is the provider's own, and breaks ties of ``sent_at``.
    ``receipts`` is what is known of each provider id, for a message of several parts. ``quote`` is the piece that was
    quoted of the message replied to; messages that were sent together share an ``album``. ``reacted`` is when each
    author last changed their reactions. A deleted message has no parts any more.
    """

    id: str
    conversation: str = ""
    seq: int = 0
    kind: Literal["message", "note", "event"] = "message"
    direction: Literal["in", "out"]
    author: Author
    account: str | None = None
    channel: str | None = None
    identity: str | None = None
    parts: tuple[Part, ...] = ()
    provider_ids: tuple[str, ...] = ()
    reply_to: str | None = None
    quote: str = Field(default="", exclude_if=is_empty)
    album: str = Field(default="", exclude_if=is_empty)
    referral: Referral | None = Field(default=None, exclude_if=is_empty)
    client_ref: str | None = None
    resend_of: str | None = None
    sent_at: Instant | None = None
    received_at: Instant
    order: int = 0
    status: Status
    failure: Failure | None = None
    reactions: tuple[Reaction, ...] = ()
    edited_at: Instant | None = None
    deleted_at: Instant | None = None
    event: dict[str, Any] | None = Field(default=None, exclude_if=is_empty)
    receipts: dict[str, Status] = Field(default_factory=dict, exclude_if=is_empty)
    reacted: dict[str, Instant] = Field(default_factory=dict, exclude_if=is_empty)

    @property
    def shown_at(self) -> datetime:
        """When it stands in the list: when it was sent, but never after we had it."""
        if self.direction == "in" and self.sent_at is not None:
            return min(self.sent_at, self.received_at)
        return self.received_at


# The conversation and the person.


class PersonRef(Model):
    """The person as a conversation shows them; ``picture`` is a file of ours."""

    id: str
    name: str = ""
    identities: tuple[str, ...] = ()
    picture: str | None = None


class Assignee(Model):
    """Who answers: an agent, or a key (which is a bot)."""

    kind: Literal["agent", "bot"]
    id: str
    name: str = ""


class Reach(Model):
    """Whether an identity may be written to from an account, as far as the customer or the provider said, and when."""

    blocked: bool = False
    opted_out: bool = False
    blocked_at: Instant | None = None
    opted_out_at: Instant | None = None


ConversationStatus = Literal["open", "pending", "snoozed", "resolved"]


class Conversation(Model):
    """Everything between one person and the brand, folded from its records.

    ``revision`` counts changes of what a PATCH may change. ``unanswered_since`` is when the oldest message arrived
    that nobody has answered; ``answering`` remembers it per reply under way, in their order, so that a failed reply
    gives it back. Four are kept per ``account identity``: ``reach``; ``last_inbound_at``, when the newest message that
    came by it was written (never after we had it); ``touched_at``, when they last did something else that counts as a
    sign of life; ``free_until``, how long the provider lets us write freely. ``numbered`` are the answers, by number,
    to the last question that went out without buttons, ``numbered_by`` the message that asked.
    """

    id: str
    brand: str = "main"
    person: PersonRef
    status: ConversationStatus = "open"
    snoozed_until: Instant | None = None
    assignee: Assignee | None = None
    labels: tuple[str, ...] = ()
    priority: int = 0
    unread: int = 0
    seq: int = 0
    channel: str | None = None
    account: str | None = None
    identity: str | None = None
    last_message: Message | None = None
    merged_into: str | None = None
    opened_at: Instant
    updated_at: Instant
    revision: int = 0
    unanswered_since: Instant | None = None
    answering: dict[str, Instant] = Field(default_factory=dict)
    reach: dict[str, Reach] = Field(default_factory=dict)
    last_inbound_at: dict[str, Instant] = Field(default_factory=dict)
    free_until: dict[str, Instant] = Field(default_factory=dict, exclude_if=is_empty)
    touched_at: dict[str, Instant] = Field(default_factory=dict, exclude_if=is_empty)
    read_up_to: Instant | None = None
    numbered: tuple[Option, ...] = Field(default=(), exclude_if=is_empty)
    numbered_by: str = Field(default="", exclude_if=is_empty)


class Person(Model):
    """The customer, within one brand.

    ``picture`` is a small picture of them, a file of ours. ``picture_version`` says which one it is: the identity that
    it was told of, and the provider's name of it or what its bytes are.
    """

    id: str
    brand: str = "main"
    name: str = ""
    identities: tuple[str, ...] = ()
    picture: str | None = None
    picture_version: str = Field(default="", exclude_if=is_empty)
    conversation: str
    created_at: Instant
    updated_at: Instant


def reach_key(account: str, identity: str) -> str:
    """The key of ``Conversation.reach`` and ``last_inbound_at``."""
    return f"{account} {identity}"
