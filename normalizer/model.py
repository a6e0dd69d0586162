"""The conversation format: parts, messages, conversations and people, as frozen values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer


def in_utc_milliseconds(time: datetime) -> datetime:
    """The same instant in UTC, cut to the millisecond, which is all that the format keeps; raises ValueError."""
    if time.tzinfo is not UTC:
        try:
            time = time.astimezone(UTC)
        except OverflowError:
            raise ValueError("in UTC this is before the year 1 or after the year 9999") from None
    return time if time.microsecond % 1000 == 0 else time.replace(microsecond=time.microsecond // 1000 * 1000)


def rfc3339(time: datetime) -> str:
    """``2026-11-22T09:00:00.000Z``: the one way a time is written. Takes a time in UTC."""
    return time.isoformat(timespec="milliseconds")[:-6] + "Z"


Instant = Annotated[
    AwareDatetime,
    AfterValidator(in_utc_milliseconds),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]


def is_empty(value: object) -> bool:
    """Whether an optional field is left out of the JSON."""
    return value is None or value in ("", (), {}, [])


class Model(BaseModel):
    """A frozen value. It ignores unknown fields when the log is read; the API validates with ``extra="forbid"``."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# What was said: the parts of a message.


class Text(Model):
    """Words. Unicode, newlines kept."""

    kind: Literal["text"] = "text"
    text: str = Field(min_length=1)


MediaType = Literal["image", "audio", "voice", "video", "file", "sticker"]


class Media(Model):
    """A picture, a sound, a film, a file or a sticker.

    Exactly one of three says where the bytes are: ``media``, the id of a file that we keep; ``url``, in a message to
    send, an address that the provider fetches itself; ``ref``, in an event, the provider's own name of the file.
    ``size`` is in bytes. ``mime`` is what the provider says, else what the kind suggests.
    """

    kind: Literal["media"] = "media"
    media_type: MediaType
    media: str = Field(default="", exclude_if=is_empty)
    url: str = Field(default="", exclude_if=is_empty)
    ref: str = Field(default="", exclude_if=is_empty)
    mime: str = ""
    size: int | None = Field(default=None, ge=0, exclude_if=is_empty)
    name: str = Field(default="", exclude_if=is_empty)
    caption: str = Field(default="", exclude_if=is_empty)
    alt: str = Field(default="", exclude_if=is_empty)


class Location(Model):
    """A place, in degrees (WGS 84)."""

    kind: Literal["location"] = "location"
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: str = Field(default="", exclude_if=is_empty)
    address: str = Field(default="", exclude_if=is_empty)


class Contact(Model):
    """Somebody's card."""

    kind: Literal["contact"] = "contact"
    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


class Option(Model):
    """One of the answers that a question offers; ``id`` comes back when it is picked."""

    id: str = Field(min_length=1)
    label: str = Field(min_length=1)


class Choices(Model):
    """A question with answers to pick from: buttons, a list, or numbered lines."""

    kind: Literal["choices"] = "choices"
    text: str = Field(min_length=1)
    choices: tuple[Option, ...] = Field(min_length=1)


class Choice(Model):
    """The answer that was picked: id and label as asked. ``of`` is the message that asked."""

    kind: Literal["choice"] = "choice"
    id: str
    label: str
    of: str = Field(default="", exclude_if=is_empty)


class Template(Model):
    """A text that the provider approved beforehand, with its blanks filled in."""

    kind: Literal["template"] = "template"
    name: str = Field(min_length=1)
    language: str = ""
    parameters: dict[str, str] = {}


class Link(Model):
    """An address to open."""

    kind: Literal["link"] = "link"
    url: str = Field(min_length=1)
    title: str = Field(default="", exclude_if=is_empty)


class Unsupported(Model):
    """Something we cannot show. ``what`` is the provider's word for it; the raw event is kept in the record."""

    kind: Literal["unsupported"] = "unsupported"
    what: str


Part = Annotated[
    Text | Media | Location | Contact | Choices | Choice | Template | Link | Unsupported,
    Field(discriminator="kind"),
]

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


class Failure(Model):
    """Why a message did not arrive. ``part`` is the index of the first part that is not known to have gone out."""

    reason: Reason
    detail: str = ""
    provider_code: str = ""
    part: int = 0


class Author(Model):
    """Who wrote a line."""

    kind: Literal["person", "agent", "bot", "system"]
    id: str
    name: str = ""


class Message(Model):
    """A line of a conversation: a message, a private note, or an event such as ``assigned``.

    ``seq`` is the number of the record that made it. ``order`` is the provider's own, and breaks ties of ``sent_at``.
    ``receipts`` is what is known of each provider id, for a message of several parts.
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
    client_ref: str | None = None
    resend_of: str | None = None
    sent_at: Instant | None = None
    received_at: Instant
    order: int = 0
    status: Status
    failure: Failure | None = None
    reactions: tuple[dict[str, Any], ...] = ()
    edited_at: Instant | None = None
    deleted_at: Instant | None = None
    event: dict[str, Any] | None = Field(default=None, exclude_if=is_empty)
    receipts: dict[str, Status] = Field(default_factory=dict, exclude_if=is_empty)

    @property
    def shown_at(self) -> datetime:
        """When it stands in the list: when it was sent, but never after we had it."""
        if self.direction == "in" and self.sent_at is not None:
            return min(self.sent_at, self.received_at)
        return self.received_at


# The conversation and the person.


class PersonRef(Model):
    """The person as a conversation shows them."""

    id: str
    name: str = ""
    identities: tuple[str, ...] = ()


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
    gives it back. ``reach`` is kept per ``account identity``, and so is ``last_inbound_at``: when the newest message
    that came by it was written (never after we had it).
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
    read_up_to: Instant | None = None


class Person(Model):
    """The customer, within one brand."""

    id: str
    brand: str = "main"
    name: str = ""
    identities: tuple[str, ...] = ()
    conversation: str
    created_at: Instant
    updated_at: Instant


def reach_key(account: str, identity: str) -> str:
    """The key of ``Conversation.reach`` and ``last_inbound_at``."""
    return f"{account} {identity}"
