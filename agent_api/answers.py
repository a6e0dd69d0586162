"""What is answered, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent_api.auth import Scope
from normalizer.model import Assignee, ConversationStatus, MediaType, Message, Person, PersonRef, Status


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


class ReplyWindow(BaseModel):
    """Whether free text may be sent, and until when."""

    open: bool
    closes_at: str | None


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

    data: tuple[Person, ...]
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
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[ErrorShown, ...] | None = Field(default=None, exclude_if=lambda found: found is None)
    owner: Assignee | None = Field(default=None, exclude_if=lambda found: found is None)
