"""Keys, agents, sessions and small settings."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from gateway.adapters.instants import millis, moment
from gateway.adapters.sqlite.access import Access
from gateway.ports import Agent, Key, Session


def _brands(value: tuple[str, ...] | None) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _read_brands(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(orjson.loads(value))


def add_key(db: sqlite3.Connection, key: Key) -> bool:
    """Add a key; False if a key in use has the name."""
    row = (
        key.id,
        key.name,
        key.digest,
        key.scope,
        _brands(key.brands),
        millis(key.created_at),
        millis(key.revoked_at),
    )
    return db.execute("INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)", row).rowcount == 1


def key_by_digest(db: sqlite3.Connection, digest: str) -> Key | None:
    """A key in use."""
    found = db.execute("SELECT * FROM keys WHERE digest = ? AND revoked_at IS NULL", (digest,)).fetchone()
    return None if found is None else _key(found)


def keys(db: sqlite3.Connection) -> Sequence[Key]:
    """All keys."""
    return [_key(found) for found in db.execute("SELECT * FROM keys ORDER BY id")]


def _key(found: tuple[Any, ...]) -> Key:
    id_, name, digest, scope, brands, created_at, revoked_at = found
    return Key(id_, name, digest, scope, _read_brands(brands), moment(created_at), moment(revoked_at))


def revoke_key(db: sqlite3.Connection, name: str, at: datetime) -> bool:
    """Revoke by name; False if there is none in use."""
    change = "UPDATE keys SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL"
    return db.execute(change, (millis(at), name)).rowcount == 1


def add_agent(db: sqlite3.Connection, agent: Agent) -> bool:
    """Add an agent; False if the address is taken."""
    row = (agent.id, agent.email.casefold(), agent.name, agent.role, agent.password, _brands(agent.brands))
    return db.execute("INSERT OR IGNORE INTO agents VALUES (?, ?, ?, ?, ?, ?)", row).rowcount == 1


def agent(db: sqlite3.Connection, agent_id: str) -> Agent | None:
    """One agent."""
    return _agent(db.execute("SELECT * FROM agents WHERE id = ?", (agent_id,)).fetchone())


def agent_by_email(db: sqlite3.Connection, email: str) -> Agent | None:
    """One agent, by address."""
    return _agent(db.execute("SELECT * FROM agents WHERE email = ?", (email.casefold(),)).fetchone())


def _agent(found: tuple[Any, ...] | None) -> Agent | None:
    if found is None:
        return None
    id_, email, name, role, password, brands = found
    return Agent(id_, email, name, role, password, _read_brands(brands))


def add_session(db: sqlite3.Connection, session: Session) -> None:
    """Add a session or a sign-in link."""
    row = (session.digest, session.agent, millis(session.expires_at), session.kind)
    db.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", row)


def session(db: sqlite3.Connection, digest: str, now: datetime) -> Session | None:
    """A session that has not ended."""
    found = db.execute("SELECT * FROM sessions WHERE digest = ? AND expires_at > ?", (digest, millis(now))).fetchone()
    return None if found is None else _session(found)


def end_session(db: sqlite3.Connection, digest: str) -> Session | None:
    """End it and give it back."""
    found = db.execute("SELECT * FROM sessions WHERE digest = ?", (digest,)).fetchone()
    db.execute("DELETE FROM sessions WHERE digest = ?", (digest,))
    return None if found is None else _session(found)


def _session(found: tuple[Any, ...]) -> Session:
    digest, agent_id, expires_at, kind = found
    return Session(digest, agent_id, moment(expires_at), kind)


def value(db: sqlite3.Connection, name: str) -> str | None:
    """A small setting."""
    found = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if found is None else found[0]


def set_value(db: sqlite3.Connection, name: str, new: str, *, once: bool) -> str:
    """Set it, or with ``once`` leave an earlier one; gives what it is now."""
    how = "IGNORE" if once else "REPLACE"
    db.execute(f"INSERT OR {how} INTO settings VALUES (?, ?)", (name, new))
    stored = value(db, name)
    return new if stored is None else stored


class Keyring(Access):
    """Implements ``gateway.ports.Keyring`` and ``Settings``."""

    async def add_key(self, key: Key) -> bool:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: add_key(db, key))

    async def key_by_digest(self, digest: str) -> Key | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(key_by_digest, digest)

    async def keys(self) -> Sequence[Key]:
        """See ``gateway.ports.Keyring``."""
        return await self._read(keys)

    async def revoke_key(self, name: str, at: datetime) -> bool:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: revoke_key(db, name, at))

    async def add_agent(self, agent: Agent) -> bool:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: add_agent(db, agent))

    async def agent(self, agent_id: str) -> Agent | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(agent, agent_id)

    async def agent_by_email(self, email: str) -> Agent | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(agent_by_email, email)

    async def add_session(self, session: Session) -> None:
        """See ``gateway.ports.Keyring``."""
        await self._writer.run(lambda db: add_session(db, session))

    async def session(self, digest: str, now: datetime) -> Session | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(session, digest, now)

    async def end_session(self, digest: str) -> Session | None:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: end_session(db, digest))

    async def value(self, name: str) -> str | None:
        """See ``gateway.ports.Settings``."""
        return await self._read(value, name)

    async def set_value(self, name: str, value: str, *, once: bool = False) -> str:
        """See ``gateway.ports.Settings``."""
        return await self._writer.run(lambda db: set_value(db, name, value, once=once))
