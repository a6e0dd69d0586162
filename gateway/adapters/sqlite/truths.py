"""What is true beside the log: what was tried, and what arrived and has no place yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from connectors.api import Answer
from gateway.adapters.instants import millis, moment
from gateway.adapters.sqlite.access import Access
from gateway.ports import Attempt, Clock, Kept, KeptEntry

_ATTEMPT = "id, message, step, number, name, part, started_at, status, headers, body, error, never_sent"


def begin(db: sqlite3.Connection, attempt: Attempt) -> bool:
    """Write the attempt; False if it exists."""
    written = db.execute(
        f"INSERT OR IGNORE INTO attempts ({_ATTEMPT}) VALUES ({', '.join('?' * 12)})",
        _attempt_row(attempt),
    )
    return written.rowcount == 1


def finish(db: sqlite3.Connection, attempt: Attempt) -> None:
    """Write what came back."""
    db.execute(
        "UPDATE attempts SET status = ?, headers = ?, body = ?, error = ?, never_sent = ? WHERE id = ?",
        (*_attempt_row(attempt)[7:], attempt.id),
    )


def attempts(db: sqlite3.Connection, message_id: str) -> Sequence[Attempt]:
    """All tries for a message, in order."""
    found = db.execute(
        f"SELECT {_ATTEMPT} FROM attempts WHERE message = ? ORDER BY step, number",
        (message_id,),
    )
    return [_attempt(one) for one in found]


def _attempt_row(attempt: Attempt) -> tuple[Any, ...]:
    answer = attempt.answer
    return (
        attempt.id,
        attempt.message,
        attempt.step,
        attempt.number,
        attempt.name,
        attempt.part,
        millis(attempt.started_at),
        None if answer is None else answer.status,
        None if answer is None else orjson.dumps(dict(answer.headers)).decode(),
        None if answer is None else answer.body,
        attempt.error,
        attempt.never_sent,
    )


def _attempt(found: tuple[Any, ...]) -> Attempt:
    id_, message, step, number, name, part, started_at, status, headers, body, error, never_sent = found
    return Attempt(
        id=id_,
        message=message,
        step=step,
        number=number,
        name=name,
        part=part,
        started_at=moment(started_at),
        answer=None if status is None else Answer(status, orjson.loads(headers), body),
        error=error,
        never_sent=bool(never_sent),
    )


def keep(db: sqlite3.Connection, kept: Kept) -> None:
    """Keep a request for the operator."""
    headers = orjson.dumps(dict(kept.headers)).decode()
    row = (kept.id, kept.hook, kept.why, millis(kept.at), kept.method, kept.path, headers, kept.body)
    db.execute("INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, " ".join(kept.accounts)))


def kept(db: sqlite3.Connection, limit: int, before: str | None, hook: str | None) -> Sequence[KeptEntry]:
    """The list of kept requests, newest first. SQLite knows how long a body is without reading it."""
    found = db.execute(
        "SELECT id, hook, why, at, length(body) FROM kept WHERE (:before IS NULL OR id < :before)"
        " AND (:hook IS NULL OR hook = :hook) ORDER BY id DESC LIMIT :limit",
        {"before": before, "hook": hook, "limit": limit},
    )
    return [KeptEntry(id_, hook_, why, moment(at), size) for id_, hook_, why, at, size in found]


def kept_one(db: sqlite3.Connection, kept_id: str) -> Kept | None:
    """One kept request, whole."""
    found = db.execute("SELECT * FROM kept WHERE id = ?", (kept_id,)).fetchone()
    if found is None:
        return None
    id_, hook, why, at, method, path, headers, body, accounts = found
    return Kept(id_, hook, why, moment(at), method, path, orjson.loads(headers), body, tuple(accounts.split()))


def keep_unmatched(
    db: sqlite3.Connection, account: str, provider_id: str, event_id: str, event: str, at: datetime
) -> None:
    """Keep news of a message nobody knows yet."""
    row = (account, event_id, provider_id, event, millis(at))
    db.execute(
        "INSERT OR IGNORE INTO unmatched (account, event_id, provider_id, event, at) VALUES (?, ?, ?, ?, ?)", row
    )


def unmatched(db: sqlite3.Connection, account: str, provider_ids: Sequence[str]) -> Sequence[str]:
    """The news kept about these ids."""
    found: list[str] = []
    for provider_id in provider_ids:
        about = db.execute(
            "SELECT event FROM unmatched WHERE account = ? AND provider_id = ? ORDER BY event_id",
            (account, provider_id),
        )
        found.extend(event for (event,) in about)
    return found


def matched(db: sqlite3.Connection, account: str, event_id: str) -> None:
    """Forget news that has found its message."""
    db.execute("DELETE FROM unmatched WHERE account = ? AND event_id = ?", (account, event_id))


def prune(db: sqlite3.Connection, now: datetime, before: datetime) -> int:
    """Forget what is older than ``before``, but no attempt of a message that is still to be sent; how many rows."""
    limit = millis(before)
    gone = db.execute("DELETE FROM kept WHERE at < ?", (limit,)).rowcount
    gone += db.execute("DELETE FROM unmatched WHERE at < ?", (limit,)).rowcount
    gone += db.execute("DELETE FROM sessions WHERE expires_at < ?", (millis(now),)).rowcount
    settled = "DELETE FROM attempts WHERE started_at < ? AND message NOT IN (SELECT message FROM unsettled)"
    return gone + db.execute(settled, (limit,)).rowcount


def all_unmatched(db: sqlite3.Connection) -> set[tuple[str, str]]:
    """Every account and provider id that news is kept about."""
    return set(db.execute("SELECT account, provider_id FROM unmatched"))


class Truths(Access):
    """Implements ``gateway.ports.Attempts`` and ``Leftovers``."""

    def __init__(self, path: Path, clock: Clock, *, alone: bool) -> None:
        super().__init__(path, clock, alone=alone)
        self._unmatched: set[tuple[str, str]] = set()
        self._others_wrote = False
        self._writer.on_others = self._notice_others

    async def start(self) -> None:
        """Open, migrate and catch up. Raises Unavailable."""
        await super().start()
        self._unmatched = await self._read(all_unmatched)

    def _notice_others(self) -> None:
        """In the writer's thread: what is remembered of the file may not be all that is in it."""
        self._others_wrote = True

    async def begin(self, attempt: Attempt) -> bool:
        """See ``gateway.ports.Attempts``."""
        return await self._writer.run(lambda db: begin(db, attempt))

    async def finish(self, attempt: Attempt) -> None:
        """See ``gateway.ports.Attempts``."""
        await self._writer.run(lambda db: finish(db, attempt))

    async def attempts(self, message_id: str) -> Sequence[Attempt]:
        """See ``gateway.ports.Attempts``."""
        return await self._read(attempts, message_id)

    async def keep(self, kept: Kept) -> None:
        """See ``gateway.ports.Leftovers``."""
        await self._writer.run(lambda db: keep(db, kept))

    async def kept(self, limit: int, before: str | None = None, hook: str | None = None) -> Sequence[KeptEntry]:
        """See ``gateway.ports.Leftovers``."""
        return await self._read(kept, limit, before, hook)

    async def kept_one(self, kept_id: str) -> Kept | None:
        """See ``gateway.ports.Leftovers``."""
        return await self._read(kept_one, kept_id)

    async def forget_kept(self, kept_id: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        await self._writer.run(lambda db: db.execute("DELETE FROM kept WHERE id = ?", (kept_id,)))

    async def keep_unmatched(self, account: str, provider_id: str, event_id: str, event: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        self._unmatched.add((account, provider_id))  # before the write, so that nobody who looks later misses it
        now = self._clock.now()
        await self._writer.run(lambda db: keep_unmatched(db, account, provider_id, event_id, event, now))

    async def unmatched(self, account: str, provider_ids: Sequence[str]) -> Sequence[str]:
        """See ``gateway.ports.Leftovers``."""
        if self._others_wrote:
            self._others_wrote = False
            self._unmatched |= await self._read(all_unmatched)
        about = [one for one in provider_ids if (account, one) in self._unmatched]
        return await self._read(unmatched, account, about) if about else ()

    async def waiting_news(self) -> Sequence[tuple[str, str]]:
        """See ``gateway.ports.Leftovers``."""
        return sorted(self._unmatched)

    async def prune(self, now: datetime, before: datetime) -> int:
        """See ``gateway.ports.Store``. Waits for the views, which say what is still to be sent."""
        await self._writer.views_at_head()
        known = frozenset(self._unmatched)
        gone = await self._writer.run(lambda db: prune(db, now, before))
        self._unmatched -= known - await self._read(all_unmatched)  # not what came while we read
        return gone

    async def matched(self, account: str, event_id: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        await self._writer.run(lambda db: matched(db, account, event_id))
