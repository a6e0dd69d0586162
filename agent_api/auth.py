"""Who calls, and what they may: API keys, the inbox's session, scopes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from agent_api.hosts import Hosts
from agent_api.problems import Problem, unauthorized
from gateway.asking import Caller
from gateway.ports import Agent, Clock, Keyring
from normalizer.record import By

Scope = Literal["read", "agent", "admin"]
SCOPES: dict[str, tuple[Scope, ...]] = {
    "read": ("read",),
    "agent": ("read", "agent"),
    "supervisor": ("read", "agent"),
    "admin": ("read", "agent", "admin"),
}
"""What a key's scope, or an agent's role, allows."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody whom we know. ``credential`` is a digest of what they showed; ``session`` says that it was a cookie."""

    caller: Caller
    scopes: tuple[Scope, ...]
    credential: str = field(repr=False)
    session: bool = False
    email: str = ""
    role: str = ""


def digest(secret: str) -> str:
    """What is kept of a key, a session or a link."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def of_agent(agent: Agent, credential: str) -> Signed:
    """An agent who has signed in."""
    caller = Caller(By("agent", agent.id, agent.name), agent.brands)
    scopes = SCOPES.get(agent.role, ())
    return Signed(caller, scopes, credential, session=True, email=agent.email, role=agent.role)


class Door:
    """Lets in whoever shows a key or a session that holds."""

    def __init__(self, keyring: Keyring, clock: Clock, hosts: Hosts) -> None:
        self._keyring, self._clock, self.hosts = keyring, clock, hosts
        self.cookie = "__Host-passerelle_session" if hosts.secure else "passerelle_session"

    def check_host(self, request: web.Request) -> None:
        """Refuse a request that was meant for somebody else."""
        if not self.hosts.ours(request):
            raise Problem(421, "misdirected", "this server does not answer to that name; set public_url")

    def check_origin(self, request: web.Request) -> None:
        """Refuse a request that a page of others made."""
        if not self.hosts.own_page(request):
            raise Problem(403, "bad_origin", "with a session, this needs the Origin of our own pages")

    async def signed(self, request: web.Request, scope: Scope) -> Signed:
        """Who calls, if they may; raises Problem 401 or 403."""
        found = await self._found(request)
        if found is None:
            raise unauthorized()
        if found.session and (request.method not in _SAFE or "Upgrade" in request.headers):
            self.check_origin(request)
        if scope not in found.scopes:
            raise Problem(403, "forbidden", f"this needs the scope {scope}")
        return found

    async def _found(self, request: web.Request) -> Signed | None:
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            scheme, _, secret = authorization.partition(" ")
            return await self._by_key(digest(secret.strip())) if scheme.lower() == "bearer" else None
        cookie = request.cookies.get(self.cookie)
        return await self._by_session(digest(cookie)) if cookie else None

    async def _by_key(self, credential: str) -> Signed | None:
        key = await self._keyring.key_by_digest(credential)
        if key is None:
            return None
        return Signed(Caller(By("bot", key.id, key.name), key.brands), SCOPES.get(key.scope, ()), credential)

    async def _by_session(self, credential: str) -> Signed | None:
        session = await self._keyring.session(credential, self._clock.now())
        if session is None or session.kind != "session":
            return None
        agent = await self._keyring.agent(session.agent)
        return None if agent is None else of_agent(agent, credential)

    async def again(self, signed: Signed) -> Signed | None:
        """The same caller as they are now; None once what they showed has ended."""
        return await (self._by_session if signed.session else self._by_key)(signed.credential)
