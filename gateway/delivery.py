"""What agents said, to the provider: per conversation in order, each account at its own pace."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog

from connectors.api import Deferred, Refused, Uncertain
from gateway.attempts import Attempts, NoMore, NotOurs, Sent, Stopped
from gateway.config import Account, DeliveryConfig
from gateway.envelopes import Envelopes, Link
from gateway.metrics import OLDEST, SENDING, UNKNOWN
from gateway.origins import Origins, asked_at
from gateway.pace import Rates, back_off
from gateway.partitions import ALONE, Ownership
from gateway.ports import Broker, Clock, Store, Subscription, Unavailable, Unsettled
from gateway.settling import News, Settling
from gateway.tasks import Background, ended
from normalizer.event import Outgoing
from normalizer.model import Failure, Message
from normalizer.record import Record
from normalizer.sending import Settled

log = structlog.get_logger(__name__)

_BOUND = 10_000
_SETTLED = ("message.sent", "message.failed", "message.uncertain")
_KINDS = frozenset({"message.queued", *_SETTLED})
_CALLS_AT_ONCE = 64
_GRACE_S = 3.0
"""Seconds that calls under way have at the end; the whole of stopping should take less than five."""
_LEAST_S = 0.5
_LOOK_S = 5.0
"""Seconds between looks at whether an account that is down or held may go on."""


class Delivery:
    """Sends what is queued. A task per conversation that has something to send takes its lowest unsettled message.

    It sends for the accounts that ``ownership`` says are ours. A conversation whose lowest message is of an account
    that another process works for is left alone until that one has settled.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        attempts: Attempts,
        accounts: Mapping[str, Account],
        clock: Clock,
        config: DeliveryConfig,
        *,
        link: Link,
        news_of: News,
        callback: Callable[[Account], str] = lambda _: "",
        stopped: Callable[[str], bool] = lambda _: False,
        ownership: Ownership = ALONE,
    ) -> None:
        self._store, self._broker, self._attempts = store, broker, attempts
        self._accounts, self._clock, self._config = accounts, clock, config
        self._stopped, self._ownership = stopped, ownership
        self._envelopes = Envelopes(store, clock, link, callback)
        self._settling = Settling(store, clock, accounts, news_of)
        ownership.on_change(self._changed)
        self._rates = {name: Rates(account.pace, clock.monotonic()) for name, account in accounts.items()}
        self._room = {name: asyncio.Semaphore(_CALLS_AT_ONCE) for name in accounts}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._working: dict[str, Unsettled] = {}
        self._calling: dict[str, str] = {}
        self._behind: set[str] = set()
        self._origins = Origins(store)
        self._subscription: Subscription | None = None
        self._waited: Counter[str] = Counter()
        self._stopping = False
        self._listening = Background(self._listen, clock, "delivery")

    # Who has something to send.

    async def start(self) -> None:
        """Listen, then take up what an earlier process left."""
        OLDEST.measure = self.ages
        await self._listening.start()

    async def stop(self) -> None:
        """Begin nothing new; let calls under way have their answers noted."""
        self._stopping = True
        OLDEST.measure = dict
        await self._listening.stop()
        for conversation, sender in self._senders.items():
            if conversation not in self._calling:
                sender.cancel()
        if self._senders:
            await asyncio.wait(self._senders.values(), timeout=_GRACE_S)
        await ended(*self._senders.values())

    async def _listen(self) -> None:
        while True:
            self._subscription = subscription = self._broker.subscribe(_BOUND, _KINDS)
            try:
                for waiting in await self._store.unsettled():
                    if self._ownership.owns(waiting.account):
                        self._wake(waiting.conversation)
                while (record := await subscription.next()) is not None:
                    self._hear(record)
            except Unavailable as error:
                log.error("what is queued cannot be read; trying again", why=str(error))
                await self._clock.sleep(1)
            finally:
                subscription.close()

    def _hear(self, record: Record) -> None:
        if record.kind not in _SETTLED:
            if self._ownership.owns(record.account or ""):
                self._origins.hear(record)
                self._wake(record.stream)
        elif record.stream in self._behind:
            self._behind.discard(record.stream)
            self._wake(record.stream)

    def busy(self) -> set[str]:
        """The accounts that calls are under way for."""
        return set(self._calling.values())

    def ages(self) -> Mapping[tuple[str, str], float]:
        """Seconds that the oldest message of each account waits to be sent; of the accounts that are ours."""
        now = self._clock.now()
        found = {(one.name, one.channel): 0.0 for one in self._accounts.values() if self._ownership.owns(one.name)}
        for lowest in self._working.values():
            account, since = self._accounts.get(lowest.account), asked_at(lowest.message)
            labels = (account.name, account.channel) if account is not None else (UNKNOWN, UNKNOWN)
            age = (now - since).total_seconds() if since is not None else 0.0
            found[labels] = max(age, found.get(labels, 0.0))
        return found

    def _changed(self) -> None:
        """Accounts have become ours, or are not any more: begin nothing new for those, and look for what is queued."""
        for conversation, lowest in self._working.items():
            if not self._ownership.owns(lowest.account) and conversation not in self._calling:
                self._senders[conversation].cancel()
        if self._subscription is not None:
            self._subscription.close()  # whoever listens to a closed one reads what is queued anew

    def _wake(self, conversation: str) -> None:
        if conversation in self._senders:
            self._again.add(conversation)
        elif not self._stopping:
            self._senders[conversation] = asyncio.create_task(self._converse(conversation))
            SENDING.set(len(self._senders))

    # One conversation.

    async def _converse(self, conversation: str) -> None:
        try:
            while not self._stopping:
                self._again.discard(conversation)
                if not await self._send_lowest(conversation) and conversation not in self._again:
                    return
        except Exception:  # one conversation's trouble must not be everybody's; it is taken up again
            log.exception("sending broke; trying again", conversation=conversation)
            await self._clock.sleep(back_off(5, self._clock.jitter()))
            self._again.add(conversation)
        finally:
            del self._senders[conversation]
            self._working.pop(conversation, None)
            SENDING.set(len(self._senders))
            if not self._senders:
                self._origins.forget()
            if conversation in self._again:
                self._again.discard(conversation)
                self._wake(conversation)

    async def _send_lowest(self, conversation: str) -> bool:
        """Bring the lowest unsettled message one step on; False when there is none."""
        try:
            lowest = await self._lowest(conversation)
            if lowest is None:
                return False
            self._working[conversation] = lowest
            await self._until(lowest)
            message = await self._store.message(lowest.message)
            if message is not None and message.status == "queued" and not await self._held(message):
                await self._send(message)
        except Unavailable as error:
            log.error("the store is not there; trying again", conversation=conversation, why=str(error))
            await self._clock.sleep(1)
        except NotOurs:
            log.warning("somebody else is sending; leaving it to them", conversation=conversation)
            await self._clock.sleep(1)
        return True

    async def _lowest(self, conversation: str) -> Unsettled | None:
        """The lowest unsettled message, if it is ours to send."""
        waiting = await self._store.unsettled(conversation)
        owns = self._ownership.owns
        if waiting and not owns(waiting[0].account) and any(owns(one.account) for one in waiting):
            self._behind.add(conversation)  # before looking again: it may have settled just now
            waiting = await self._store.unsettled(conversation)
        if not waiting or not owns(waiting[0].account):
            return None
        self._behind.discard(conversation)
        return waiting[0]

    async def _held(self, message: Message) -> bool:
        """Whether the account's provider lets nothing through just now: nobody knocks at a closed door again and again."""
        name = message.account or ""
        waits = name in self._accounts and self._stopped(name) and self._clock.now() < self._last(message)
        if waits:
            await self._clock.sleep(_LOOK_S)
        return waits

    def _last(self, message: Message) -> datetime:
        """Until when a message is tried."""
        return message.received_at + self._config.give_up

    async def _until(self, lowest: Unsettled) -> None:
        wait = (lowest.send_at - self._clock.now()).total_seconds()
        message = await self._store.message(lowest.message) if wait > 0 else None
        # Nobody deferred what is to go when it was taken: it was by a process whose clock is ahead of ours.
        if message is not None and message.received_at != lowest.send_at:
            await self._clock.sleep(wait)

    async def _send(self, message: Message) -> None:
        account, asked = self._accounts.get(message.account or ""), await self._origins.of(message)
        if account is None:
            await self._settling.settle(message, await self._settling.homeless(message), None, asked)
            return
        outgoing = await self._envelopes.of(account, message)
        async with self._room[account.name]:
            try:
                permit = partial(self._permit, account, outgoing, message)
                end = await self._attempts.send(account, outgoing, permit, asked, self._rates[account.name].keep_apart)
                await self._settling.settle(message, self._end(account, message, end), end.cause, asked)
            finally:
                self._calling.pop(message.conversation, None)
        if isinstance(end, Stopped) and isinstance(end.outcome, Deferred):
            return
        self._waited.pop(message.id, None)
        self._origins.settled(message)
        self._working.pop(message.conversation, None)  # whoever the account is now, this is ours to finish
        await self._settling.told_meanwhile(account, end.ids, message.id)

    async def _permit(self, account: Account, outgoing: Outgoing, message: Message) -> None:
        """Wait for the account's pace; from then on the call counts as under way. Raises NoMore."""
        self._calling.pop(message.conversation, None)
        if self._stopping:
            raise asyncio.CancelledError
        await self._still(account, message)
        if outgoing.window == "closed" and any(part.kind != "template" for part in outgoing.parts):
            raise NoMore(Refused("window_closed", "the reply window closed before it could be sent"))
        if self._stopped(account.name) and self._clock.now() >= self._last(message):
            raise NoMore(Refused("expired", "gave up; the account was down all the while"))
        rates, monotonic = self._rates[account.name], self._clock.monotonic
        while (wait := rates.reserve(message.identity or "", monotonic())) > 0:
            # Moments, and our own pace, end no message; a provider that holds the account ends those that are due to end.
            if rates.held(monotonic()) > _LOOK_S and self._clock.now() >= self._last(message):
                raise NoMore(Refused("expired", "gave up; the provider held the account all the while"))
            await self._clock.sleep(min(wait, _LOOK_S))
        self._calling[message.conversation] = account.name
        await self._still(account, message)

    async def _still(self, account: Account, message: Message) -> None:
        """Raises NotOurs where another process works for the account by now, or has settled the message."""
        if self._ownership is ALONE:
            return
        found = await self._store.message(message.id)
        if found is None or found.status != "queued" or not self._ownership.owns(account.name):
            raise NotOurs

    # How it ended.

    def _end(self, account: Account, message: Message, end: Sent | Stopped) -> Settled:
        if isinstance(end, Sent):
            return Settled("sent", f"{message.id}:sent", end.ids)
        match end.outcome:
            case Refused():
                return Settled("failed", f"{message.id}:failed", end.ids, end.failure())
            case Uncertain():
                return Settled("uncertain", f"{message.id}:uncertain", end.ids, end.failure())
            case Deferred():
                return self._deferred(account, message, end, end.outcome)

    def _deferred(self, account: Account, message: Message, end: Stopped, outcome: Deferred) -> Settled:
        """Again later; unless it has been long enough."""
        now, last = self._clock.now(), self._last(message)
        if now >= last:
            failure = Failure(reason="expired", detail=f"gave up; last: {outcome.detail}", part=end.part)
            return Settled("failed", f"{message.id}:failed", end.ids, failure)
        self._waited[message.id] += 1
        tries = max(end.tries, self._waited[message.id])
        wait = max(_LEAST_S, outcome.wait) if outcome.wait is not None else back_off(tries, self._clock.jitter())
        if outcome.scope == "account":
            self._rates[account.name].hold(self._clock.monotonic() + wait)
        send_at = min(now + timedelta(seconds=wait), last)
        return Settled("deferred", f"{self._clock.new_id('rec')}:deferred", end.ids, end.failure(), send_at)
