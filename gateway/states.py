"""How each account does at its provider: checked now and then, and told by what sending brings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import structlog

from connectors.api import Accepted, Ailment, Outcome, Refused, ailment
from gateway import steps
from gateway.config import Account
from gateway.logs import HIDE
from gateway.metrics import ACCOUNT_STATE
from gateway.partitions import ALONE, Ownership
from gateway.ports import Clock, Http, NeverSent, NoAnswer, Settings, Unavailable
from gateway.tasks import Background, pause
from normalizer.model import rfc3339

log = structlog.get_logger(__name__)

Level = Literal["ok", "degraded", "down"]
Source = Literal["check", "polling", "sending"]
LEVELS: tuple[Level, ...] = ("ok", "degraded", "down")

EVERY_S, UNWELL_S = 300.0, 30.0
"""Seconds between two checks of the accounts: while all are well, and while one is not."""
_DOWN = frozenset({"auth_expired", "account_restricted"})
"""Refusals that concern the account, whoever it writes to."""
_KEY = "state "
"""Before an account's name, where its state is written down."""


@dataclass(frozen=True, slots=True)
class State:
    """``ok``, ``degraded`` (something works), or ``down`` (nothing can be sent).

    ``why`` says so in English, with the provider's words, and ``code`` in one of our own; both are empty when all is well.
    """

    level: Level
    why: str
    since: datetime
    code: Ailment | Literal[""] = ""


class _Told(NamedTuple):
    level: Level
    why: str
    code: Ailment | Literal[""]


