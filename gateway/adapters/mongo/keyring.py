"""Who may come in: keys, agents and sessions. Nothing is changed in place: what ends gets a document that says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from gateway.adapters.instants import millis, moment
from gateway.adapters.mongo.collection import Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching
from gateway.ports import Agent, Key, Session


class KeyringPart:
    """Implements ``gateway.ports.Keyring``.

    The n-th key of a name is the document ``name:n``, so that of two who add one at the same time one inserts it; it is
    revoked by the document of the same ``_id`` among ``revoked``. A session likewise ends by one among ``ended``.
    """

    _collections: Collections

    # Keys.

    async def add_key(self, key: Key) -> bool:
        """See ``gateway.ports.Keyring``."""
        with reaching():
            newest = await self._newest_key(key.name)
            if newest is not None and await self._revoked(newest) is None:
                return False
            number = 1 if newest is None else newest["number"] + 1
            try:
                await self._collections.keys.insert_one(_key_row(key, number))
            except DuplicateKeyError:  # somebody else was quicker
                return False
            if key.revoked_at is not None:
                await self._revoke(_key_id(key.name, number), key.revoked_at)
        return True

    async def key_by_digest(self, digest: str) -> Key | None:
        """See ``gateway.ports.Keyring``."""
        with reaching():
            found = await self._collections.keys.find_one({"digest": digest})
            if found is None or await self._revoked(found) is not None:
                return None
        return _key(found, None)

    async def keys(self) -> Sequence[Key]:
        """See ``gateway.ports.Keyring``. By id."""
        with reaching():
            found = await self._collections.keys.find().to_list()
            revoked = await self._collections.revoked.find().to_list()
        ends = {one["_id"]: one["at"] for one in revoked}
        return sorted((_key(one, ends.get(one["_id"])) for one in found), key=lambda key: key.id)

    async def revoke_key(self, name: str, at: datetime) -> bool:
        """See ``gateway.ports.Keyring``."""
        with reaching():
            newest = await self._newest_key(name)
            return newest is not None and await self._revoke(newest["_id"], at)

    async def _newest_key(self, name: str) -> Document | None:
        return await self._collections.keys.find_one({"name": name}, sort=[("number", -1)])

    async def _revoked(self, key: Document) -> Document | None:
        return await self._collections.revoked.find_one({"_id": key["_id"]})

    async def _revoke(self, key_id: str, at: datetime) -> bool:
        try:
            await self._collections.revoked.insert_one({"_id": key_id, "at": millis(at)})
        except DuplicateKeyError:
            return False
        return True

    # Agents.

    async def add_agent(self, agent: Agent) -> bool:
        """See ``gateway.ports.Keyring``."""
        with reaching():
            try:
                await self._collections.agents.insert_one(_agent_row(agent))
            except DuplicateKeyError:
                return False
        return True

    async def agent(self, agent_id: str) -> Agent | None:
        """See ``gateway.ports.Keyring``."""
        with reaching():
            return _agent(await self._collections.agents.find_one({"id": agent_id}))

    async def agent_by_email(self, email: str) -> Agent | None:
        """See ``gateway.ports.Keyring``."""
        with reaching():
            return _agent(await self._collections.agents.find_one({"_id": email.casefold()}))

    # Sessions.

    async def add_session(self, session: Session) -> None:
        """See ``gateway.ports.Keyring``."""
        sessions, row = self._collections.sessions, _session_row(session)
        with reaching():
            try:
                await sessions.insert_one(row)
            except DuplicateKeyError:
                await sessions.replace_one({"_id": session.digest}, row)

    async def session(self, digest: str, now: datetime) -> Session | None:
        """See ``gateway.ports.Keyring``."""
        with reaching():
            found = await self._collections.sessions.find_one({"_id": digest})
            if found is None or found["expires_at"] <= millis(now):
                return None
            if await self._collections.ended.find_one({"_id": digest}) is not None:
                return None
        return _session(found)

    async def end_session(self, digest: str) -> Session | None:
        """See ``gateway.ports.Keyring``. What says that it ended stays until its time is over: see ``prune``."""
        with reaching():
            found = await self._collections.sessions.find_one({"_id": digest})
            if found is None:
                return None
            try:
                await self._collections.ended.insert_one({"_id": digest, "expires_at": found["expires_at"]})
            except DuplicateKeyError:
                return None
        return _session(found)


def _key_id(name: str, number: int) -> str:
    return f"{name}:{number:06d}"


def _key_row(key: Key, number: int) -> Document:
    return {
        "_id": _key_id(key.name, number),
        "number": number,
        "id": key.id,
        "name": key.name,
        "digest": key.digest,
        "scope": key.scope,
        "brands": None if key.brands is None else list(key.brands),
        "created_at": millis(key.created_at),
    }


def _key(found: Document, revoked_at: int | None) -> Key:
    return Key(
        id=found["id"],
        name=found["name"],
        digest=found["digest"],
        scope=found["scope"],
        brands=_brands(found),
        created_at=moment(found["created_at"]),
        revoked_at=None if revoked_at is None else moment(revoked_at),
    )


def _brands(found: Document) -> tuple[str, ...] | None:
    return None if found["brands"] is None else tuple(found["brands"])


def _agent_row(agent: Agent) -> Document:
    return {
        "_id": agent.email.casefold(),
        "id": agent.id,
        "name": agent.name,
        "role": agent.role,
        "password": agent.password,
        "brands": None if agent.brands is None else list(agent.brands),
    }


def _agent(found: Document | None) -> Agent | None:
    if found is None:
        return None
    return Agent(found["id"], found["_id"], found["name"], found["role"], found["password"], _brands(found))


def _session_row(session: Session) -> Document:
    return {
        "_id": session.digest,
        "agent": session.agent,
        "expires_at": millis(session.expires_at),
        "kind": session.kind,
    }


def _session(found: Document) -> Session:
    return Session(found["_id"], found["agent"], moment(found["expires_at"]), found["kind"])
