"""What the engine needs of the world: a store, a broker, an HTTP client, a clock. Nothing else does I/O."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connectors.api import Answer, Call
from normalizer.decision import Place, View
from normalizer.model import Conversation, Message, Person
from normalizer.record import Draft, Record

Decide = Callable[[View], Draft | None]


class Unavailable(Exception):
    """Nothing durable can be written or read just now; what was asked has not happened. Try again."""


class CursorExpired(Exception):
    """The feed is not kept as far back as was asked."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What came of an append: the record (the earlier one for a known key), or None where ``decide`` said no."""

    record: Record | None
    duplicate: bool = False


class Log(Protocol):
    """The truth: streams of records, and all of them in one feed."""

    async def append(self, stream: str, decide: Decide, key: str | None = None) -> Appended:
        """Decide and write one record, durable when this returns.

        A known ``key`` (of the draft, or given beforehand so that ``decide`` need not run) writes nothing and is a
        duplicate. Whatever ``decide`` raises is raised here and nothing is written. Raises Unavailable.
        """

    async def record_of(self, key: str) -> Record | None:
        """The record with this key."""

    async def bind(self, brand: str, identity: str, proposal: Place) -> Place:
        """Whose the identity is: the proposal, unless somebody bound it first. Raises Unavailable."""

    async def feed(self, after: int, limit: int) -> Sequence[Record]:
        """The records after a place in the feed, in order. Raises CursorExpired."""

    async def head(self) -> int:
        """The place of the newest record."""

    async def oldest(self) -> int:
        """The place before the oldest record that the feed still gives."""

    def on_commit(self, listener: Callable[[Sequence[Record]], None]) -> None:
        """Call ``listener``, on the event loop, with what each commit added, in feed order."""


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
    """A request that could not be read or routed, without its secrets."""

    id: str
    hook: str
    why: str
    at: datetime
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Leftovers(Protocol):
    """What arrived and has no place yet: unreadable requests, and news of messages that we do not know."""

    async def keep(self, kept: Kept) -> None:
        """Keep a request for the operator, durable when this returns. Raises Unavailable."""

    async def kept(self, limit: int, before: str | None = None) -> Sequence[Kept]:
        """Kept requests, newest first."""

    async def kept_one(self, kept_id: str) -> Kept | None:
        """One kept request."""

    async def keep_unmatched(self, account: str, provider_id: str, event_id: str, event: str) -> None:
        """Keep news (an event as JSON) of a message nobody knows yet, durable when this returns. Raises Unavailable."""

    async def unmatched(self, account: str, provider_ids: Sequence[str]) -> Sequence[str]:
        """The news kept about these ids."""

    async def matched(self, account: str, event_id: str) -> None:
        """Forget news that has found its message."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of ours: received (``ref`` is the provider's name of it) or uploaded by an agent.

    ``state`` is ``pending`` until its bytes are on disk under ``path``, relative to the media folder. ``mime`` is
    what the file was sniffed to be. ``conversation`` is empty for an upload.
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


class Files(Protocol):
    """Truth outside the log: files. Rows of received files follow the log as views do, but keep what was fetched."""

    async def add_file(self, file: KeptFile) -> None:
        """Note an uploaded file, durable when this returns. Raises Unavailable."""

    async def file(self, media_id: str) -> KeptFile | None:
        """One file."""

    async def change_file(self, file: KeptFile) -> None:
        """Note what became of a fetch."""

    async def pending_files(self, limit: int) -> Sequence[KeptFile]:
        """Received files whose bytes are still to be fetched, oldest first."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key; only a digest of it is kept. ``brands`` is None for all of them."""

    id: str
    name: str
    digest: str = field(repr=False)
    scope: str
    brands: tuple[str, ...] | None
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who signs in to the inbox."""

    id: str
    email: str
    name: str
    role: str
    password: str = field(repr=False)
    brands: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser (``kind`` session) or a one-time sign-in link (``link``); only a digest is kept."""

    digest: str = field(repr=False)
    agent: str
    expires_at: datetime
    kind: str = "session"


