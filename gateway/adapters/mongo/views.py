"""The views as they are read: one conversation exactly as the log has it, lists once the relay has come that far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.adapters.deferrals import Deferrals
from gateway.adapters.listing import placed
from gateway.adapters.mongo import documents, exact, reads, rebuilding, states
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.following import Following
from gateway.adapters.mongo.numbering import Relay
from gateway.ports import ConversationPage, LinePage, PersonPage, Unsettled, Wanted
from normalizer.model import Conversation, Message, Person


class ViewsPart:
    """Implements ``gateway.ports.Views``."""

    _collections: Collections
    _following: Following
    _deferrals: Deferrals
    _relay: Relay

    async def _views_at_head(self) -> None:
        """Wait until the views say all that the log says now."""
        await self._following.at_head()

    async def conversations(self, wanted: Wanted) -> ConversationPage:
        """See ``gateway.ports.Views``."""
        if wanted.after is not None:
            placed(wanted.after, int, int, str)
        await self._following.at_head()
        return await reads.conversations(self._collections, wanted, await self._following.head())

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """See ``gateway.ports.Views``. Waits for nobody."""
        return (await states.now(self._collections, conversation_id)).conversation

    async def lines(self, conversation_id: str, limit: int, before: str | None) -> LinePage:
        """See ``gateway.ports.Views``. Waits for this conversation's records only."""
        if before is not None:
            placed(before, int, int, str)
        await self._following.at_head(conversation_id)
        cursor = await self._following.head()
        return await reads.lines(self._collections, conversation_id, limit, before, cursor)

    async def message(self, message_id: str) -> Message | None:
        """See ``gateway.ports.Views``. Waits only for a message that no view knows."""
        db = self._collections
        found = await exact.one(db.lines, message_id)
        if found is None:
            await self._following.at_head()
            return await states.line_now(db, message_id, ())
        tail = (await states.now(db, found["conversation"])).tail
        return await states.line_now(db, message_id, tail)

    async def message_of(self, account: str, provider_id: str) -> Message | None:
        """See ``gateway.ports.Views``. Waits only for an id that no view knows: one that is known is known for ever."""
        db, known_by = self._collections, f"{account} {provider_id}"
        found = await exact.one(db.provider_ids, known_by)
        if found is None:
            await self._following.at_head()
            found = await exact.one(db.provider_ids, known_by)
        return None if found is None else await self.message(found["message"])

    async def people(self, brands: tuple[str, ...] | None, q: str | None, limit: int, after: str | None) -> PersonPage:
        """See ``gateway.ports.Views``."""
        if after is not None:
            placed(after, str, str)
        await self._following.at_head()
        return await reads.people(self._collections, brands, q, limit, after)

    async def person(self, person_id: str) -> Person | None:
        """See ``gateway.ports.Views``. Waits for the records of their conversation; for all, if nobody knows them."""
        found = await exact.one(self._collections.people, person_id)
        await self._following.at_head(None if found is None else documents.person(found).conversation)
        found = await exact.one(self._collections.people, person_id)
        return None if found is None else documents.person(found)

    async def unsettled(self, conversation_id: str | None = None) -> Sequence[Unsettled]:
        """See ``gateway.ports.Views``. What a clock that is ahead put off is due as ``Deferrals`` says."""
        await self._following.at_head(conversation_id)
        return await reads.unsettled(self._collections, self._deferrals, conversation_id)

    async def asleep_until(self, now: datetime) -> Sequence[Conversation]:
        """See ``gateway.ports.Views``."""
        await self._following.at_head()
        return await reads.asleep_until(self._collections, now)

    async def rebuild(self, progress: Callable[[int, int], None]) -> int:
        """See ``gateway.ports.Views``. For the one relay, or for a command while there is none. Raises Overtaken."""
        return await self._relay.refold(lambda: rebuilding.empty(self._collections), progress)
