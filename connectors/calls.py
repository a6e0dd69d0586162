"""What goes out to a provider, what comes back, and what that means."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from connectors.raw import kept
from normalizer.model import Only, Reason

M = TypeVar("M", bound=BaseModel)


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
    """The provider took it, under these ids.

    ``rest``: seconds that the account should let pass before its next call, where the provider says that it comes near
    what it may have. Others do not wait for it.
    """

    ids: tuple[str, ...] = ()
    rest: float = 0.0


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
    """The provider said no, and would say no again. Thrown into ``send``, which may try another form.

    ``only``: what it would say no to, where that is not every message to this person. An ``opted_out`` without it is
    remembered of the identity, for the customer's word to the provider may never have reached us.
    """

    code: Reason
    detail: str
    provider_code: str = ""
    only: Only = ""


Outcome = Accepted | Deferred | Uncertain | Refused
Steps = Generator[Call, Answer, None]
