"""What agents said, to the provider: per conversation in order, each account at its own pace."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from connectors.api import Deferred, Refused, Uncertain
from gateway.attempts import Attempts, NoMore, NotOurs, Sent, Stopped
from gateway.config import Account, DeliveryConfig
from gateway.metrics import SENDING, SETTLED
from gateway.pace import Rates, back_off
from gateway.ports import Broker, Clock, Store, Unavailable, Unsettled
from gateway.tasks import Background
from normalizer.decision import Stamp
from normalizer.event import Outgoing
from normalizer.fit import addressed, linked
from normalizer.model import Failure, Media, Message
from normalizer.record import By
from normalizer.sending import Settled, settled
from normalizer.windows import Standing, standing

log = structlog.get_logger(__name__)

_SYSTEM = By("system", "gateway")
_BOUND = 10_000
_QUEUED = frozenset({"message.queued"})
_CALLS_AT_ONCE = 64
_GRACE_S = 3.0
"""Seconds that calls under way have at the end; the whole of stopping should take less than five."""
_LINK_S = 3600
_SHOWN_S = 30 * 86400
"""Seconds that a link holds: one that the provider fetches a file by, and one that the customer opens."""
_LEAST_S = 0.5
_LOOK_S = 5.0
"""Seconds between looks at whether an account that is down has come back."""

Link = Callable[[str, int], str | None]
News = Callable[[Account, Sequence[str], str], Awaitable[None]]


class Delivery:
    """Sends what is queued. A task per conversation that has something to send takes its lowest unsettled message."""

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
    ) -> None:
        self._store, self._broker, self._attempts = store, broker, attempts
        self._accounts, self._clock, self._config = accounts, clock, config
        self._link, self._news_of, self._callback, self._stopped = link, news_of, callback, stopped
        self._rates = {name: Rates(account.pace, clock.monotonic()) for name, account in accounts.items()}
        self._room = {name: asyncio.Semaphore(_CALLS_AT_ONCE) for name in accounts}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._calling: set[str] = set()
        self._waited: Counter[str] = Counter()
        self._stopping = False
        self._listening = Background(self._listen, clock, "delivery")

    # Who has something to send.

    async def start(self) -> None:
        """Listen, then take up what an earlier process left."""
        await self._listening.start()

    async def stop(self) -> None:
        """Begin nothing new; let calls under way have their answers noted."""
        self._stopping = True
        await self._listening.stop()
        for conversation, sender in self._senders.items():
            if conversation not in self._calling:
                sender.cancel()
        if self._senders:
            await asyncio.wait(self._senders.values(), timeout=_GRACE_S)
        for sender in self._senders.values():
            sender.cancel()
        await asyncio.gather(*self._senders.values(), return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            subscription = self._broker.subscribe(_BOUND, _QUEUED)
            try:
                for waiting in await self._store.unsettled():
                    self._wake(waiting.conversation)
                while (record := await subscription.next()) is not None:
                    self._wake(record.stream)
            except Unavailable as error:
                log.error("what is queued cannot be read; trying again", why=str(error))
                await self._clock.sleep(1)
            finally:
                subscription.close()

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
            SENDING.set(len(self._senders))
            if conversation in self._again:
                self._again.discard(conversation)
                self._wake(conversation)

    async def _send_lowest(self, conversation: str) -> bool:
        """Bring the lowest unsettled message one step on; False when there is none."""
        try:
            waiting = await self._store.unsettled(conversation)
            if not waiting:
                return False
            lowest = waiting[0]
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
        if wait > 0:
            await self._clock.sleep(wait)

    async def _send(self, message: Message) -> None:
        account = self._accounts.get(message.account or "")
        if account is None:
            await self._settle(message, await self._homeless(message), None)
            return
        outgoing = await self._outgoing(account, message)
        async with self._room[account.name]:
            try:
                end = await self._attempts.send(account, outgoing, lambda: self._permit(account, outgoing, message))
                await self._settle(message, self._end(account, message, end), end.cause)
            finally:
                self._calling.discard(message.conversation)
        if isinstance(end, Stopped) and isinstance(end.outcome, Deferred):
            return
        self._waited.pop(message.id, None)
        await self._told_meanwhile(account, end.ids, message.id)

    async def _homeless(self, message: Message) -> Settled:
        """The end of a message whose account is gone: what it did is not known any more if it did anything."""
        detail = f"the account {message.account} is not configured any more"
        tried = [attempt for attempt in await self._store.attempts(message.id) if not attempt.never_sent]
        if not tried:
            failure = Failure(reason="account_restricted", detail=detail)
            return Settled("failed", f"{message.id}:failed", failure=failure)
        failure = Failure(reason="unknown", detail=f"{detail}, and part of this may have gone out", part=tried[-1].part)
        return Settled("uncertain", f"{message.id}:uncertain", failure=failure)

    async def _told_meanwhile(self, account: Account, ids: Sequence[str], message: str) -> None:
        """Apply what the provider told of the message before we knew how it ended, for as long as that takes."""
        while True:
            try:
                await self._news_of(account, ids, message)
            except Unavailable as error:
                log.error("news cannot be applied; trying again", message=message, why=str(error))
                await self._clock.sleep(1)
            else:
                return

    async def _outgoing(self, account: Account, message: Message) -> Outgoing:
        reply_to = None
        if message.reply_to is not None:
            quoted = await self._store.message(message.reply_to)
            reply_to = quoted.provider_ids[0] if quoted and quoted.provider_ids else None
        files = [part.media for part in message.parts if isinstance(part, Media) and part.media]
        links = {file: link for file in files if (link := self._link(file, _LINK_S)) is not None}
        shown = linked(message.parts)
        seen = {file: link for file in shown if (link := self._link(file, _SHOWN_S)) is not None}
        return Outgoing(
            id=message.id,
            to=message.identity or "",
            parts=addressed(message.parts, seen),
            reply_to=reply_to,
            media_urls=links,
            window=await self._window(account, message),
            callback_url=self._callback(account),
        )

    async def _window(self, account: Account, message: Message) -> Standing:
        if account.connector.window is None:
            return "open"
        found = await self._store.conversation(message.conversation)
        if found is None:
            return "open"
        return standing(found, account.name, message.identity or "", account.connector.window, self._clock.now())

    async def _permit(self, account: Account, outgoing: Outgoing, message: Message) -> None:
        """Wait for the account's pace; from then on the call counts as under way. Raises NoMore."""
        self._calling.discard(message.conversation)
        if self._stopping:
            raise asyncio.CancelledError
        if outgoing.window == "closed" and any(part.kind != "template" for part in outgoing.parts):
            raise NoMore(Refused("window_closed", "the reply window closed before it could be sent"))
        if self._stopped(account.name) and self._clock.now() >= self._last(message):
            raise NoMore(Refused("expired", "gave up; the account was down all the while"))
        while (wait := self._rates[account.name].reserve(message.identity or "", self._clock.monotonic())) > 0:
            await self._clock.sleep(wait)
        self._calling.add(message.conversation)

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

    async def _settle(self, message: Message, end: Settled, cause: str | None) -> None:
        """One record of how it ended, written for as long as it takes."""
        stamp = Stamp(self._clock.new_id("rec"), _SYSTEM, self._clock.now(), await self._brand(message), cause)
        while True:
            try:
                await self._store.append(
                    message.conversation, lambda view: settled(view, message.id, end, stamp), end.key
                )
            except Unavailable as error:
                log.error("the end of a message cannot be recorded; trying again", message=message.id, why=str(error))
                await self._clock.sleep(0.5)
            else:
                SETTLED.labels(message.account or "", end.how).inc()
                return

    async def _brand(self, message: Message) -> str:
        account = self._accounts.get(message.account or "")
        if account is not None:
            return account.brand
        conversation = await self._store.conversation(message.conversation)
        return conversation.brand if conversation else "main"
