"""Long polling: news of accounts that no hook can reach is asked for, one question at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from connectors.api import Accepted, Answer, Call, Deferred, Malformed, Refused, Request, Uncertain
from gateway import tracing
from gateway.config import Account
from gateway.pace import back_off
from gateway.partitions import ALONE, Ownership
from gateway.ports import Clock, Http, NeverSent, NoAnswer, Store, Unavailable
from gateway.states import States
from gateway.taking import Heard, Taking
from gateway.tasks import Background
from gateway.tracing import Tracer

log = structlog.get_logger(__name__)


class Polling:
    """One poller for every account of ours that polls; where it has got is stored once what came is durable."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        taking: Taking,
        store: Store,
        http: Http,
        clock: Clock,
        states: States,
        ownership: Ownership = ALONE,
        tracer: Tracer | None = None,
    ) -> None:
        self._take = tracing.taking(tracer, taking.take, "poll", "consumer")
        self._store, self._http, self._clock, self._states = store, http, clock, states
        self._polled = [account for account in accounts.values() if account.settings.polls]
        self._pollers: dict[str, Background] = {}
        self._ownership, self._news = ownership, asyncio.Event()
        self._choosing = Background(self._choose, clock, "polling")
        ownership.on_change(self._news.set)

    async def start(self) -> None:
        """From now on."""
        self._news.set()
        await self._choosing.start()

    async def stop(self) -> None:
        """Enough. What was asked and not taken will be given again."""
        await self._choosing.stop()
        await self._end(tuple(self._pollers))

    def busy(self) -> set[str]:
        """The accounts that are polled."""
        return set(self._pollers)

    async def _choose(self) -> None:
        """Poll whatever is ours, as that changes."""
        while True:
            await self._news.wait()
            self._news.clear()
            ours = {account.name: account for account in self._polled if self._ownership.owns(account.name)}
            await self._end([name for name in self._pollers if name not in ours])
            for name in ours.keys() - self._pollers.keys():
                self._pollers[name] = Background(partial(self._poll, ours[name]), self._clock, f"poll {name}")
                await self._pollers[name].start()

    async def _end(self, names: Sequence[str]) -> None:
        await asyncio.gather(*(self._pollers[name].stop() for name in names))
        for name in names:
            del self._pollers[name]

    async def _poll(self, account: Account) -> None:
        """Ask, take, remember; for ever."""
        name, failures = f"polling {account.name}", 0
        while True:
            try:
                cursor = await self._store.value(name) or ""
                bodies, following = await self._asked(account, cursor)
                for body in bodies:
                    await self._take(self._heard(account, body))
                if following and following != cursor:
                    await self._store.set_value(name, following)
            except (_Trouble, Unavailable) as trouble:
                failures += 1
                wait = trouble.wait if isinstance(trouble, _Trouble) else None
                log.warning("polling failed; trying again", account=account.name, why=str(trouble), tries=failures)
                await self._clock.sleep(back_off(failures, self._clock.jitter()) if wait is None else wait)
            else:
                if failures:
                    self._states.tell(account.name, "ok", source="polling")
                failures = 0

    async def _asked(self, account: Account, cursor: str) -> tuple[Sequence[bytes], str]:
        """What there is after the cursor, and the next one; raises _Trouble."""
        connector = account.connector
        assert connector.poll is not None  # noqa: S101 - Settings.polls goes with it
        assert connector.polled is not None  # noqa: S101 - as above
        found: tuple[Sequence[bytes], str] = ((), cursor)
        polling = connector.poll(cursor, account.settings)
        try:
            call = next(polling)
            while True:
                answer = await self._answer(account, call)
                found = connector.polled(answer, account.settings)
                call = polling.send(answer)
        except StopIteration:
            return found
        except (Refused, Malformed) as unread:  # the connector cannot read what came
            why = unread.detail if isinstance(unread, Refused) else str(unread)
            self._states.tell(account.name, "degraded", f"polling: {why}", "polling")
            raise _Trouble(why) from None
        finally:
            polling.close()

    async def _answer(self, account: Account, call: Call) -> Answer:
        try:
            answer = await self._http.perform(call)
        except (NeverSent, NoAnswer) as error:
            self._states.tell(account.name, "degraded", f"polling: {error}", "polling", "unreachable")
            raise _Trouble(str(error)) from None
        match account.connector.classify(call, answer):
            case Accepted():
                return answer
            case Refused() as refused:
                self._states.heard(account.name, refused)
                raise _Trouble(refused.detail)
            case Deferred(detail=detail, wait=wait):
                self._states.tell(account.name, "degraded", f"polling: {detail}", "polling", "provider_down")
                raise _Trouble(detail, wait)
            case Uncertain(detail=detail):
                self._states.tell(account.name, "degraded", f"polling: {detail}", "polling", "provider_down")
                raise _Trouble(detail)

    def _heard(self, account: Account, body: bytes) -> Heard:
        request = Request("POST", f"/hooks/{account.hook}", {}, self._clock.now(), body=body)
        return Heard(request, account.hook, (account,), self._clock.new_id("req"))


class _Trouble(Exception):
    """The question was not answered; ``wait`` is the provider's own word on when to ask again, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait
