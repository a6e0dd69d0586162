"""Events in: each finds its account, its person and its conversation, and becomes one record."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Counter

from gateway.config import Account
from gateway.courtesies import Courtesies
from gateway.metrics import EVENTS
from gateway.news import REF, About, News, with_ids
from gateway.places import Places
from gateway.ports import Clock, Http, Store
from gateway.questions import asked
from normalizer import told
from normalizer.decision import Channel, Place, View
from normalizer.event import (
    Echoed,
    Event,
    IdentityChanged,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReachChanged,
    Reacted,
    ReceiptReceived,
    Watermark,
)
from normalizer.model import Choice, Part, Text
from normalizer.record import By, Draft

Other = ReachChanged | About | Echoed | Watermark | IdentityChanged
"""What makes no message."""

_LOOKERS = 16
"""How many pieces of news that waited are looked for side by side."""
_BUTTONS = 10
"""A channel that takes so many buttons never has its questions answered by number."""


class Intake:
    """Takes what providers tell."""

    def __init__(self, store: Store, http: Http, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._places = Places(store, clock)
        self._news = News(store, clock, self._places)
        self._courtesies = Courtesies(store, http, clock)
        self._counts: dict[str, Counter] = {}

    async def start(self, accounts: Mapping[str, Account]) -> None:
        """Look once for news that an earlier process kept, and was cut off before it could be applied.

        A few are looked for side by side. Raises Unavailable.
        """
        waiting = iter([one for one in await self._store.waiting_news() if one[0] in accounts])

        async def look() -> None:
            for name, provider_id in waiting:  # each of them is one looker's
                await self._look_for(accounts[name], provider_id)

        ends = await asyncio.gather(*(look() for _ in range(_LOOKERS)), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

    async def _look_for(self, account: Account, provider_id: str) -> None:
        if provider_id.startswith(REF):
            await self.news_of(account, (), provider_id.removeprefix(REF))
        elif await self._store.message_of(account.name, provider_id) is not None:
            await self.news_of(account, [provider_id])

    async def stop(self) -> None:
        """Let go of what is still under way beside the log."""
        await self._courtesies.stop()

    def take(
        self, account: Account, events: Sequence[Event], cause: str, arrived: datetime | None = None
    ) -> Coroutine[Any, Any, object]:
        """All events, durable when this has been awaited; known ones count as taken. Raises Unavailable.

        ``cause`` is the id of the request that brought them; ``arrived`` is when, if it was not just now.
        """
        if len(events) == 1:
            return self._take(account, events[0], cause, arrived)
        return self._take_all(account, events, cause, arrived)

    async def _take_all(self, account: Account, events: Sequence[Event], cause: str, arrived: datetime | None) -> None:
        await asyncio.gather(*(self._take(account, event, cause, arrived) for event in events))

    def _take(
        self, account: Account, event: Event, cause: str, arrived: datetime | None
    ) -> Coroutine[Any, Any, object]:
        if isinstance(event, MessageReceived):
            return self._message(account, event, cause, arrived)
        return self._other(account, event, cause)

    async def _other(self, account: Account, event: Other, cause: str) -> None:
        match event:
            case ReachChanged():
                await self._reach(account, event, cause)
            case MessageEdited() | MessageDeleted() | Reacted() | ReceiptReceived():
                await self._news.take(account, event, cause)
            case Echoed():
                await self._news.echo(account, event, cause)
            case Watermark():
                await self._news.watermark(account, event, cause)
            case IdentityChanged():
                await self._renamed(account, event, cause)
        EVENTS.labels(account.name, account.channel, event.kind, "taken").inc()

    async def _message(self, account: Account, event: MessageReceived, cause: str, arrived: datetime | None) -> None:
        name, said = account.name, event.parts
        record = self._clock.new_id("rec")  # before anything is waited for: what is told together is shown in its order
        place = None if event.aliases else self._places.known.get((account.brand, event.identity))
        place = place or await self._places.of(account, event.identity, event.aliases)
        stamp = self._places.stamp(account, By("person", place.person, event.name), cause, record)
        if arrived is not None:
            stamp = stamp._replace(arrived=arrived)
        plain = not event.reply_to and len(said) == 1 and isinstance(said[0], Text)
        parts, reply_to = (said, None) if plain else await self._ours(account, event, place)
        channel = Channel(name, account.channel)
        message_id = f"msg_{stamp.id.removeprefix('rec_')}"  # as the lines of other records are named
        draft = told.received(event, place, channel, stamp, message_id, parts, reply_to)

        def decide(view: View) -> Draft:
            picked = told.picked(view.conversation, said) if account.connector.limits.choices < _BUTTONS else None
            return told.received(event, place, channel, stamp, message_id, picked, reply_to) if picked else draft

        appended = await self._store.append(place.conversation, decide, draft.key)
        if appended.duplicate:
            EVENTS.labels(name, account.channel, event.kind, "duplicate").inc()
        else:
            self._recorded(account).inc()
        await self._news.of(account, event.provider_ids)  # of a duplicate too: last time we may have been cut off here
        self._courtesies.of(account, event, place)

    def _recorded(self, account: Account) -> Counter:
        if account.name not in self._counts:
            self._counts[account.name] = EVENTS.labels(account.name, account.channel, "message", "recorded")
        return self._counts[account.name]

    async def _ours(self, account: Account, event: MessageReceived, place: Place) -> tuple[Sequence[Part], str | None]:
        """The parts with ids of ours for files and questions, and the message that is replied to."""
        parts, picked = with_ids(event.parts, self._clock), [part for part in event.parts if isinstance(part, Choice)]
        found = {part: await asked(self._store, account.name, place, part, event.sent_at) for part in picked}
        if found:
            parts = told.asked_by(parts, found)
        if not event.reply_to:
            return parts, None
        named = next((found[part] for part in picked if part.of == event.reply_to), None)
        return parts, named or await self._known(account, event.reply_to)

    async def _known(self, account: Account, provider_id: str) -> str | None:
        message = await self._store.message_of(account.name, provider_id)
        return message.id if message else None

    async def _reach(self, account: Account, event: ReachChanged, cause: str) -> None:
        place = await self._places.of(account, event.identity)
        stamp = self._places.stamp(account, By("person", place.person, event.name), cause)
        channel = Channel(account.name, account.channel)
        draft = told.reach_changed(event, place, channel, stamp)
        await self._store.append(
            place.conversation, lambda view: draft if told.is_news(view, event, channel) else None, draft.key
        )

    async def _renamed(self, account: Account, event: IdentityChanged, cause: str) -> None:
        await self._places.of(account, event.previous, event.previous_aliases)  # whichever of them is known
        place = await self._places.moved(account, event.previous, event.identity, event.aliases)
        stamp = self._places.stamp(account, By("person", place.person), cause)
        draft = told.identity_changed(event, place, Channel(account.name, account.channel), stamp)
        await self._store.append(place.conversation, lambda _: draft, draft.key)

    async def news_of(self, account: Account, provider_ids: Sequence[str], message: str = "") -> None:
        """Apply what was told about a message before it was known, or before we knew how sending ``message`` ended."""
        await self._news.of(account, provider_ids, message)
