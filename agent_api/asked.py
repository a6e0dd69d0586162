"""What is asked: the parameters and bodies of calls, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from gateway.changes import ME
from normalizer.model import ConversationStatus, Instant, Part

ABSENT: Any = Field(default_factory=lambda: None)
"""A field that may be left out, but not be null; ``exclude_unset`` tells."""


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("there is nothing in this text")
    return text


def _different(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) < len(labels):
        raise ValueError("a label comes twice")
    return labels


class SignInBody(BaseModel):
    """An address and a password, or the secret of a one-time link."""

    email: str = Field(default="", max_length=320)
    password: str = Field(default="", max_length=1024, repr=False)
    link: str = Field(default="", max_length=200, repr=False)


class ListParams(BaseModel):
    """Which conversations."""

    status: ConversationStatus | None = None
    assignee: str | None = Field(default=None, max_length=100, description="`me`, `none` or an id")
    channel: str | None = Field(default=None, max_length=100)
    account: str | None = Field(default=None, max_length=100)
    q: str | None = Field(default=None, max_length=200, description="a piece of a name or an identity")
    limit: int = Field(default=50, ge=1, le=200)
    after: str | None = Field(default=None, max_length=1000, description="the last page's `next`")


class LineParams(BaseModel):
    """Which lines."""

    limit: int = Field(default=50, ge=1, le=200)
    before: str | None = Field(default=None, max_length=1000, description="the last page's `previous`")


class PeopleParams(BaseModel):
    """Which people."""

    q: str | None = Field(default=None, max_length=200, description="a piece of a name or an identity")
    limit: int = Field(default=50, ge=1, le=200)
    after: str | None = Field(default=None, max_length=1000, description="the last page's `next`")


class EventParams(BaseModel):
    """Which part of the feed, and how long to wait for something in it."""

    after: str | None = Field(default=None, max_length=100, description="a cursor, or `start`")
    wait: float = Field(
        default=25, ge=0, le=60, description="seconds; an empty page may come sooner: go on from `next`"
    )
    limit: int = Field(default=100, ge=1, le=500)


class LiveParams(BaseModel):
    """Where the stream starts."""

    after: str | None = Field(default=None, max_length=100, description="a cursor, or `start`")


class UploadParams(BaseModel):
    """Whose the file will be."""

    brand: str | None = Field(default=None, max_length=40, description="left out: your brand, or `main`")


class TemplateParams(BaseModel):
    """Whether what is remembered will do."""

    fresh: bool = Field(default=False, description="ask the provider again; a list is else kept for five minutes")


class MediaParams(BaseModel):
    """How large."""

    size: Literal["thumbnail"] | None = Field(default=None, description="of a picture: at most 480 pixels each way")


class Who(BaseModel):
    """Somebody who answers."""

    kind: Literal["agent", "bot"]
    id: str = Field(min_length=1, max_length=100)
    name: str | None = Field(default=None, description="not read: a reading's `assignee` can be sent back as it is")


WhoOrMe = Annotated[
    Who | None,
    BeforeValidator(lambda found: {"kind": "agent", "id": ME} if found == ME else found),
    WithJsonSchema({"anyOf": [{"$ref": "#/components/schemas/Who"}, {"const": ME}, {"type": "null"}]}),
]


class ChangeBody(BaseModel):
    """What to change of a conversation; what is left out stays. ``labels`` replaces the list."""

    status: ConversationStatus = ABSENT
    snoozed_until: Instant | None = ABSENT
    assignee: WhoOrMe = ABSENT
    labels: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=50)], ...],
        Field(max_length=50),
        AfterValidator(_different),
    ] = ABSENT
    priority: Annotated[int, Field(ge=-1000, le=1000)] = ABSENT


class ReplyBody(BaseModel):
    """A message to send."""

    parts: tuple[Part, ...] = Field(min_length=1, max_length=50)
    via: str | None = Field(default=None, max_length=40, description="an account; left out: where they last wrote")
    reply_to: str | None = Field(default=None, max_length=100)
    client_ref: str | None = Field(default=None, max_length=200, description="a name of yours for it")


class EditBody(BaseModel):
    """What a message that was sent is to say now: one part of the same kind, or a text for a file's caption."""

    parts: tuple[Part, ...] = Field(min_length=1, max_length=1)


class NoteBody(BaseModel):
    """A private remark."""

    text: Annotated[str, Field(min_length=1, max_length=100_000), AfterValidator(_said)]


class ReadBody(BaseModel):
    """How far has been read."""

    up_to: str = Field(min_length=1, max_length=100)


class SettleBody(BaseModel):
    """How an uncertain message ended."""

    status: Literal["sent", "failed"]
