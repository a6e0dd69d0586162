"""The view tables, which follow the log: each record is folded into them once, whoever does it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import structlog

from gateway.adapters.cache import Cache
from gateway.adapters.instants import millis
from gateway.adapters.listing import body, inbound, listed, searched, stands
from gateway.adapters.records import KNOWN_BY, SAID, files, settles, speaker, uploads
from gateway.adapters.sqlite import bulk
from normalizer.fold import apply, apply_to_line, apply_to_person, line_id, time
from normalizer.model import Conversation, Message, Person
from normalizer.record import Record

log = structlog.get_logger(__name__)

_CACHED = 20_000
_INTO = {
    "conversations": ("INSERT OR REPLACE INTO conversations", ""),
    "lines": ("INSERT INTO lines", "ON CONFLICT (id) DO UPDATE SET body = excluded.body"),
    "provider_ids": ("INSERT OR IGNORE INTO provider_ids", ""),
    "people": ("INSERT OR REPLACE INTO people", ""),
    "identities": ("INSERT OR IGNORE INTO identities", ""),
    "files": (
        "INSERT OR IGNORE INTO files (id, brand, state, account, conversation, ref, mime, name, size, path, why)",
        "",
    ),
}
"""How the rows that a fold makes are written, many in a statement."""


class Fold:
    """Folds records into the view tables. Used by the writer alone, inside its transactions."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._conversations: Cache[Conversation] = Cache(_CACHED)
        self._people: Cache[Person] = Cache(_CACHED)
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _INTO}

    def forget(self) -> None:
        """After a rollback, or when another process wrote: believe the tables only."""
        self._conversations.clear()
        self._people.clear()
        for made in self._rows.values():
            made.clear()

    def conversation(self, conversation_id: str) -> Conversation | None:
        """A conversation as the tables have it."""
        known = self._conversations.get(conversation_id)
        if known is None:
            found = self._db.execute("SELECT body FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
            if found is not None:
                known = Conversation.model_validate_json(found[0])
                self._conversations.put(conversation_id, known, len(found[0]))
        return known

    def line(self, line: str) -> Message | None:
        """A line as the tables have it."""
        found = self._db.execute("SELECT body FROM lines WHERE id = ?", (line,)).fetchone()
        return None if found is None else Message.model_validate_json(found[0])

    def fold(self, records: Iterable[Record]) -> None:
        """Fold records given in feed order; those that a view has seen already change nothing.

        A record that cannot be folded is left out and logged: a mistake of ours may cost one line, which a rebuild
        brings back once it is mended, but never the store.
        """
        self._conversations.trim()  # not before all is written that was made of them
        self._people.trim()
        records = list(records)
        if not records or self._folds(records):
            return
        for record in records:
            self._folds([record], tell=True)

    def _folds(self, records: Sequence[Record], *, tell: bool = False) -> bool:
        """Fold all of them, or none and say False. Raises sqlite3.Error where the file is to blame."""
        self._db.execute("SAVEPOINT fold")
        try:
            self._fold_streams(records)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, bulk.ITS_OWN):
                raise
            self._db.execute("ROLLBACK TO fold")
            self._db.execute("RELEASE fold")
            self.forget()
            if tell:
                about = {"record": records[0].id, "stream": records[0].stream, "why": type(error).__name__}
                log.error("a record cannot be folded; the views go on without it", **about)
            return False
        self._db.execute("RELEASE fold")
        return True

    def _fold_streams(self, records: Sequence[Record]) -> None:
        in_streams = sorted(records, key=lambda record: record.stream)  # stable: feed order within a stream
        for stream, of_stream in groupby(in_streams, key=lambda record: record.stream):
            self._fold_stream(stream, of_stream)
        for table, made in self._rows.items():
            bulk.insert(self._db, _INTO[table][0], made, _INTO[table][1])
            made.clear()

    def _fold_stream(self, stream: str, records: Iterable[Record]) -> None:
        before = conversation = self.conversation(stream)
        seen = before.seq if before else 0
        lines: dict[str, Message] = {}
        for record in records:
            if record.seq > seen:
                conversation = apply(conversation, record, self._fold_line(record, lines))
                self._fold_aside(record)
        if conversation is not None and conversation is not before:
            row = _conversation_row(conversation)
            self._conversations.put(stream, conversation, len(row[-1]))
            self._rows["conversations"].append(row)
        self._rows["lines"].extend(map(_line_row, lines.values()))

    def _fold_line(self, record: Record, lines: dict[str, Message]) -> Message | None:
        about = line_id(record)
        if about is None:
            return None
        line = apply_to_line(lines.get(about) or self._earlier(record, about), record)
        if line is not None:
            lines[about] = line
            if record.kind in KNOWN_BY:
                known_by = ((line.account or "", provider_id, line.id) for provider_id in line.provider_ids)
                self._rows["provider_ids"].extend(known_by)
        return line

    def _earlier(self, record: Record, about: str) -> Message | None:
        return None if record.kind in SAID else self.line(about)

    def _fold_aside(self, record: Record) -> None:
        """What a record says beside its conversation and its line."""
        who = speaker(record)
        if who is not None:
            self._fold_person(who, record)
        for one in files(record):
            whose = (one.id, one.brand, one.state, one.account, one.conversation)
            self._rows["files"].append((*whose, one.ref, one.mime, one.name, one.size, one.path, one.why))
        if record.kind == "message.queued":
            row = (record.data["message"]["id"], record.stream, record.account, record.seq, millis(record.at))
            self._db.execute("INSERT OR REPLACE INTO unsettled VALUES (?, ?, ?, ?, ?)", row)
            for upload in uploads(record):  # not left over any more
                sent = "UPDATE files SET conversation = ? WHERE id = ? AND account = '' AND conversation = ''"
                self._db.execute(sent, (record.stream, upload))
        elif record.kind == "message.deferred":
            due = (millis(time(record.data["send_at"])), record.data["message"])
            self._db.execute("UPDATE unsettled SET send_at = ? WHERE message = ?", due)
        elif settles(record):
            self._db.execute("DELETE FROM unsettled WHERE message = ?", (record.data["message"],))

    def _fold_person(self, who: str, record: Record) -> None:
        before = self._people.get(who) or self._person(who)
        person = apply_to_person(before, record)
        if person is None or person is before:
            return
        written = body(person)
        self._people.put(who, person, len(written))
        search = searched(person.name, person.identities)
        self._rows["people"].append((person.id, person.brand, person.name, search, written))
        bound = ((person.brand, identity, person.id, person.conversation) for identity in person.identities)
        self._rows["identities"].extend(bound)

    def _person(self, person_id: str) -> Person | None:
        found = self._db.execute("SELECT body FROM people WHERE id = ?", (person_id,)).fetchone()
        return None if found is None else Person.model_validate_json(found[0])


