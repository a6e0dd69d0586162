"""Everything a connector may name. A connector imports this and ``normalizer``; nothing else of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from connectors.raw import kept
from connectors.webhook import Malformed, Rejected, Reply, Request
from normalizer.event import Event, MessageReceived, Outgoing
from normalizer.fit import Limits
from normalizer.model import MediaType, Reason
from normalizer.windows import Window

__all__ = [
    "POWERS", "Accepted", "Accepts", "Answer", "Call", "Connector", "Deferred", "Fetched", "File", "Health", "Limits",
    "Malformed", "Outcome", "Pace", "Refused", "Rejected", "Reply", "Request", "Settings", "Steps", "TemplateInfo",
    "Uncertain", "Window", "powers",
]  # fmt: skip

M = TypeVar("M", bound=BaseModel)

# What goes out.


@dataclass(frozen=True, slots=True)
class File:
    """A file of ours in a multipart body, by reference: ``media`` is its id."""

    media: str
    name: str
    mime: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request that we would like made; at most one of ``json``, ``form`` and ``multipart`` is its body.

    ``name`` says which step it is, so that a remembered answer finds it again. ``part`` is the index of the message's
    part that it sends. ``effect`` is False where repeating it does no harm (a lookup, an upload, a token). ``waits`` is
    for how many seconds more the provider may let us wait, as in a long poll. Its repr shows nothing that could hold a
    secret.
    """

    name: str
    method: str
    url: str = field(repr=False)
    effect: bool = True
    part: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    multipart: Mapping[str, str | File] | None = field(default=None, repr=False)
    waits: float = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def read(self, model: type[M], under: str | None = None) -> M | None:
        """The body (or what stands ``under`` a key of it) as ``model``; None for anything else, such as a proxy's HTML."""
        try:
            found = json.loads(self.body)
            if b"\\u" in self.body or b"\xed" in self.body:  # it may say half a character, which no record can
                found = kept(found)
            return model.model_validate(found[under] if under else found)
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it, under these ids."""

    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deferred:
    """Proved not accepted; try again, after ``wait`` seconds if the provider named a time."""

    detail: str
    wait: float | None = None
    scope: Literal["conversation", "account"] = "conversation"
    reason: Reason = "provider_down"


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Nobody can say whether it was accepted: never tried again by itself."""

    detail: str


@dataclass(eq=False)
class Refused(Exception):
    """The provider said no, and would say no again. Thrown into ``send``, which may try another form."""

    code: Reason
    detail: str
    provider_code: str = ""


Outcome = Accepted | Deferred | Uncertain | Refused
Steps = Generator[Call, Answer, None]

# The connector.


class Pace(BaseModel):
    """How fast an account may send: messages a second in all, and to one chat."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    per_second: float = Field(default=30, gt=0)
    per_chat: float = Field(default=1, gt=0)


class Settings(BaseModel):
    """What every account is configured with; a connector's own settings extend it, secrets as ``SecretStr``.

    ``uncertain`` says what becomes of a send that may or may not have gone out; None is what the whole gateway does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    API: ClassVar[str] = ""

    name: str
    connector: str
    brand: str = "main"
    hook: str = ""
    api: str = ""
    pace: Pace | None = None
    uncertain: Literal["hold", "resend"] | None = None

    @property
    def base(self) -> str:
        """The provider's base address, without a closing slash."""
        return (self.api or self.API).rstrip("/")

    @property
    def polls(self) -> bool:
        """Whether news of this account is asked for, instead of told to a hook."""
        return False

    @property
    def address(self) -> str:
        """Our end in the provider's words, as ``Event.to`` names it; empty where the hook alone says it."""
        return ""


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where a received file can be had: a call that answers with its bytes, at once and for a short while."""

    call: Call


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a channel takes of one kind of media: types as in ``image/jpeg`` or ``image/*``, sizes in bytes."""

    types: tuple[str, ...]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A text that the provider approved: its blanks by name, and where it stands (``approved`` can be sent).

    A blank of the ``body`` stands in it as ``{{name}}``; one of the ``header`` or of a button has a name that says so.
    ``buttons`` are their labels.
    """

    name: str
    language: str
    body: str
    parameters: tuple[str, ...] = ()
    category: str = ""
    status: str = "approved"
    header: str = ""
    footer: str = ""
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """What ``check`` found of an account at its provider; ``down``: nothing can be sent."""

    ok: bool
    detail: str
    down: bool = False


@dataclass(frozen=True, kw_only=True)
class Connector(Generic[S]):
    """A channel, as a value: a name, its settings, its limits and its translations.

    ``verify`` raises Rejected and fails closed. ``parse`` raises nothing but Malformed, for any bytes. ``send`` is
    deterministic. ``classify`` is total. Powers that a channel lacks are None. ``polled`` gives what a poll brought, each
    item as a webhook's body, and the next cursor. ``typing`` and ``read`` are given the identity and the provider's id of
    the newest message it sent. ``words`` is how a text goes where the settings have ``send`` change its characters, so
    that what it takes can be said before. ``gets``: what the provider tells may come by GET too; its query is the body then.
    """

    name: str
    settings: type[S]
    content_types: tuple[str, ...]
    limits: Limits
    pace: Pace = Pace()  # noqa: RUF009 - it is frozen
    verify: Callable[[Request, S], None]
    parse: Callable[[Request, S], Sequence[Event]]
    send: Callable[[Outgoing, S], Steps]
    classify: Callable[[Call, Answer], Outcome]

    gets: bool = False
    challenge: Callable[[Request, S], Reply] | None = None
    reply: Callable[[Request, S], Reply] | None = None
    acknowledge: Callable[[MessageReceived, S], Steps] | None = None
    fetch: Callable[[str, S], Generator[Call, Answer, Fetched | None]] | None = None
    connect: Callable[[str, S], Steps] | None = None
    check: Callable[[S], Generator[Call, Answer, Health]] | None = None
    poll: Callable[[str, S], Steps] | None = None
    polled: Callable[[Answer, S], tuple[Sequence[bytes], str]] | None = None
    typing: Callable[[str, str, S], Steps] | None = None
    read: Callable[[str, str, S], Steps] | None = None
    edit: Callable[[str, Outgoing, S], Steps] | None = None
    delete: Callable[[str, str, S], Steps] | None = None
    react: Callable[[str, str, str, S], Steps] | None = None
    words: Callable[[str, S], str] | None = None
    profile: Callable[[str, S], Generator[Call, Answer, str]] | None = None
    templates: Callable[[S], Generator[Call, Answer, Sequence[TemplateInfo]]] | None = None
    accepts: Mapping[MediaType, Accepts] | None = None
    window: Window | None = None


POWERS = (
    "challenge", "reply", "acknowledge", "fetch", "connect", "check", "poll", "typing", "read", "edit", "delete",
    "react", "profile", "templates",
)  # fmt: skip
"""The optional powers, by name; ``accepts``, ``polled`` and ``words`` go with others."""


def powers(connector: Connector[Any]) -> tuple[str, ...]:
    """Which of the optional powers a connector has."""
    return tuple(power for power in POWERS if getattr(connector, power) is not None)
