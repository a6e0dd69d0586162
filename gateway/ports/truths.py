"""Truth beside the log: attempts, what has no place yet, and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connectors.api import Answer


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call with an effect: the intent, the fence, and then what came back.

    ``answer`` is None while nobody knows. ``error`` says why there is no answer, and ``never_sent`` that no
    connection was ever made.
    """

    id: str
    message: str
    step: int
    number: int
    name: str
    part: int
    started_at: datetime
    answer: Answer | None = None
    error: str = ""
    never_sent: bool = False


class Attempts(Protocol):
    """Truth outside the log: what was tried."""

    async def begin(self, attempt: Attempt) -> bool:
        """Write the attempt, durable when this returns; False if it exists, and then nobody may call."""

    async def finish(self, attempt: Attempt) -> None:
        """Write what came back."""

    async def attempts(self, message_id: str) -> Sequence[Attempt]:
        """All tries for a message, in order."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that could not be read or routed, without its secrets; ``accounts`` are those that accepted it."""

    id: str
    hook: str
    why: str
    at: datetime
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A kept request as it is listed; ``size`` is its body's, in bytes."""

    id: str
    hook: str
    why: str
    at: datetime
    size: int


class Leftovers(Protocol):
    """What arrived and has no place yet: unreadable requests, and news of messages that we do not know."""

    async def keep(self, kept: Kept) -> None:
        """Keep a request for the operator, durable when this returns. Raises Unavailable."""

    async def kept(self, limit: int, before: str | None = None, hook: str | None = None) -> Sequence[KeptEntry]:
        """The list of kept requests, newest first; of one hook, if that is named."""

    async def kept_one(self, kept_id: str) -> Kept | None:
        """One kept request, whole."""

    async def forget_kept(self, kept_id: str) -> None:
        """Forget a kept request that has found its place."""

    async def keep_unmatched(self, account: str, provider_id: str, event_id: str, event: str) -> None:
        """Keep news (an event as JSON) of a message nobody knows yet, durable when this returns. Raises Unavailable."""

    async def unmatched(self, account: str, provider_ids: Sequence[str]) -> Sequence[str]:
        """The news kept about these ids."""

    async def waiting_news(self) -> Sequence[tuple[str, str]]:
        """Every account and provider id that news is kept about."""

    async def matched(self, account: str, event_id: str) -> None:
        """Forget news that has found its message."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a file: pixels, seconds (0: not known), and whether a thumbnail lies beside it."""

    width: int = 0
    height: int = 0
    duration: float = 0.0
    thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of ours: received (``ref`` is the provider's name of it) or uploaded by an agent.

    ``state`` is ``pending`` until its bytes are on disk under ``path``, relative to the media folder (``kept``), or it
    is known that they will not be (``failed``); it is ``removed`` once they are there no more. ``mime`` is what the file
    was sniffed to be. ``conversation`` is empty for an upload until it is sent. ``look`` is None until somebody looked.
    """

    id: str
    brand: str
    state: str
    account: str = ""
    conversation: str = ""
    ref: str = ""
    mime: str = ""
    name: str = ""
    size: int = 0
    path: str = ""
    why: str = ""
    look: Look | None = None


class Files(Protocol):
    """Truth outside the log: files. Rows of received files follow the log as views do, but keep what was fetched."""

    async def add_file(self, file: KeptFile) -> None:
        """Note an uploaded file, durable when this returns. Raises Unavailable."""

    async def file(self, media_id: str) -> KeptFile | None:
        """One file."""

    async def change_file(self, file: KeptFile) -> None:
        """Write a file as it is now, whatever it was."""

    async def end_fetch(self, file: KeptFile) -> bool:
        """Note what became of a fetch; False, and nothing is changed, if the file is not pending any more."""

    async def pending_files(self, limit: int) -> Sequence[KeptFile]:
        """Received files whose bytes are still to be fetched, oldest first."""

    async def note_look(self, media_id: str, look: Look) -> bool:
        """Note what was seen of a file; False if its bytes are not kept any more."""

    async def remove_files(self, before: datetime, limit: int, why: str, *, unsent: bool = False) -> Sequence[str]:
        """Call up to so many kept files from before this time removed, oldest first; which ones.

        With ``unsent`` only uploads that no message holds. Their bytes are for the caller to delete.
        """

    async def lasting_files(self, media_ids: Sequence[str]) -> set[str]:
        """Which of these have bytes on disk, or soon will."""
