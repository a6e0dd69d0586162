"""What is true beside the log: attempts, kept requests, unmatched news, files. Each a function of a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from connectors.api import Answer
from gateway.adapters.sqlite import rows
from gateway.ports import Attempt, Kept, KeptEntry, KeptFile, Look
from normalizer.decision import Place

_ATTEMPT = "id, message, step, number, name, part, started_at, status, headers, body, error, never_sent"
_FILE = "id, brand, state, account, conversation, ref, mime, name, size, path, why, look"


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
        rows.millis(attempt.started_at),
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
        started_at=rows.moment(started_at),
        answer=None if status is None else Answer(status, orjson.loads(headers), body),
        error=error,
        never_sent=bool(never_sent),
    )


def keep(db: sqlite3.Connection, kept: Kept) -> None:
    """Keep a request for the operator."""
    headers = orjson.dumps(dict(kept.headers)).decode()
    row = (kept.id, kept.hook, kept.why, rows.millis(kept.at), kept.method, kept.path, headers, kept.body)
    db.execute("INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, " ".join(kept.accounts)))


def kept(db: sqlite3.Connection, limit: int, before: str | None, hook: str | None) -> Sequence[KeptEntry]:
    """The list of kept requests, newest first. SQLite knows how long a body is without reading it."""
    found = db.execute(
        "SELECT id, hook, why, at, length(body) FROM kept WHERE (:before IS NULL OR id < :before)"
        " AND (:hook IS NULL OR hook = :hook) ORDER BY id DESC LIMIT :limit",
        {"before": before, "hook": hook, "limit": limit},
    )
    return [KeptEntry(id_, hook_, why, rows.moment(at), size) for id_, hook_, why, at, size in found]


def kept_one(db: sqlite3.Connection, kept_id: str) -> Kept | None:
    """One kept request, whole."""
    found = db.execute("SELECT * FROM kept WHERE id = ?", (kept_id,)).fetchone()
    if found is None:
        return None
    id_, hook, why, at, method, path, headers, body, accounts = found
    return Kept(id_, hook, why, rows.moment(at), method, path, orjson.loads(headers), body, tuple(accounts.split()))


def keep_unmatched(
    db: sqlite3.Connection, account: str, provider_id: str, event_id: str, event: str, at: datetime
) -> None:
    """Keep news of a message nobody knows yet."""
    row = (account, event_id, provider_id, event, rows.millis(at))
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
    limit = rows.millis(before)
    gone = db.execute("DELETE FROM kept WHERE at < ?", (limit,)).rowcount
    gone += db.execute("DELETE FROM unmatched WHERE at < ?", (limit,)).rowcount
    gone += db.execute("DELETE FROM sessions WHERE expires_at < ?", (rows.millis(now),)).rowcount
    settled = "DELETE FROM attempts WHERE started_at < ? AND message NOT IN (SELECT message FROM unsettled)"
    return gone + db.execute(settled, (limit,)).rowcount


def all_unmatched(db: sqlite3.Connection) -> set[tuple[str, str]]:
    """Every account and provider id that news is kept about."""
    return set(db.execute("SELECT account, provider_id FROM unmatched"))


def write_file(db: sqlite3.Connection, file: KeptFile) -> None:
    """Add a file, or write one as it is now."""
    row = (
        file.id,
        file.brand,
        file.state,
        file.account,
        file.conversation,
        file.ref,
        file.mime,
        file.name,
        file.size,
        file.path,
        file.why,
        None if file.look is None else _look_row(file.look),
    )
    db.execute(f"INSERT OR REPLACE INTO files ({_FILE}) VALUES ({', '.join('?' * 12)})", row)


def file(db: sqlite3.Connection, media_id: str) -> KeptFile | None:
    """One file."""
    found = db.execute(f"SELECT {_FILE} FROM files WHERE id = ?", (media_id,)).fetchone()
    return None if found is None else _file(found)


def end_fetch(db: sqlite3.Connection, file: KeptFile) -> bool:
    """Note what became of a fetch; False if the file is not pending any more."""
    ended = db.execute(
        "UPDATE files SET state = ?, mime = ?, size = ?, path = ?, why = ? WHERE id = ? AND state = 'pending'",
        (file.state, file.mime, file.size, file.path, file.why, file.id),
    )
    return ended.rowcount == 1


def pending_files(db: sqlite3.Connection, limit: int) -> Sequence[KeptFile]:
    """Received files whose bytes are still to be fetched, oldest first."""
    found = db.execute(f"SELECT {_FILE} FROM files WHERE state = 'pending' ORDER BY id LIMIT ?", (limit,))
    return [_file(one) for one in found]


def note_look(db: sqlite3.Connection, media_id: str, look: Look) -> bool:
    """Note what was seen of a file; False if its bytes are not kept any more."""
    noted = db.execute("UPDATE files SET look = ? WHERE id = ? AND state = 'kept'", (_look_row(look), media_id))
    return noted.rowcount == 1


def remove_files(db: sqlite3.Connection, before: datetime, limit: int, why: str, *, unsent: bool) -> Sequence[str]:
    """Call kept files from before this time removed; which ones. Their ids begin with the time, in milliseconds."""
    which = "INDEXED BY files_kept WHERE state = 'kept'"
    if unsent:
        which = "INDEXED BY files_unsent WHERE state = 'kept' AND account = '' AND conversation = ''"
    gone = db.execute(
        "UPDATE files SET state = 'removed', why = ?, ref = '', path = '', look = NULL WHERE id IN"
        f" (SELECT id FROM files {which} AND id < ? ORDER BY id LIMIT ?) RETURNING id",
        (why, f"med_{rows.millis(before):012x}", limit),
    )
    return sorted(media_id for (media_id,) in gone)


def lasting_files(db: sqlite3.Connection, media_ids: Sequence[str]) -> set[str]:
    """Which of these have bytes on disk, or soon will."""
    asked = orjson.dumps(list(media_ids)).decode()
    wanted = "SELECT id FROM files WHERE id IN (SELECT value FROM json_each(?)) AND state IN ('kept', 'pending')"
    return {media_id for (media_id,) in db.execute(wanted, (asked,))}


def _file(found: tuple[Any, ...]) -> KeptFile:
    look = found[-1]
    return KeptFile(*(*found[:-1], None if look is None else Look(**orjson.loads(look))))


def _look_row(look: Look) -> str:
    return orjson.dumps(look).decode()


def bind(db: sqlite3.Connection, brand: str, identities: Sequence[str], proposal: Place) -> Place:
    """Whose the first identity is: as bound, else as the first bound one of the others, else the proposal."""
    place = proposal
    for identity in identities:
        asked = "SELECT person, conversation FROM identities WHERE brand = ? AND identity = ?"
        found = db.execute(asked, (brand, identity)).fetchone()
        if found is not None:
            place = Place(*found)
            break
    rows_ = [(brand, identity, place.person, place.conversation) for identity in identities]
    db.executemany("INSERT OR IGNORE INTO identities VALUES (?, ?, ?, ?)", rows_)
    return place