class States:
    """The states of the accounts: of those that ``ownership`` says are ours, as this process knows them.

    With a ``ledger`` that other processes read too, each writes down there how its accounts do.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        http: Http,
        clock: Clock,
        ledger: Settings | None = None,
        ownership: Ownership = ALONE,
    ) -> None:
        self._accounts, self._http, self._clock = accounts, http, clock
        self._ledger, self._ownership = ledger, ownership
        self._told: dict[str, dict[Source, _Told]] = {name: {} for name in accounts}
        self._states = {name: State("ok", "", clock.now()) for name in accounts}
        self._ours: set[str] = set()
        self._unwritten: set[str] = set()
        self._changed = asyncio.Event()
        self._tasks = [Background(self._check_always, clock, "checking accounts")]
        if ledger is not None:
            self._news = asyncio.Event()
            self._tasks.append(Background(self._write, clock, "states of accounts"))
        ownership.on_change(self._changed.set)

    async def start(self) -> None:
        """Check the accounts from now on."""
        for task in self._tasks:
            await task.start()

    async def stop(self) -> None:
        """Enough."""
        for task in self._tasks:
            await task.stop()

    def of(self, account: str) -> State:
        """The state of an account, as this process knows it."""
        return self._states[account]

    async def shown(self, account: str) -> State:
        """The state of an account, as whichever process has it knows it. Raises Unavailable."""
        if self._ledger is None or self._ownership.owns(account):
            return self._states[account]
        written = await self._ledger.value(_KEY + account)
        return _read(written) if written else self._states[account]

    def tell(
        self, account: str, level: Level, why: str = "", source: Source = "check", code: Ailment = "unknown"
    ) -> None:
        """Note what one source says of an account. The worst of all counts; ``since`` moves when the level does."""
        told = self._told[account]
        told[source] = _Told(level, why, "" if level == "ok" else code)
        if source == "check" and level == "ok":
            told.pop("sending", None)  # what the provider said of itself is newer
        worst = max(told.values(), key=lambda one: LEVELS.index(one.level))
        level, why = worst.level, worst.why
        was = self._states[account]
        since = was.since if was.level == level else self._clock.now()
        self._states[account] = State(level, why, since, worst.code)
        if was != self._states[account]:
            self._mark([account])
        if was.level != level:
            (log.info if level == "ok" else log.warning)(
                "account state", account=account, state=level, why=why, code=worst.code
            )

    def heard(self, account: str, outcome: Outcome) -> None:
        """What sending brought: it goes again, or the provider will have nothing from this account."""
        if isinstance(outcome, Refused) and outcome.code == "auth_expired":
            self.tell(account, "down", outcome.detail, "sending", outcome.code)
        elif isinstance(outcome, Refused) and outcome.code == "account_restricted":
            self.tell(account, "degraded", outcome.detail, "sending", outcome.code)
        elif isinstance(outcome, Accepted) and self._states[account].level != "ok":
            self.tell(account, "ok", source="sending")

    def stopped(self, account: str) -> bool:
        """Whether there is no use in sending until the account has been checked again."""
        return self._states[account].level == "down" and self._accounts[account].connector.check is not None

    async def _check_always(self) -> None:
        """Check every account that is ours, for ever: at once when it becomes ours, sooner again while one is not well."""
        due = self._clock.monotonic()
        while True:
            ours = {name for name in self._accounts if self._ownership.owns(name)}
            new, self._ours = ours - self._ours, ours
            await asyncio.gather(*map(self._recall, new))
            late = self._clock.monotonic() >= due
            await asyncio.gather(*(self.check(self._accounts[name]) for name in (ours if late else new)))
            self._mark(new)
            if late or new:
                well = all(self._states[name].level == "ok" for name in ours)
                again = self._clock.monotonic() + (EVERY_S if well else UNWELL_S)
                due = again if late else min(due, again)
            await pause(self._clock, max(0.0, due - self._clock.monotonic()), self._changed)

    # How other processes know.

    async def _recall(self, account: str) -> None:
        """Go on from what whoever had the account before us wrote of it."""
        if self._ledger is None:
            return
        try:
            written = await self._ledger.value(_KEY + account)
        except Unavailable as error:
            log.warning("the state of an account cannot be recalled", account=account, why=str(error))
            return
        if written:
            self._states[account] = state = _read(written)
            self._told[account] = {} if state.level == "ok" else {"sending": _Told(state.level, state.why, state.code)}

    def _mark(self, accounts: Iterable[str]) -> None:
        """These are to be written down."""
        for account in accounts:
            channel = self._accounts[account].channel
            ACCOUNT_STATE.labels(account, channel).set(LEVELS.index(self._states[account].level))
        if self._ledger is not None:
            self._unwritten.update(accounts)
            self._news.set()

    async def _write(self) -> None:
        """Write down what has changed, for ever; what is not ours any more is for others to write."""
        assert self._ledger is not None  # noqa: S101 - the task goes with it
        while True:
            await self._news.wait()
            self._news.clear()
            while self._unwritten:
                account = self._unwritten.pop()
                if not self._ownership.owns(account):
                    continue
                try:
                    await self._ledger.set_value(_KEY + account, _written(self._states[account]))
                except Unavailable as error:
                    self._unwritten.add(account)
                    log.warning("the state of an account cannot be written; trying again", why=str(error))
                    await self._clock.sleep(1)

    # Asking the provider.

    async def check(self, account: Account) -> None:
        """Ask the provider about an account, where its connector can."""
        if account.connector.check is None:
            return
        try:
            health = await steps.run(account.connector.check(account.settings), self._http, account.connector.classify)
        except Refused as error:
            self.tell(
                account.name, "down" if error.code in _DOWN else "degraded", error.detail, code=ailment(error.code)
            )
        except steps.Unsettled as error:
            self.tell(account.name, "degraded", error.outcome.detail, code="provider_down")
        except (NeverSent, NoAnswer) as error:
            self.tell(account.name, "degraded", f"the provider cannot be reached: {error}", code="unreachable")
        except Exception:
            log.exception("the check of an account broke", account=account.name)
        else:
            level: Level = "ok" if health.ok else "down" if health.down else "degraded"
            self.tell(account.name, level, "" if health.ok else health.detail, code=health.code or "unknown")


def _written(state: State) -> str:
    held = {"level": state.level, "why": HIDE.text(state.why), "since": rfc3339(state.since), "code": state.code}
    return json.dumps(held)


def _read(written: str) -> State:
    held = json.loads(written)
    code = held.get("code", "" if held["level"] == "ok" else "unknown")  # older versions wrote none
    return State(held["level"], held["why"], datetime.fromisoformat(held["since"]), code)
