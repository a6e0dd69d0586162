"""Who asks for something, whether they asked before, and the one way in which it becomes a record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.ports import Appended, Clock, Store
from normalizer.decision import Refusal, Stamp, View, existing
from normalizer.model import Conversation, Message
from normalizer.record import By, Draft, Record

Decision = Callable[[View, Stamp], Draft | None]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks: an agent, or an API key. ``brands`` is None for all; ``cause`` is the id of their request."""

    by: By
    brands: tuple[str, ...] | None = None
    cause: str | None = None

    def sees(self, brand: str) -> bool:
        """Whether a brand is theirs."""
        return self.brands is None or brand in self.brands


@dataclass(frozen=True, slots=True)
class Once:
    """A call that may be repeated: the key of its record, and a digest of what was asked."""

    key: str
    request: str


def once(caller: Caller, call: str, key: str, asked: Any) -> Once:
    """An Idempotency-Key, which holds for one caller and one ``call`` (``POST /v1/…``). ``asked`` is JSON."""
    digest = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Once(f"idem:{caller.by.id}:{call}:{key}", digest)


def same(caller: Caller, record: Record, asked: Once) -> Record:
    """The record of an earlier call; raises Refusal ``idempotency_mismatch`` if that call asked something else."""
    if not caller.sees(record.brand):
        raise Refusal("not_found", "no such conversation")
    if record.request != asked.request:
        raise Refusal("idempotency_mismatch", "this Idempotency-Key was used before, with another body")
    return record


class Desk:
    """Where calls are taken: finds what the caller may see, and appends what is decided."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    async def conversation(self, caller: Caller, conversation_id: str) -> Conversation:
        """A conversation of the caller's brands; raises Refusal ``not_found``."""
        found = await self.store.conversation(conversation_id)
        if found is None or not caller.sees(found.brand):
            raise Refusal("not_found", "no such conversation")
        return found

    async def message(self, caller: Caller, message_id: str) -> Message:
        """A line of a conversation of the caller's brands; raises Refusal ``not_found``."""
        found = await self.store.message(message_id)
        if found is None:
            raise Refusal("not_found", "no such message")
        await self.conversation(caller, found.conversation)
        return found

    async def before(self, caller: Caller, asked: Once | None) -> Record | None:
        """The record that this call made when it was made before. Comes before anything that may change meanwhile."""
        record = await self.store.record_of(asked.key) if asked else None
        return None if record is None or asked is None else same(caller, record, asked)

    async def append(
        self,
        caller: Caller,
        conversation_id: str,
        decision: Decision,
        asked: Once | None = None,
        key: str | None = None,
    ) -> Appended:
        """Decide on a conversation of the caller's brands. ``key`` is for what can be done only once by anybody."""
        if not conversation_id.startswith("cnv_"):
            raise Refusal("not_found", "no such conversation")
        record_id, at = self.clock.new_id("rec"), self.clock.now()

        def decide(view: View) -> Draft | None:
            brand = existing(view).brand
            if not caller.sees(brand):
                raise Refusal("not_found", "no such conversation")
            return decision(view, Stamp(record_id, caller.by, at, brand, caller.cause))

        appended = await self.store.append(conversation_id, decide, key or (asked.key if asked else None))
        if appended.duplicate and asked is not None and appended.record is not None and key is None:
            same(caller, appended.record, asked)
        return appended
