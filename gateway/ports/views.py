"""What is read: views folded from the log, which every read finds at the log's head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from normalizer.model import Conversation, Message, Person


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations to list. ``after`` is the last page's ``next``; ``assignee`` is an id or ``none``."""

    brands: tuple[str, ...] | None = None
    status: str | None = None
    assignee: str | None = None
    channel: str | None = None
    account: str | None = None
    q: str | None = None
    limit: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Conversations in the order of the list, where the next page starts, and the place in the feed they reflect."""

    data: Sequence[Conversation]
    next: str | None
    cursor: int


@dataclass(frozen=True, slots=True)
class LinePage:
    """A conversation's lines, oldest first, where the page before starts, and the place in the feed they reflect."""

    data: Sequence[Message]
    previous: str | None
    cursor: int


@dataclass(frozen=True, slots=True)
class PersonPage:
    """People by name, and where the next page starts."""

    data: Sequence[Person]
    next: str | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A message that is still to be sent, or whose sending nobody finished."""

    message: str
    conversation: str
    account: str
    seq: int
    send_at: datetime


class Views(Protocol):
    """What is read. Every read waits until the views have reached the log's head as it was when the read arrived."""

    async def conversations(self, wanted: Wanted) -> ConversationPage:
        """A page of the list. Raises ValueError for an ``after`` that is not ours."""

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """One conversation."""

    async def lines(self, conversation_id: str, limit: int, before: str | None) -> LinePage:
        """A page of a conversation's lines. Raises ValueError for a ``before`` that is not ours."""

    async def message(self, message_id: str) -> Message | None:
        """One line, by its id."""

    async def message_of(self, account: str, provider_id: str) -> Message | None:
        """The message that a provider knows by this id."""

    async def people(self, brands: tuple[str, ...] | None, q: str | None, limit: int, after: str | None) -> PersonPage:
        """A page of people by name. Raises ValueError for an ``after`` that is not ours."""

    async def person(self, person_id: str) -> Person | None:
        """One person."""

    async def unsettled(self, conversation_id: str | None = None) -> Sequence[Unsettled]:
        """Every message still to be sent, by conversation and seq."""

    async def asleep_until(self, now: datetime) -> Sequence[Conversation]:
        """The snoozed conversations whose time has come."""

    async def rebuild(self, progress: Callable[[int, int], None]) -> int:
        """Fold every record anew; ``progress(done, of)`` is called as it goes. Returns how many there were."""