class Keyring(Protocol):
    """Truth outside the log: keys, agents, sessions. Changes of another process hold at once."""

    async def add_key(self, key: Key) -> bool:
        """Add a key; False if a key that is not revoked has the name."""

    async def key_by_digest(self, digest: str) -> Key | None:
        """A key that is not revoked."""

    async def keys(self) -> Sequence[Key]:
        """All keys, revoked ones too."""

    async def revoke_key(self, name: str, at: datetime) -> bool:
        """Revoke by name; False if there is none."""

    async def add_agent(self, agent: Agent) -> bool:
        """Add an agent; False if the address is taken."""

    async def agent(self, agent_id: str) -> Agent | None:
        """One agent."""

    async def agent_by_email(self, email: str) -> Agent | None:
        """One agent, by address (letter case does not count)."""

    async def add_session(self, session: Session) -> None:
        """Add a session or a sign-in link."""

    async def session(self, digest: str, now: datetime) -> Session | None:
        """A session that has not ended."""

    async def end_session(self, digest: str) -> Session | None:
        """End it and give it back; None if somebody else ended it first."""


class Settings(Protocol):
    """Truth outside the log: small values by name, such as the key that signs links."""

    async def value(self, name: str) -> str | None:
        """A value."""

    async def set_value(self, name: str, value: str, *, once: bool = False) -> str:
        """Set a value and return it; with ``once`` an earlier one stays and is returned."""


class Store(Log, Views, Attempts, Leftovers, Files, Keyring, Settings, Protocol):
    """Everything durable."""

    async def start(self) -> None:
        """Open, migrate and catch up. Raises Unavailable."""

    async def stop(self) -> None:
        """Finish what is under way and close."""

    async def ready(self) -> str:
        """Empty when durable writes work; otherwise why not."""


class Subscription(Protocol):
    """Records as they are published, in feed order, for one who keeps up."""

    async def next(self) -> Record | None:
        """The next record; None once this subscription has lagged too far and must read the feed again."""

    def close(self) -> None:
        """End it."""


class Broker(Protocol):
    """Tells those who listen what the feed says."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Hand on records, in feed order. Nobody waits for a listener."""

    def subscribe(self, bound: int) -> Subscription:
        """Listen from now on, at most ``bound`` records behind."""


class NeverSent(Exception):
    """No connection was made (refused, no such host, TLS, connect timeout): the provider has seen nothing."""


class NoAnswer(Exception):
    """The bytes left and no answer came: nobody can say whether it was accepted."""


class Http(Protocol):
    """Makes calls. Redirects are not followed; secrets are not logged."""

    async def perform(self, call: Call) -> Answer:
        """One call. Raises NeverSent, NoAnswer."""

    def download(self, call: Call, *, trusted: bool) -> AbstractAsyncContextManager[Download]:
        """The answer as a stream. Unless ``trusted``, inner addresses are refused when connecting and at redirects.

        Raises NeverSent, NoAnswer, Forbidden.
        """


class Forbidden(Exception):
    """The address is not one we may fetch from."""


@dataclass(frozen=True, slots=True)
class Download:
    """An answer's body, as it comes."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Clock(Protocol):
    """Time, ids and chance."""

    def now(self) -> datetime:
        """The time, in UTC, to the millisecond."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def new_id(self, prefix: str) -> str:
        """A new id: ``prefix_`` and a UUIDv7 in 32 hex digits."""

    def secret(self) -> str:
        """A new unguessable value, URL-safe."""

    def jitter(self) -> float:
        """A number from 0 to 1, by chance."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class MediaFolder(Protocol):
    """Where the bytes of files are."""

    def path(self, file: KeptFile) -> Path:
        """The file on disk."""
