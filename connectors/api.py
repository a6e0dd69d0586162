"""Everything a connector may name. A connector imports this and ``normalizer``; nothing else of ours."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from connectors.calls import Accepted, Answer, Call, Deferred, File, Outcome, Refused, Steps, Uncertain
from connectors.webhook import Malformed, Rejected, Reply, Request
from normalizer.event import Event, MessageReceived, Outgoing
from normalizer.fit import Limits
from normalizer.model import MediaType, Reason
from normalizer.windows import Window

__all__ = [
    "POWERS", "Accepted", "Accepts", "Ailment", "Answer", "Call", "Connector", "Deferred", "Fetched", "File", "Health", "Limits",
    "Malformed", "Outcome", "Pace", "Profile", "Refused", "Rejected", "Reply", "Request", "Settings", "Steps", "TemplateInfo",
    "Uncertain", "Window", "ailment", "powers",
]  # fmt: skip

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
class Profile:
    """Who a customer is at the provider; what it does not tell is left out.

    ``picture`` is a small picture of them in the provider's own words, which ``fetch`` understands: "" where they have
    none, and None where nobody knows. ``version`` is another one whenever the picture is; "" where the provider does not
    say, and only the picture itself can tell.
    """

    name: str = ""
    picture: str | None = None
    version: str = ""


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


Ailment = Literal[
    "auth_expired", "account_restricted", "unreachable", "provider_down", "wrong_address", "wrong_account",
    "hook_missing", "hook_failing", "hook_in_the_way", "quality_low", "unknown",
]  # fmt: skip
"""Why an account does not do well, for people's own languages: a closed list.

``auth_expired`` and ``account_restricted`` are the provider's no; ``unreachable``: no answer; ``provider_down``: not now;
``wrong_address``: another server answers at ``api``; ``wrong_account``: the credentials are of another account;
``hook_missing``, ``hook_failing``: the provider does not tell us, or cannot; ``hook_in_the_way``: it tells a webhook, so
nothing can be polled; ``quality_low``: customers complain of the number.
"""


@dataclass(frozen=True, slots=True)
class Health:
    """What ``check`` found of an account at its provider; ``down``: nothing can be sent.

    ``code`` says what is wrong; empty if nothing is, or none of the words fits.
    """

    ok: bool
    detail: str
    down: bool = False
    code: Ailment | Literal[""] = ""

    @classmethod
    def refused(cls, refusal: Refused, *fatal: Reason) -> Health:
        """What a refusal says of the account, which is down if that is one of the ``fatal`` ones."""
        return cls(ok=False, detail=refusal.detail, down=refusal.code in fatal, code=ailment(refusal.code))


def ailment(reason: Reason) -> Ailment:
    """What a no, or a not now, says of the account."""
    match reason:
        case "auth_expired" | "account_restricted" | "provider_down":
            return reason
        case "rate_limited":
            return "provider_down"
        case _:
            return "unknown"


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
    profile: Callable[[str, S], Generator[Call, Answer, Profile]] | None = None
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
