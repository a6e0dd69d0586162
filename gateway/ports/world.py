"""What else the engine needs of the world: a broker, an HTTP client, a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.api import Answer, Call
from normalizer.record import Record


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

    def subscribe(self, bound: int, kinds: frozenset[str] | None = None) -> Subscription:
        """Listen from now on, to records of these kinds or to all, at most ``bound`` of them behind."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A record as everyone outside reads it: ``body`` is a CloudEvent in JSON, the same bytes at every repeat."""

    id: str
    routing_key: str
    body: bytes


class Exchange(Protocol):
    """The broker between processes, and for everyone outside. It comes back by itself whenever its server does."""

    async def start(self) -> None:
        """Begin to connect; returns though the server is away."""

    async def stop(self) -> None:
        """Let go."""

    async def publish(self, announcements: Sequence[Announcement]) -> None:
        """Publish in this order, all confirmed when this returns.

        Raises Unavailable where the server is away or refuses; some may have arrived then: repeat all of them.
        """

    async def nudge(self) -> None:
        """Tell our other processes that the feed has grown. It may get lost; nothing is raised."""

    def on_nudge(self, listener: Callable[[], None]) -> None:
        """Call ``listener``, on the event loop, at each nudge, and whenever nudges may have been missed."""

    async def ready(self) -> str:
        """Empty when the server is there; otherwise why not."""


class NeverSent(Exception):
    """No connection was made (refused, no such host, TLS, connect timeout): the provider has seen nothing."""


class Unsendable(NeverSent):
    """The call cannot be made at all, now or later: its file is gone, or its address is none."""


class NoAnswer(Exception):
    """The bytes left and no answer came: nobody can say whether it was accepted."""


class Forbidden(Exception):
    """The address is not one we may fetch from."""


@dataclass(frozen=True, slots=True)
class Download:
    """An answer's body, as it comes."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Http(Protocol):
    """Makes calls. Redirects are not followed; secrets are not logged."""

    async def perform(self, call: Call) -> Answer:
        """One call. Raises NeverSent, NoAnswer."""

    def download(self, call: Call, *, trusted: bool) -> AbstractAsyncContextManager[Download]:
        """The answer as a stream. Unless ``trusted``, inner addresses are refused when connecting and at redirects.

        Raises NeverSent, NoAnswer, Forbidden.
        """


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
