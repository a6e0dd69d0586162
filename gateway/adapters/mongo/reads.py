"""Questions to the view collections; the order of every list and the places in it are those of the embedded store."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from gateway.adapters.deferrals import Deferrals
from gateway.adapters.instants import millis
from gateway.adapters.listing import place, placed
from gateway.adapters.mongo import documents, exact
from gateway.adapters.mongo.collection import Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.documents import digits
from gateway.adapters.mongo.places import beyond
from gateway.adapters.mongo.states import LINES
from gateway.adapters.mongo.trouble import reaching
from gateway.ports import ConversationPage, LinePage, PersonPage, Unsettled, Wanted
from normalizer.model import Conversation
from normalizer.record import Record

_CONVERSATIONS = ("owed", "recency", "_id")
_PEOPLE = ("name", "_id")


async def conversations(db: Collections, wanted: Wanted, cursor: int) -> ConversationPage:
    """A page of the list: first come due first, then nothing owed last, then latest change first."""
    filters = _filters(wanted)
    if wanted.after is not None:
        filters |= beyond(placed(wanted.after, int, int, str), _CONVERSATIONS)
    with reaching():
        found = await db.conversations.find(filters).sort(_by(_CONVERSATIONS)).limit(wanted.limit + 1).to_list()
    following = _following(found, wanted.limit, _CONVERSATIONS)
    return ConversationPage([_conversation(one) for one in found[: wanted.limit]], following, cursor)


def _filters(wanted: Wanted) -> Document:
    filters = _of_brands(wanted.brands)
    for name in ("status", "channel", "account"):
        if (value := getattr(wanted, name)) is not None:
            filters[name] = value
    if wanted.assignee is not None:
        filters["assignee"] = None if wanted.assignee == "none" else wanted.assignee
    return filters | _containing(wanted.q)


def _of_brands(brands: tuple[str, ...] | None) -> Document:
    return {} if brands is None else {"brand": {"$in": list(brands)}}


def _containing(text: str | None) -> Document:
    return {"search": {"$regex": re.escape(text.casefold())}} if text else {}


def _by(names: Sequence[str], direction: int = 1) -> list[tuple[str, int]]:
    return [(name, direction) for name in names]


def _following(found: Sequence[Document], limit: int, names: Sequence[str]) -> str | None:
    """Where the next page starts, if there was one more than a page."""
    return place(*(found[limit - 1][name] for name in names)) if len(found) > limit else None


def _conversation(found: Document) -> Conversation:
    return Conversation.model_validate_json(found["body"])


async def lines(db: Collections, conversation_id: str, limit: int, before: str | None, cursor: int) -> LinePage:
    """A page of lines, oldest first; the page before it starts at ``previous``."""
    filters: Document = {"conversation": conversation_id}
    if before is not None:
        filters |= beyond(placed(before, int, int, str), LINES, "$lt")
    with reaching():
        found = await db.lines.find(filters).sort(_by(LINES, -1)).limit(limit + 1).to_list()
    previous = _following(found, limit, LINES)
    return LinePage([documents.line(one) for one in found[:limit][::-1]], previous, cursor)


async def people(
    db: Collections, brands: tuple[str, ...] | None, q: str | None, limit: int, after: str | None
) -> PersonPage:
    """A page of people by name."""
    filters = _of_brands(brands) | _containing(q)
    if after is not None:
        filters |= beyond(placed(after, str, str), _PEOPLE)
    with reaching():
        found = await db.people.find(filters).sort(_by(_PEOPLE)).limit(limit + 1).to_list()
    return PersonPage([documents.person(one) for one in found[:limit]], _following(found, limit, _PEOPLE))


async def unsettled(db: Collections, deferrals: Deferrals, conversation_id: str | None) -> Sequence[Unsettled]:
    """What is still to be sent, by conversation and seq."""
    filters = {"conversation": conversation_id} if conversation_id else {}
    with reaching():
        found = await db.unsettled.find(filters).sort(_by(("conversation", "seq"))).to_list()
    due = {one["_id"]: deferrals.due(one["_id"], one.get("since", 0), one["send_at"]) for one in found}
    return [Unsettled(one["_id"], one["conversation"], one["account"], one["seq"], due[one["_id"]]) for one in found]


async def asleep_until(db: Collections, now: datetime) -> Sequence[Conversation]:
    """The snoozed conversations whose time has come."""
    with reaching():
        found = await db.conversations.find({"snoozed_until": {"$lte": millis(now)}}).to_list()
    return [_conversation(one) for one in found]


async def young_after(db: Collections, feed: int, since: datetime) -> bool:
    """Whether the feed is still given after a place: whether the next record, if there is one, is young enough."""
    entry = await exact.one(db.feed, digits(feed + 1))
    return entry is None or entry["at"] >= millis(since)


async def oldest(db: Collections, head: int, since: datetime) -> int:
    """The place before the first record that is not older than ``since``."""
    # Feed and time rise together but for clock steps, so a search by halves finds the place without an index.
    low, high = 0, head
    while low < high:
        middle = (low + high) // 2
        if await young_after(db, middle, since):
            high = middle
        else:
            low = middle + 1
    return low


async def feed(db: Collections, after: int, limit: int, head: int) -> list[Record]:
    """The records after a place and up to the head, in order."""
    with reaching():
        wanted = {"_id": {"$gt": digits(after), "$lte": digits(head)}}
        entries = await db.feed.find(wanted).sort("_id", 1).limit(limit).to_list()
    by_key = await exact.records_of(db, [one["record"] for one in entries])
    return [by_key[one["record"]]._replace(feed=int(one["_id"])) for one in entries]
