"""What is read: pages of the views, and single ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from gateway.adapters.instants import millis, moment
from gateway.adapters.listing import place, placed
from gateway.adapters.sqlite.access import Access
from gateway.adapters.sqlite.rebuilding import rebuild
from gateway.ports import ConversationPage, LinePage, PersonPage, Unsettled, Wanted
from normalizer.model import Conversation, Message, Person


def conversations(db: sqlite3.Connection, wanted: Wanted) -> ConversationPage:
    """A page of the list: first come due first, nothing owed last, then latest change first."""
    conditions, values = _conditions(wanted)
    if wanted.after is not None:
        conditions.append("(owed, recency, id) > (?, ?, ?)")
        values += placed(wanted.after, int, int, str)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    db.execute("BEGIN")
    try:
        found = db.execute(
            f"SELECT body, owed, recency, id FROM conversations {where} ORDER BY owed, recency, id LIMIT ?",
            (*values, wanted.limit + 1),
        ).fetchall()
        cursor = folded(db)
    finally:
        db.execute("COMMIT")
    more = len(found) > wanted.limit
    found = found[: wanted.limit]
    return ConversationPage(
        data=[Conversation.model_validate_json(body) for body, *_ in found],
        next=place(*found[-1][1:]) if more else None,
        cursor=cursor,
    )


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    conditions, values = _of_brands(wanted.brands)
    for column, value in (
        ("status", wanted.status),
        ("channel", wanted.channel),
        ("account", wanted.account),
    ):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if wanted.assignee == "none":
        conditions.append("assignee IS NULL")
    elif wanted.assignee is not None:
        conditions.append("assignee = ?")
        values.append(wanted.assignee)
    if wanted.q:
        conditions.append("search LIKE ? ESCAPE '\\'")
        values.append(_containing(wanted.q))
    return conditions, values


def _of_brands(brands: tuple[str, ...] | None) -> tuple[list[str], list[Any]]:
    if brands is None:
        return [], []
    return [f"brand IN ({', '.join('?' * len(brands))})"], list(brands)


def _containing(text: str) -> str:
    escaped = text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def conversation(db: sqlite3.Connection, conversation_id: str) -> Conversation | None:
    """One conversation."""
    found = db.execute("SELECT body FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    return None if found is None else Conversation.model_validate_json(found[0])


def lines(db: sqlite3.Connection, conversation_id: str, limit: int, before: str | None) -> LinePage:
    """A page of lines, oldest first; the page before it starts at ``previous``."""
    condition, values = "", []
    if before is not None:
        condition, values = "AND (shown_at, ord, id) < (?, ?, ?)", placed(before, int, int, str)
    db.execute("BEGIN")
    try:
        found = db.execute(
            "SELECT body, shown_at, ord, id FROM lines "
            f"WHERE conversation = ? {condition} ORDER BY shown_at DESC, ord DESC, id DESC LIMIT ?",
            (conversation_id, *values, limit + 1),
        ).fetchall()
        cursor = folded(db)
    finally:
        db.execute("COMMIT")
    more = len(found) > limit
    found = found[:limit][::-1]
    return LinePage(
        data=[Message.model_validate_json(body) for body, *_ in found],
        previous=place(*found[0][1:]) if more else None,
        cursor=cursor,
    )


def line(db: sqlite3.Connection, message_id: str) -> Message | None:
    """One line."""
    found = db.execute("SELECT body FROM lines WHERE id = ?", (message_id,)).fetchone()
    return None if found is None else Message.model_validate_json(found[0])


def message_of(db: sqlite3.Connection, account: str, provider_id: str) -> Message | None:
    """The line that a provider knows by this id."""
    found = db.execute(
        "SELECT body FROM provider_ids JOIN lines ON lines.id = message WHERE provider_ids.account = ? AND provider_id = ?",
        (account, provider_id),
    ).fetchone()
    return None if found is None else Message.model_validate_json(found[0])


def people(
    db: sqlite3.Connection, brands: tuple[str, ...] | None, q: str | None, limit: int, after: str | None
) -> PersonPage:
    """A page of people by name."""
    conditions, values = _of_brands(brands)
    if q:
        conditions.append("search LIKE ? ESCAPE '\\'")
        values.append(_containing(q))
    if after is not None:
        conditions.append("(name, id) > (?, ?)")
        values += placed(after, str, str)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = db.execute(
        f"SELECT body, name, id FROM people {where} ORDER BY name, id LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    more = len(found) > limit
    found = found[:limit]
    return PersonPage([Person.model_validate_json(body) for body, *_ in found], place(*found[-1][1:]) if more else None)


def person(db: sqlite3.Connection, person_id: str) -> Person | None:
    """One person."""
    found = db.execute("SELECT body FROM people WHERE id = ?", (person_id,)).fetchone()
    return None if found is None else Person.model_validate_json(found[0])


def unsettled(db: sqlite3.Connection, conversation_id: str | None) -> Sequence[Unsettled]:
    """What is still to be sent, by conversation and seq."""
    condition, values = ("WHERE conversation = ?", [conversation_id]) if conversation_id else ("", [])
    found = db.execute(
        f"SELECT message, conversation, account, seq, send_at FROM unsettled {condition} ORDER BY conversation, seq",
        values,
    )
    return [
        Unsettled(message, conversation, account, seq, moment(send_at))
        for message, conversation, account, seq, send_at in found
    ]


def asleep_until(db: sqlite3.Connection, now: datetime) -> Sequence[Conversation]:
    """The snoozed conversations whose time has come."""
    found = db.execute("SELECT body FROM conversations WHERE snoozed_until <= ?", (millis(now),))
    return [Conversation.model_validate_json(body) for (body,) in found]


def folded(db: sqlite3.Connection) -> int:
    """The place in the feed that the view tables reflect."""
    place_in_feed: int = db.execute("SELECT feed FROM folded").fetchone()[0]
    return place_in_feed


class Views(Access):
    """Implements ``gateway.ports.Views``."""

    async def conversations(self, wanted: Wanted) -> ConversationPage:
        """See ``gateway.ports.Views``."""
        return await self._view(conversations, wanted)

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """See ``gateway.ports.Views``."""
        return await self._view(conversation, conversation_id)

    async def lines(self, conversation_id: str, limit: int, before: str | None) -> LinePage:
        """See ``gateway.ports.Views``."""
        return await self._view(lines, conversation_id, limit, before)

    async def message(self, message_id: str) -> Message | None:
        """See ``gateway.ports.Views``."""
        return await self._view(line, message_id)

    async def message_of(self, account: str, provider_id: str) -> Message | None:
        """See ``gateway.ports.Views``."""
        return await self._view(message_of, account, provider_id)

    async def people(self, brands: tuple[str, ...] | None, q: str | None, limit: int, after: str | None) -> PersonPage:
        """See ``gateway.ports.Views``."""
        return await self._view(people, brands, q, limit, after)

    async def person(self, person_id: str) -> Person | None:
        """See ``gateway.ports.Views``."""
        return await self._view(person, person_id)

    async def unsettled(self, conversation_id: str | None = None) -> Sequence[Unsettled]:
        """See ``gateway.ports.Views``."""
        return await self._view(unsettled, conversation_id)

    async def asleep_until(self, now: datetime) -> Sequence[Conversation]:
        """See ``gateway.ports.Views``."""
        return await self._view(asleep_until, now)

    async def rebuild(self, progress: Callable[[int, int], None]) -> int:
        """See ``gateway.ports.Views``."""
        return await rebuild(self._writer, progress)
