"""Signing in: a password or a one-time link becomes a session, and guessing is slowed down."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import timedelta

from agent_api.auth import digest
from agent_api.passwords import Passwords
from agent_api.problems import Problem, unauthorized
from gateway.ports import Agent, Clock, Keyring, Session

LASTS = timedelta(days=7)
"""How long a session lasts."""
TRIES, WITHIN = 10, 300.0
"""How many wrong passwords one peer may give for one address, in how many seconds."""
_REMEMBERED = 10_000


class Tries:
    """Counts tries before they are verified, so that many at once are counted too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait(self, who: tuple[str, str]) -> float:
        """Count one more try, or say for how many seconds there may be none."""
        now = self._clock.monotonic()
        made = self._made.setdefault(who, deque())
        self._made.move_to_end(who)
        while made and made[0] <= now - WITHIN:
            made.popleft()
        if len(made) >= TRIES:
            return made[0] + WITHIN - now
        made.append(now)
        while len(self._made) > _REMEMBERED:
            self._made.popitem(last=False)
        return 0

    def forget(self, who: tuple[str, str]) -> None:
        """The password was right."""
        self._made.pop(who, None)


class SignIn:
    """Opens and ends sessions."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring, self._clock = keyring, clock
        self._passwords, self._tries = Passwords(), Tries(clock)

    async def by_password(self, email: str, password: str, peer: str) -> tuple[Agent, str]:
        """The agent and a new session's secret; raises Problem 401 or 429."""
        who = (email.casefold(), peer)
        if wait := self._tries.wait(who):
            detail = "too many wrong passwords; wait before the next try"
            raise Problem(429, "too_many_tries", detail, headers={"Retry-After": str(int(wait) + 1)})
        agent = await self._keyring.agent_by_email(email)
        if not await self._passwords.match(agent.password if agent else None, password) or agent is None:
            raise unauthorized("no such address, or another password", "wrong_credentials")
        self._tries.forget(who)
        return agent, await self._open(agent)

    async def by_link(self, secret: str) -> tuple[Agent, str]:
        """The agent and a new session's secret, once per link; raises Problem 401."""
        named = digest(secret)
        link = await self._keyring.session(named, self._clock.now())
        if link is not None and link.kind == "link" and await self._keyring.end_session(named):
            agent = await self._keyring.agent(link.agent)
            if agent is not None:
                return agent, await self._open(agent)
        raise unauthorized("this link was used already, or is too old", "wrong_credentials")

    async def _open(self, agent: Agent) -> str:
        secret = self._clock.secret()
        await self._keyring.add_session(Session(digest(secret), agent.id, self._clock.now() + LASTS))
        return secret