class FoldedView:
    """A conversation for a decision: what is not folded yet is folded when the decision first looks."""

    def __init__(self, fold: Fold, db: sqlite3.Connection, stream: str, tail: Sequence[Record]) -> None:
        self._fold, self._db, self._stream, self._tail = fold, db, stream, tail
        self._folded = False

    def _catch_up(self) -> None:
        if not self._folded:
            self._fold.fold(self._tail)
            self._folded = True

    @property
    def conversation(self) -> Conversation | None:
        """The conversation now."""
        self._catch_up()
        return self._fold.conversation(self._stream)

    def message(self, message_id: str) -> Message | None:
        """One of its messages now."""
        self._catch_up()
        found = self._fold.line(message_id)
        return found if found is not None and found.conversation == self._stream else None

    def unread_after(self, message: Message) -> int:
        """How many messages of the customer stand after this one."""
        self._catch_up()
        count: int = self._db.execute(
            "SELECT count(*) FROM lines WHERE conversation = ? AND (shown_at, ord, id) > (?, ?, ?) AND inbound = 1",
            (self._stream, *stands(message)),
        ).fetchone()[0]
        return count


def _conversation_row(conversation: Conversation) -> tuple[Any, ...]:
    return (conversation.id, *listed(conversation), conversation.seq, body(conversation))


def _line_row(line: Message) -> tuple[Any, ...]:
    shown_at, order, id_ = stands(line)
    return (id_, line.conversation, shown_at, order, inbound(line), body(line))
