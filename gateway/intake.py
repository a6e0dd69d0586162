"""Events in: each finds its account, its person and its conversation, and becomes one record."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from prometheus_client import Counter
from pydantic import TypeAdapter

from connectors.api import Refused
from gateway import steps
from gateway.config import Account
from gateway.metrics import EVENTS
from gateway.ports import Clock, Http, NeverSent, NoAnswer, Store
from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import Event, MessageEdited, MessageReceived, ReachChanged, ReceiptReceived
from normalizer.model import Choice, Media, Message, Part
from normalizer.record import By

log = structlog.get_logger(__name__)

_event: TypeAdapter[Event] = TypeAdapter(Event)
_SYSTEM = By("system", "gateway")
_PLACES_REMEMBERED = 200_000


class Intake:
    """Takes what providers tell."""

    def __init__(self, store: Store, http: Http, clock: Clock) -> None:
        self._store, self._http, self._clock = store, http, clock
        self._counts: dict[str, Counter] = {}
        self._places: dict[tuple[str, str], Place] = {}
        self._courtesies: set[asyncio.Task[None]] = set()

    async def start(self, accounts: Mapping[str, Account]) -> None:
        """Look once for news that an earlier process kept, and was cut off before it could be applied."""
        for name, provider_id in await self._store.waiting_news():
            if name in accounts and await self._store.message_of(name, provider_id) is not None:
                await self.news_of(accounts[name], [provider_id])

    async def stop(self) -> None:
        """Let go of what is still under way beside the log."""
        for task in tuple(self._courtesies):
            task.cancel()
        await asyncio.gather(*self._courtesies, return_exceptions=True)

    async def take(self, account: Account, events: Sequence[Event], cause: str) -> None:
        """All events, durable when this returns; known ones count as taken. Raises Unavailable.

        ``cause`` is the id of the request that brought them.
        """
        if len(events) == 1:
            await self._take(account, events[0], cause)
        else:
            await asyncio.gather(*(self._take(account, event, cause) for event in events))

    async def _take(self, account: Account, event: Event, cause: str) -> None:
        match event:
            case MessageReceived():
                await self._message(account, event, cause)
            case ReachChanged():
                await self._reach(account, event, cause)
            case MessageEdited() | ReceiptReceived():
                await self._about(account, event, cause)

    async def _message(self, account: Account, event: MessageReceived, cause: str) -> None:
        place = await self._place(account, event.identity)
        stamp = self._stamp(account, By("person", place.person, event.name), cause)
        parts, reply_to = await self._ours(account, event)
        channel = Channel(account.name, account.channel)
        draft = told.received(event, place, channel, stamp, self._clock.new_id("msg"), parts, reply_to)
        appended = await self._store.append(place.conversation, lambda _: draft, draft.key)
        if appended.duplicate:
            EVENTS.labels(account.name, "duplicate").inc()
        else:
            self._recorded(account.name).inc()
        await self.news_of(account, event.provider_ids)  # of a duplicate too: last time we may have been cut off here
        acknowledge = account.connector.acknowledge
        if acknowledge is not None and next(acknowledge(event, account.settings), None) is not None:
            self._courtesy(self._acknowledge(account, event))

    def _recorded(self, account: str) -> Counter:
        if account not in self._counts:
            self._counts[account] = EVENTS.labels(account, "recorded")
        return self._counts[account]

    async def _place(self, account: Account, identity: str) -> Place:
        """Whose the identity is; bound once and for ever, so it may be remembered."""
        known = self._places.get((account.brand, identity))
        if known is not None:
            return known
        proposal = Place(self._clock.new_id("per"), self._clock.new_id("cnv"))
        bound = await self._store.bind(account.brand, identity, proposal)
        if len(self._places) >= _PLACES_REMEMBERED:
            self._places.clear()
        self._places[account.brand, identity] = bound
        return bound

    def _stamp(self, account: Account, by: By, cause: str) -> Stamp:
        return Stamp(self._clock.new_id("rec"), by, self._clock.now(), account.brand, cause)

    async def _ours(self, account: Account, event: MessageReceived) -> tuple[Sequence[Part], str | None]:
        """The parts with ids of ours for files and questions, and the message that is replied to."""
        parts = self._kept(event.parts)
        for part in event.parts:
            if isinstance(part, Choice) and part.of:
                parts = told.asked_by(parts, await self._known(account, part.of))
        return parts, await self._known(account, event.reply_to) if event.reply_to else None

    def _kept(self, parts: Sequence[Part]) -> Sequence[Part]:
        found = [part for part in parts if isinstance(part, Media) and part.ref]
        return told.keep_files(parts, [self._clock.new_id("med") for _ in found]) if found else parts

    async def _known(self, account: Account, provider_id: str) -> str | None:
        message = await self._store.message_of(account.name, provider_id)
        return message.id if message else None

    async def _reach(self, account: Account, event: ReachChanged, cause: str) -> None:
        place = await self._place(account, event.identity)
        stamp = self._stamp(account, By("person", place.person, event.name), cause)
        draft = told.reach_changed(event, place, Channel(account.name, account.channel), stamp)
        await self._store.append(place.conversation, lambda _: draft, draft.key)

    async def _about(self, account: Account, event: MessageEdited | ReceiptReceived, cause: str) -> None:
        """News of a message. When it is not known yet, the news is kept first and the message looked for again,

        while whoever writes the message looks for news after writing it: so one of the two finds the other.
        """
        message = await self._store.message_of(account.name, event.provider_id)
        if message is None:
            await self._store.keep_unmatched(account.name, event.provider_id, event.id, event.model_dump_json())
            message = await self._store.message_of(account.name, event.provider_id)
            if message is None:
                return
            await self._change(account, event, message, cause)
            await self._store.matched(account.name, event.id)  # only now: until it is recorded, this is all we have
        else:
            await self._change(account, event, message, cause)

    async def _change(
        self, account: Account, event: MessageEdited | ReceiptReceived, about: Message, cause: str
    ) -> None:
        channel = Channel(account.name, account.channel)
        if isinstance(event, MessageEdited):
            stamp = self._stamp(account, By(about.author.kind, about.author.id, about.author.name), cause)
            parts = self._kept(event.parts)
            await self._store.append(
                about.conversation,
                lambda view: told.edited(view, event, channel, stamp, about.id, parts),
                f"{account.name}:{event.id}",
            )
        else:
            stamp = self._stamp(account, _SYSTEM, cause)
            await self._store.append(
                about.conversation,
                lambda view: told.receipt(view, event, channel, stamp, about.id),
                f"{account.name}:{event.id}",
            )

    async def news_of(self, account: Account, provider_ids: Sequence[str]) -> None:
        """Apply what was told about a message before it was known."""
        for text in await self._store.unmatched(account.name, provider_ids):
            event = _event.validate_json(text)
            if isinstance(event, MessageEdited | ReceiptReceived):
                await self._about(account, event, event.id)
                await self._store.matched(account.name, event.id)

    def _courtesy(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._courtesies.add(task)
        task.add_done_callback(self._courtesies.discard)

    async def _acknowledge(self, account: Account, event: MessageReceived) -> None:
        """Tell the provider that a press was seen. Nothing hangs on it: a failure is only logged."""
        assert account.connector.acknowledge is not None  # noqa: S101 - asked by the caller
        with suppress(asyncio.CancelledError):
            try:
                await steps.run(
                    account.connector.acknowledge(event, account.settings), self._http, account.connector.classify
                )
            except (Refused, NeverSent, NoAnswer, steps.Unsettled) as error:
                log.info("acknowledgement failed", account=account.name, event_id=event.id, why=str(error))
