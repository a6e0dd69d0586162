"""News of messages that were there before: edits, deletions, reactions, receipts, echoes."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from gateway.config import Account
from gateway.places import Places
from gateway.ports import Clock, Decide, Store
from normalizer import told
from normalizer.decision import Channel
from normalizer.event import (
    Echoed,
    Event,
    MessageDeleted,
    MessageEdited,
    Reacted,
    ReceiptReceived,
    Watermark,
)
from normalizer.model import RANK, Media, Message, Part, Text
from normalizer.record import By
from normalizer.sending import settled_by_word

About = MessageEdited | MessageDeleted | Reacted | ReceiptReceived
"""What is told of one message, by the provider's name of it."""
_event: TypeAdapter[Event] = TypeAdapter(Event)
_SYSTEM = By("system", "gateway")
_BACK = 200
"""Lines that a watermark, or an echo without a name of ours, is looked for in."""


class News:
    """Applies what is told of messages; what is told too early waits."""

    def __init__(self, store: Store, clock: Clock, places: Places) -> None:
        self._store, self._clock, self._places = store, clock, places

    async def take(self, account: Account, event: About, cause: str) -> None:
        """When the message is not known yet, the news is kept first and the message looked for again,

        while whoever writes the message looks for news after writing it: so one of the two finds the other.
        """
        message = await self._store.message_of(account.name, event.provider_id)
        if message is None and isinstance(event, ReceiptReceived) and event.ref:
            message = await self._by_ref(account, event.ref, event.provider_id, event, cause)
        if message is not None:
            await self._change(account, event, message, cause)
            return
        await self._store.keep_unmatched(account.name, event.provider_id, event.id, event.model_dump_json())
        message = await self._store.message_of(account.name, event.provider_id)
        if message is not None:
            await self._change(account, event, message, cause)
            await self._store.matched(account.name, event.id)  # only now: until it is recorded, this is all we have

    async def of(self, account: Account, provider_ids: Sequence[str]) -> None:
        """Apply what was told about a message before it was known."""
        for text in await self._store.unmatched(account.name, provider_ids):
            event = _event.validate_json(text)
            if isinstance(event, About):
                await self.take(account, event, event.id)
                await self._store.matched(account.name, event.id)

    async def echo(self, account: Account, event: Echoed, cause: str) -> None:
        """A message of our side. One that we sent is settled if nobody was sure; another tool's becomes a line."""
        if await self._store.message_of(account.name, event.provider_ids[0]) is not None:
            return
        place = await self._places.of(account, event.identity)
        ours = event.ref or await self._like(account, place.conversation, event)
        if ours and await self._is_ours(account, ours):
            await self._by_ref(account, ours, event.provider_ids[0], None, cause)
            return
        stamp = self._places.stamp(account, _SYSTEM, cause)
        message_id = f"msg_{stamp.id.removeprefix('rec_')}"
        channel = Channel(account.name, account.channel)
        parts = with_ids(event.parts, self._clock)
        draft = told.echoed(event, place, channel, stamp, message_id, parts)
        await self._store.append(place.conversation, lambda _: draft, draft.key)
        await self.of(account, event.provider_ids)

    async def watermark(self, account: Account, event: Watermark, cause: str) -> None:
        """Everything up to a time was delivered or read: a receipt of each part that is not known to be."""
        place = await self._places.of(account, event.identity)
        page = await self._store.lines(place.conversation, _BACK, None)
        for line in page.data:
            if line.direction != "out" or line.account != account.name or not line.sent_at or line.sent_at > event.at:
                continue
            for provider_id in line.provider_ids:
                known = line.receipts.get(provider_id, "sent")
                if known != "failed" and RANK[known] < RANK[event.status]:
                    one = ReceiptReceived(id=f"receipt:{provider_id}:{event.status}", provider_id=provider_id,
                                          status=event.status, at=event.at)  # fmt: skip
                    await self._change(account, one, line, cause)

    async def _is_ours(self, account: Account, ref: str) -> bool:
        found = await self._store.message(ref)
        return found is not None and found.direction == "out" and found.account == account.name

    async def _like(self, account: Account, conversation: str, event: Echoed) -> str:
        """The message of ours, not known to have gone out, that an echo without a name says again."""
        words = [part.text for part in event.parts if isinstance(part, Text)]
        for line in (await self._store.lines(conversation, _BACK, None)).data:
            if line.direction == "out" and line.account == account.name and line.sent_at is None:
                said = [part.text for part in line.parts if isinstance(part, Text)]
                if (words and words[0] in said) or (not words and any(isinstance(one, Media) for one in line.parts)):
                    return line.id
        return ""

    async def _by_ref(
        self, account: Account, ref: str, provider_id: str, receipt: ReceiptReceived | None, cause: str
    ) -> Message | None:
        """Our message of this id, if word of the provider ends a doubt about it."""
        found = await self._store.message(ref)
        if found is None or found.account != account.name or found.status != "uncertain":
            return None
        stamp = self._places.stamp(account, _SYSTEM, cause)
        failure = receipt.failure if receipt is not None and receipt.status == "failed" else None
        key = f"{found.id}:word:{provider_id}"
        await self._store.append(
            found.conversation, lambda view: settled_by_word(view, ref, provider_id, failure, stamp, key), key
        )
        return await self._store.message(ref)

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
