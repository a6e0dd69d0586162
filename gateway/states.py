"""How each account does at its provider: checked now and then, and told by what sending brings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from connectors.api import Accepted, Outcome, Refused
from gateway import steps
from gateway.config import Account
from gateway.metrics import ACCOUNT_STATE
from gateway.ports import Clock, Http, NeverSent, NoAnswer

log = structlog.get_logger(__name__)

Level = Literal["ok", "degraded", "down"]
Source = Literal["check", "polling", "sending"]
LEVELS: tuple[Level, ...] = ("ok", "degraded", "down")

EVERY_S, UNWELL_S = 300.0, 30.0
"""Seconds between two checks of the accounts: while all are well, and while one is not."""
_DOWN = frozenset({"auth_expired", "account_restricted"})
"""Refusals that concern the account, whoever it writes to."""


@dataclass(frozen=True, slots=True)
class State:
    """``ok``, ``degraded`` (something works), or ``down`` (nothing can be sent); ``why`` is empty when all is well."""

    level: Level
    why: str
    since: datetime


class States:
    """The state of every account, as this process knows it."""

    def __init__(self, accounts: Mapping[str, Account], http: Http, clock: Clock) -> None:
        self._accounts, self._http, self._clock = accounts, http, clock
        self._told: dict[str, dict[Source, tuple[Level, str]]] = {name: {} for name in accounts}
        self._states = {name: State("ok", "", clock.now()) for name in accounts}
        for name in accounts:
            ACCOUNT_STATE.labels(name).set(0)

    def of(self, account: str) -> State:
        """The state of an account."""
        return self._states[account]

    def tell(self, account: str, level: Level, why: str = "", source: Source = "check") -> None:
        """Note what one source says of an account. The worst of all counts; ``since`` moves when the level does."""
        told = self._told[account]
        told[source] = (level, why)
        if source == "check" and level == "ok":
            told.pop("sending", None)  # what the provider said of itself is newer
        level, why = max(told.values(), key=lambda one: LEVELS.index(one[0]))
        was = self._states[account]
        since = was.since if was.level == level else self._clock.now()
        self._states[account] = State(level, why, since)
        if was.level != level:
            ACCOUNT_STATE.labels(account).set(LEVELS.index(level))
            (log.info if level == "ok" else log.warning)("account state", account=account, state=level, why=why)

    def heard(self, account: str, outcome: Outcome) -> None:
        """What sending brought: it goes again, or the provider will have nothing from this account."""
        if isinstance(outcome, Refused) and outcome.code == "auth_expired":
            self.tell(account, "down", outcome.detail, "sending")
        elif isinstance(outcome, Refused) and outcome.code == "account_restricted":
            self.tell(account, "degraded", outcome.detail, "sending")
        elif isinstance(outcome, Accepted) and self._states[account].level != "ok":
            self.tell(account, "ok", source="sending")

    def stopped(self, account: str) -> bool:
        """Whether there is no use in sending until the account has been checked again."""
        return self._states[account].level == "down" and self._accounts[account].connector.check is not None

    async def run(self) -> None:
        """Check every account, for ever; sooner again while one is not well."""
        while True:
            await asyncio.gather(*(self.check(account) for account in self._accounts.values()))
            well = all(state.level == "ok" for state in self._states.values())
            await self._clock.sleep(EVERY_S if well else UNWELL_S)

    async def check(self, account: Account) -> None:
        """Ask the provider about an account, where its connector can."""
        if account.connector.check is None:
            return
        try:
            health = await steps.run(account.connector.check(account.settings), self._http, account.connector.classify)
        except Refused as error:
            self.tell(account.name, "down" if error.code in _DOWN else "degraded", error.detail)
        except steps.Unsettled as error:
            self.tell(account.name, "degraded", error.outcome.detail)
        except (NeverSent, NoAnswer) as error:
            self.tell(account.name, "degraded", f"the provider cannot be reached: {error}")
        except Exception:
            log.exception("the check of an account broke", account=account.name)
        else:
            level: Level = "ok" if health.ok else "down" if health.down else "degraded"
            self.tell(account.name, level, "" if health.ok else health.detail)
