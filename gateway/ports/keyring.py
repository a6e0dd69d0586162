"""Who may come in: keys, agents, sessions; and small settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


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
