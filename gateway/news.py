"""News of messages that were there before: edits, deletions, reactions, receipts, echoes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from gateway.config import Account
from gateway.places import Places
from gateway.ports import Clock, Decide, Store
from normalizer import told
from normalizer.decision import Channel, Place
from normalizer.event import (
    Echoed,
    Event,
    MessageDeleted,
    MessageEdited,
    Reacted,
    ReceiptReceived,
    Watermark,
)
from normalizer.likeness import UNDER_WAY, may_say
from normalizer.model import RANK, Failure, Media, Message, Part
from normalizer.record import By
from normalizer.sending import settled_by_word

About = MessageEdited | MessageDeleted | Reacted | ReceiptReceived
"""What is told of one message, by the provider's name of it."""
Early = ReceiptReceived | Echoed | Watermark
"""What may be told of a message of ours before we know how sending it ended."""
_event: TypeAdapter[Event] = TypeAdapter(Event)
REF = "ref:"
"""Before the id of our own message, where news waits for it to be settled."""
_SYSTEM = By("system", "gateway")
_BACK = 200
"""Lines that a watermark, or an echo without a name of ours, is looked for in."""
_BEFORE, _AFTER = timedelta(minutes=5), timedelta(minutes=10)
"""So long before and after a try of ours the provider may date the echo of it."""
_APART = timedelta(seconds=1)
"""Our clock and the provider's may be so far apart; some count in whole seconds only."""


