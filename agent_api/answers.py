"""What is answered, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent_api.auth import Scope
from connectors.api import Ailment
from normalizer.fit import What
from normalizer.model import (
    Assignee,
    ConversationStatus,
    Instant,
    MediaType,
    Message,
    Part,
    Person,
    PersonRef,
    Status,
)


class SessionShown(BaseModel):
    """Who you are. An agent has an address and a role."""

    id: str
    kind: Literal["agent", "bot"]
    name: str
    email: str | None = Field(default=None, exclude_if=lambda found: found is None)
    role: str | None = Field(default=None, exclude_if=lambda found: found is None)
    scopes: tuple[Scope, ...]
    brands: tuple[str, ...] | None


class MessageShown(Message):
    """A line of a conversation."""

    model_config = ConfigDict(title="Message")
    receipts: dict[str, Status] = Field(default={}, exclude=True)
    reacted: dict[str, Instant] = Field(default={}, exclude=True)


class ChangeShown(BaseModel):
    """One thing that goes otherwise than asked; ``pointer`` leads into what was asked (RFC 6901)."""

    pointer: str
    what: What
    detail: str


class FitShown(BaseModel):
    """A reply as its channel takes it. ``segments`` is how many an SMS takes, all its texts together.

    ``left`` is how many plain characters its last text may have more without another segment, and ``encoding`` what that
    goes in: one character outside the alphabet of the SMS makes a segment hold 70 characters in place of 160.
    """

    parts: tuple[Part, ...]
    changes: tuple[ChangeShown, ...]
    segments: int | None = Field(default=None, exclude_if=lambda found: found is None)
    left: int | None = Field(default=None, exclude_if=lambda found: found is None)
    encoding: Literal["gsm-7", "ucs-2"] | None = Field(default=None, exclude_if=lambda found: found is None)


class ReplyWindow(BaseModel):
    """Whether free text may be sent, and until when."""

    open: bool
    closes_at: str | None


class PersonShown(Person):
    """The customer, within one brand. ``picture`` is a small picture of them: ``GET /v1/media/{id}`` gives it."""

    model_config = ConfigDict(title="Person")
    picture_version: str = Field(default="", exclude=True)


class ConversationShown(BaseModel):
    """Everything between one person and the brand."""

    id: str
    brand: str
    person: PersonRef
    status: ConversationStatus
    snoozed_until: str | None
    assignee: Assignee | None
    labels: tuple[str, ...]
    priority: int
    unread: int
    seq: int
    channel: str | None
    account: str | None
    reply_window: ReplyWindow
    due_at: str | None
    unanswered_since: str | None
    last_message: MessageShown | None
    merged_into: str | None
    opened_at: str
    updated_at: str


class NextPage(BaseModel):
    """Where the next page starts, and the place in the feed that this one reflects."""

    next: str | None
    cursor: str


class PreviousPage(BaseModel):
    """Where the page before starts, and the place in the feed that this one reflects."""

    previous: str | None
    cursor: str


class PeoplePage(BaseModel):
    """Where the next page starts."""

    next: str | None


class FeedPage(BaseModel):
    """Where to go on."""

    next: str


class ConversationsShown(BaseModel):
    """A page of conversations: first due first, nothing due last, then the latest update first."""

    data: tuple[ConversationShown, ...]
    page: NextPage


class LinesShown(BaseModel):
    """A page of lines, oldest first."""

    data: tuple[MessageShown, ...]
    page: PreviousPage


class PeopleShown(BaseModel):
    """A page of people, by name."""

    data: tuple[PersonShown, ...]
    page: PeoplePage


class ActorShown(BaseModel):
    """Who caused a record."""

    kind: Literal["person", "agent", "bot", "system"]
    id: str
    name: str


class FrameShown(BaseModel):
    """A record, as the feed tells it."""

    type: Literal["record"]
    cursor: str
    id: str
    kind: str
    stream: str
    seq: int
    at: str
    by: ActorShown
    data: dict[str, Any]


class FramesShown(BaseModel):
    """A piece of the feed."""

    data: tuple[FrameShown, ...]
    page: FeedPage


class AttachmentShown(BaseModel):
    """A file to send, by its id."""

    media: str
    media_type: MediaType
    mime: str
    size: int
    name: str


class FileShown(BaseModel):
    """A file. ``why`` it is not there, if it is not; pixels and seconds where they are known."""

    media: str
    state: Literal["pending", "kept", "failed", "removed"]
    why: str | None = Field(default=None, exclude_if=lambda found: found is None)
    mime: str
    size: int
    name: str
    width: int | None = Field(default=None, exclude_if=lambda found: found is None)
    height: int | None = Field(default=None, exclude_if=lambda found: found is None)
    duration: float | None = Field(default=None, exclude_if=lambda found: found is None)
    thumbnail: bool


class PendingShown(BaseModel):
    """A file that is still being fetched."""

    media: str
    state: Literal["pending"]


class ErrorShown(BaseModel):
    """What is wrong with one field. ``reason`` is a delivery failure's, where a channel would refuse it."""

    pointer: str
    detail: str
    reason: str | None = Field(default=None, exclude_if=lambda found: found is None)


class ProblemShown(BaseModel):
    """An error (RFC 9457).

    ``provider_code`` is the provider's own; ``may_send`` are the kinds of parts that pass a window that ``closed_at``.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[ErrorShown, ...] | None = Field(default=None, exclude_if=lambda found: found is None)
    owner: Assignee | None = Field(default=None, exclude_if=lambda found: found is None)
    provider_code: str | None = Field(default=None, exclude_if=lambda found: found is None)
    may_send: tuple[str, ...] | None = Field(default=None, exclude_if=lambda found: found is None)
    closed_at: str | None = Field(default=None, exclude_if=lambda found: found is None)


class LimitsShown(BaseModel):
    """How much a channel takes of each thing; lengths are in ``unit``, those of labels in ``label_unit``."""

    text: int
    caption: int
    unit: str
    choices: int
    label: int
    label_unit: str
    parts: tuple[str, ...]
    media_types: tuple[str, ...]


class AccountShown(BaseModel):
    """Our end of a channel: ``degraded`` while something works, ``down`` when nothing can be sent.

    ``code`` says why in one of a closed list of words, ``why`` in English with the provider's own; both are empty while
    all is well.
    """

    name: str
    channel: str
    brand: str
    state: Literal["ok", "degraded", "down"]
    why: str
    code: Ailment | None
    since: str
    limits: LimitsShown
    powers: tuple[str, ...]


class TemplateShown(BaseModel):
    """A text that the provider approved, or will: only ``approved`` ones can be sent.

    ``parameters`` are the names of its blanks. In ``body``, ``{{name}}`` is the blank of this name; ``header.…`` and
    ``button.…`` stand elsewhere.
    """

    name: str
    language: str
    category: str
    status: str
    body: str
    parameters: tuple[str, ...]
    header: str
    footer: str
    buttons: tuple[str, ...]


class TemplatesShown(BaseModel):
    """All of an account's, in the provider's order."""

    data: tuple[TemplateShown, ...]


class AccountsShown(BaseModel):
    """All of them that are yours."""

    data: tuple[AccountShown, ...]