class News:
    """Applies what is told of messages; what is told too early waits.

    It waits under the provider's name of the message while nobody knows that, and under ``ref:`` and our own id while
    the message is under way: what the provider says may be the very answer that we shall not get.
    """

    def __init__(self, store: Store, clock: Clock, places: Places) -> None:
        self._store, self._clock, self._places = store, clock, places

    async def take(self, account: Account, event: About, cause: str) -> bool:
        """Apply it, or keep it; says whether it found its message.

        When the message is not known yet, the news is kept first and the message looked for again, while whoever
        writes the message looks for news after writing it: so one of the two finds the other.
        """
        if await self._applied(account, event, cause):
            return True
        await self._store.keep_unmatched(account.name, event.provider_id, event.id, event.model_dump_json())
        if isinstance(event, ReceiptReceived):
            ours = await self._ours(account, event.ref)
            if ours is not None and ours.status in UNDER_WAY:
                await self._wait(account, ours.id, event)
        if not await self._applied(account, event, cause):
            return False
        await self._store.matched(account.name, event.id)  # only now: until it is recorded, this is all we have
        return True

    async def of(self, account: Account, provider_ids: Sequence[str], message_id: str = "") -> None:
        """Apply what was told about a message before it was known, and before it was known how ``message_id`` ended."""
        for text in await self._store.unmatched(account.name, provider_ids):
            event = _event.validate_json(text)
            if isinstance(event, About) and await self.take(account, event, event.id):
                await self._store.matched(account.name, event.id)
        if message_id:
            await self._again(account, message_id)

    async def echo(self, account: Account, event: Echoed, cause: str) -> None:
        """A message of our side. One that we sent is settled if nobody was sure; another tool's becomes a line.

        While one that it may be of is under way, it waits: then the message knows its own names.
        """
        if await self._is_known(account, event):
            return
        place = await self._places.of(account, event.identity)
        named = await self._ours(account, event.ref)
        ours = named or (None if event.ref else await self._like(account, place, event))
        if ours is None:
            await self._elsewhere(account, event, place, cause)
        elif ours.status in UNDER_WAY:
            await self._wait(account, ours.id, event)
        elif ours.status == "uncertain":
            await self._end_doubt(account, ours, event.provider_ids[0], None, event.sent_at, cause)

    async def watermark(self, account: Account, event: Watermark, cause: str) -> None:
        """Everything up to a time was delivered or read: a receipt of each part that is not known to be.

        A message counts if the provider may have had it by then: when our last try of it began, for its answer comes
        after the provider's own time of it, and a message may be queued for long before it is tried. One whose end is
        not known waits for that, with the newest watermark of each kind.
        """
        place = await self._places.of(account, event.identity)
        for line in (await self._store.lines(place.conversation, _BACK, None)).data:
            if line.direction != "out" or line.account != account.name:
                continue
            if line.status not in UNDER_WAY and line.status != "uncertain":
                await self._mark(account, event, line, cause)
            elif await self._was_tried(line, event.at):
                await self._wait(account, line.id, event)
                await self._forget_older(account, line.id, event)

    # What waits for a message of ours to be settled.

    async def _wait(self, account: Account, message_id: str, event: Early) -> None:
        """Keep it first, and look again: it may be settled by now."""
        await self._store.keep_unmatched(
            account.name, _waiting(message_id), _row(event, message_id), event.model_dump_json()
        )
        await self._again(account, message_id)

    async def _again(self, account: Account, message_id: str) -> None:
        """Take once more what waits for this message, if that has ended."""
        for text in await self._store.unmatched(account.name, (_waiting(message_id),)):
            event = _event.validate_json(text)
            message = await self._ours(account, message_id)
            if message is not None and message.status in UNDER_WAY:
                return
            match event:
                case Watermark() if message is not None:
                    if message.status == "uncertain":
                        continue
                    await self._mark(account, event, message, event.id)
                case Echoed():
                    await self.echo(account, event, event.id)
                case ReceiptReceived():
                    if await self.take(account, event, event.id):
                        await self._store.matched(account.name, event.id)
            await self._store.matched(account.name, _row(event, message_id))

    async def _forget_older(self, account: Account, message_id: str, event: Watermark) -> None:
        """Of the watermarks that wait for a message and say the same, keep the newest."""
        waiting = [
            _event.validate_json(one) for one in await self._store.unmatched(account.name, [_waiting(message_id)])
        ]
        marks = [one for one in waiting if isinstance(one, Watermark) and one.status == event.status]
        for older in sorted(marks, key=lambda one: one.at)[:-1]:
            await self._store.matched(account.name, _row(older, message_id))

    async def _mark(self, account: Account, event: Watermark, line: Message, cause: str) -> None:
        """What a watermark says of one message of ours."""
        if line.sent_at is None or (line.sent_at > event.at and not await self._was_tried(line, event.at)):
            return
        for provider_id in line.provider_ids:
            known = line.receipts.get(provider_id, "sent")
            if known != "failed" and RANK[known] < RANK[event.status]:
                one = ReceiptReceived(id=f"receipt:{provider_id}:{event.status}", provider_id=provider_id,
                                      status=event.status, at=event.at)  # fmt: skip
                await self._change(account, one, line, cause)

    async def _was_tried(self, line: Message, by: datetime) -> bool:
        """Whether the last try of a message, which is the one that counts, began by then."""
        if line.received_at > by + _APART:
            return False
        tried = await self._tries(line)
        return bool(tried) and tried[-1] <= by + _APART

    async def _tries(self, line: Message) -> Sequence[datetime]:
        """When each try of a message began that may have reached the provider."""
        return [one.started_at for one in await self._store.attempts(line.id) if not one.never_sent]

    # Whose an echo is.

    async def _is_known(self, account: Account, event: Echoed) -> bool:
        return await self._store.message_of(account.name, event.provider_ids[0]) is not None

    async def _ours(self, account: Account, message_id: str) -> Message | None:
        found = await self._store.message(message_id) if message_id else None
        return found if found is not None and found.direction == "out" and found.account == account.name else None

    async def _like(self, account: Account, place: Place, event: Echoed) -> Message | None:
        """The message of ours, not known to have gone out, that an echo without a name says again.

        Rather one under way: if the echo is not of that one, it is looked for again once that has ended.
        """
        found = []
        for line in (await self._store.lines(place.conversation, _BACK, None)).data:
            if line.direction == "out" and line.account == account.name and may_say(line, event.parts):
                tries = await self._tries(line)
                if any(-_BEFORE <= event.sent_at - began <= _AFTER for began in tries):
                    found.append(line)
        return min(found, key=lambda line: line.status == "uncertain", default=None)

    async def _elsewhere(self, account: Account, event: Echoed, place: Place, cause: str) -> None:
        """A line of another tool; unless a message of ours that went out while we looked has its name."""
        if await self._is_known(account, event):
            return
        stamp = self._places.stamp(account, _SYSTEM, cause)
        message_id = f"msg_{stamp.id.removeprefix('rec_')}"
        channel = Channel(account.name, account.channel)
        parts = with_ids(event.parts, self._clock)
        draft = told.echoed(event, place, channel, stamp, message_id, parts)
        await self._store.append(place.conversation, lambda _: draft, draft.key)
        await self.of(account, event.provider_ids)

    # What becomes of a message.

    async def _applied(self, account: Account, event: About, cause: str) -> bool:
        """Record it, if its message is known or it ends a doubt about one of ours."""
        message = await self._store.message_of(account.name, event.provider_id)
        if message is None and isinstance(event, ReceiptReceived):
            ours = await self._ours(account, event.ref)
            if ours is not None and ours.status == "uncertain":
                failure = event.failure if event.status == "failed" else None
                at = event.at or next(reversed(await self._tries(ours)), None)
                message = await self._end_doubt(account, ours, event.provider_id, failure, at, cause)
        if message is not None:
            await self._change(account, event, message, cause)
        return message is not None

    async def _end_doubt(
        self,
        account: Account,
        doubted: Message,
        provider_id: str,
        failure: Failure | None,
        at: datetime | None,
        cause: str,
    ) -> Message | None:
        """The provider's word, said ``at``, settles an uncertain message; then all that waited for this is applied."""
        stamp = self._places.stamp(account, _SYSTEM, cause)
        key = f"{doubted.id}:word:{provider_id}"
        appended = await self._store.append(
            doubted.conversation,
            lambda view: settled_by_word(view, doubted.id, provider_id, failure, stamp, key, at),
            key,
        )
        if appended.record is not None:
            await self.of(account, (provider_id,), doubted.id)
        return await self._store.message_of(account.name, provider_id)

    async def _change(self, account: Account, event: About, about: Message, cause: str) -> None:
        decide = await self._decision(account, event, about, cause)
        await self._store.append(about.conversation, decide, f"{account.name}:{event.id}")

    async def _decision(self, account: Account, event: About, about: Message, cause: str) -> Decide:
        """What becomes of a message, decided once its conversation is at hand."""
        channel, author = Channel(account.name, account.channel), about.author
        match event:
            case MessageEdited():
                parts = with_ids(event.parts, self._clock)
                stamp = self._places.stamp(account, By(author.kind, author.id, author.name), cause)
                return lambda view: told.edited(view, event, channel, stamp, about.id, parts)
            case MessageDeleted():
                stamp = self._places.stamp(account, By(author.kind, author.id, author.name), cause)
                return lambda view: told.deleted(view, event, channel, stamp, about.id)
            case Reacted():
                place = await self._places.of(account, event.identity)
                stamp = self._places.stamp(account, By("person", place.person, event.name), cause)
                return lambda view: told.reacted(view, event, channel, stamp, about.id)
            case ReceiptReceived():
                stamp = self._places.stamp(account, _SYSTEM, cause)
                return lambda view: told.receipt(view, event, channel, stamp, about.id)


def with_ids(parts: Sequence[Part], clock: Clock) -> Sequence[Part]:
    """The parts, with an id of ours for every file of the provider's."""
    found = [part for part in parts if isinstance(part, Media) and part.ref]
    return told.keep_files(parts, [clock.new_id("med") for _ in found]) if found else parts


def _waiting(message_id: str) -> str:
    """Where news waits for a message of ours to be settled."""
    return f"{REF}{message_id}"


def _row(event: Event, message_id: str) -> str:
    """The name of news that waits so: a receipt waits under the provider's name of its message too."""
    return f"{event.id}:{REF}{message_id}"
