"""The ``Store`` of one machine: hands writing to the writer's thread and reading to two readers."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from gateway.adapters.sqlite import connection, keyring, reads, rows, truths
from gateway.adapters.sqlite.append import Append
from gateway.adapters.sqlite.rebuilding import rebuild
from gateway.adapters.sqlite.writer import CLOSED, Writer
from gateway.ports import (
    Agent,
    Appended,
    Attempt,
    Clock,
    ConversationPage,
    CursorExpired,
    Decide,
    Kept,
    KeptEntry,
    KeptFile,
    Key,
    LinePage,
    Look,
    PersonPage,
    Session,
    Unavailable,
    Unsettled,
    Wanted,
)
from normalizer.decision import Place
from normalizer.model import Conversation, Message, Person
from normalizer.record import Record

T = TypeVar("T")
P = ParamSpec("P")

_READERS = 2
_WITHOUT_END = timedelta(days=36500)
_TRIAL = "INSERT OR REPLACE INTO settings VALUES ('trial', hex(randomblob(8192)))"
"""Needs as much room as a webhook does; and it changes something, for SQLite writes nothing where nothing changes."""


class SqliteStore:
    """Implements ``gateway.ports.Store`` on the file ``path``.

    ``retention_feed`` is how far back the feed is given. ``alone`` says that this process holds the store (``locked``);
    one that works beside it never checkpoints, which could corrupt the file. ``views_behind`` and ``trouble`` are for health and metrics.
    """

    def __init__(
        self, path: Path, clock: Clock, retention_feed: timedelta = _WITHOUT_END, *, alone: bool = True
    ) -> None:
        self._path, self._clock, self._retention = path, clock, retention_feed
        self._writer = Writer(path, alone=alone)
        self._threads = ThreadPoolExecutor(_READERS, "sqlite-reader")
        self._mine = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._unmatched: set[tuple[str, str]] = set()
        self._others_wrote = False
        self._writer.on_others = self._notice_others

    async def start(self) -> None:
        """Open, migrate and catch up. Raises Unavailable."""
        await self._writer.start()
        self._unmatched = await self._read(truths.all_unmatched)

    def _notice_others(self) -> None:
        """In the writer's thread: what is remembered of the file may not be all that is in it."""
        self._others_wrote = True

    async def stop(self) -> None:
        """Finish what is queued and close."""
        await self._writer.stop()
        await asyncio.to_thread(self._threads.shutdown)
        for reading in self._connections:
            reading.close()

    async def ready(self) -> str:
        """Empty when durable writes work; otherwise why not. After trouble it tries."""
        if self._writer.closing:
            return CLOSED
        if not self._writer.alive:
            return CLOSED
        if self._writer.trouble:
            try:
                await self._writer.run(lambda db: db.execute(_TRIAL))
            except Unavailable as error:
                return str(error)
        return self._writer.trouble

    @property
    def views_behind(self) -> int:
        """How many records the views have not seen yet."""
        return self._writer.head - self._writer.following.folded

    # Reading.

    async def _read(
        self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Ask in a reader's thread. Raises Unavailable, and what the question raises."""

        def ask() -> T:
            try:
                return question(self._reader(), *args, **kwargs)
            except sqlite3.Error as error:
                raise Unavailable(f"the store cannot be read: {error}") from error

        try:
            asked = asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except RuntimeError as error:  # the threads have been shut down
            raise Unavailable(CLOSED) from error
        return await asked

    def _reader(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._mine, "db", None)
        if db is None:
            db = self._mine.db = connection.reader(self._path)
            self._connections.append(db)
        return db

    async def _view(
        self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Ask the views, once they have reached the log's head as it is now."""
        await self._writer.views_at_head()
        return await self._read(question, *args, **kwargs)

    # The log.

    async def append(self, stream: str, decide: Decide, key: str | None = None) -> Appended:
        """See ``gateway.ports.Log``."""
        result: Appended = await self._writer.submit(Append(stream, decide, key))
        return result

    async def record_of(self, key: str) -> Record | None:
        """See ``gateway.ports.Log``."""
        return await self._read(rows.by_key, key)

    async def bind(self, brand: str, identity: str, proposal: Place, aliases: Sequence[str] = ()) -> Place:
        """See ``gateway.ports.Log``."""
        return await self._writer.run(lambda db: truths.bind(db, brand, (identity, *aliases), proposal))

    async def feed(self, after: int, limit: int) -> Sequence[Record]:
        """See ``gateway.ports.Log``."""
        if after < await self.oldest():
            raise CursorExpired
        return await self._read(rows.after, after, limit, self._writer.head)  # the file may be ahead of the head

    async def head(self) -> int:
        """See ``gateway.ports.Log``."""
        return self._writer.head

    async def oldest(self) -> int:
        """See ``gateway.ports.Log``."""
        return await self._read(reads.oldest, self._clock.now() - self._retention)

    def on_commit(self, listener: Callable[[Sequence[Record]], None]) -> None:
        """See ``gateway.ports.Log``."""
        self._writer.listeners.append(listener)

    # Views.

    async def conversations(self, wanted: Wanted) -> ConversationPage:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.conversations, wanted)

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.conversation, conversation_id)

    async def lines(self, conversation_id: str, limit: int, before: str | None) -> LinePage:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.lines, conversation_id, limit, before)

    async def message(self, message_id: str) -> Message | None:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.line, message_id)

    async def message_of(self, account: str, provider_id: str) -> Message | None:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.message_of, account, provider_id)

    async def people(self, brands: tuple[str, ...] | None, q: str | None, limit: int, after: str | None) -> PersonPage:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.people, brands, q, limit, after)

    async def person(self, person_id: str) -> Person | None:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.person, person_id)

    async def unsettled(self, conversation_id: str | None = None) -> Sequence[Unsettled]:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.unsettled, conversation_id)

    async def asleep_until(self, now: datetime) -> Sequence[Conversation]:
        """See ``gateway.ports.Views``."""
        return await self._view(reads.asleep_until, now)

    async def rebuild(self, progress: Callable[[int, int], None]) -> int:
        """See ``gateway.ports.Views``."""
        return await rebuild(self._writer, progress)

    # Truth outside the log.

    async def begin(self, attempt: Attempt) -> bool:
        """See ``gateway.ports.Attempts``."""
        return await self._writer.run(lambda db: truths.begin(db, attempt))

    async def finish(self, attempt: Attempt) -> None:
        """See ``gateway.ports.Attempts``."""
        await self._writer.run(lambda db: truths.finish(db, attempt))

    async def attempts(self, message_id: str) -> Sequence[Attempt]:
        """See ``gateway.ports.Attempts``."""
        return await self._read(truths.attempts, message_id)

    async def keep(self, kept: Kept) -> None:
        """See ``gateway.ports.Leftovers``."""
        await self._writer.run(lambda db: truths.keep(db, kept))

    async def kept(self, limit: int, before: str | None = None, hook: str | None = None) -> Sequence[KeptEntry]:
        """See ``gateway.ports.Leftovers``."""
        return await self._read(truths.kept, limit, before, hook)

    async def kept_one(self, kept_id: str) -> Kept | None:
        """See ``gateway.ports.Leftovers``."""
        return await self._read(truths.kept_one, kept_id)

    async def forget_kept(self, kept_id: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        await self._writer.run(lambda db: db.execute("DELETE FROM kept WHERE id = ?", (kept_id,)))

    async def keep_unmatched(self, account: str, provider_id: str, event_id: str, event: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        self._unmatched.add((account, provider_id))  # before the write, so that nobody who looks later misses it
        now = self._clock.now()
        await self._writer.run(lambda db: truths.keep_unmatched(db, account, provider_id, event_id, event, now))

    async def unmatched(self, account: str, provider_ids: Sequence[str]) -> Sequence[str]:
        """See ``gateway.ports.Leftovers``."""
        if self._others_wrote:
            self._others_wrote = False
            self._unmatched |= await self._read(truths.all_unmatched)
        about = [one for one in provider_ids if (account, one) in self._unmatched]
        return await self._read(truths.unmatched, account, about) if about else ()

    async def waiting_news(self) -> Sequence[tuple[str, str]]:
        """See ``gateway.ports.Leftovers``."""
        return sorted(self._unmatched)

    async def prune(self, now: datetime, before: datetime) -> int:
        """See ``gateway.ports.Store``. Waits for the views, which say what is still to be sent."""
        await self._writer.views_at_head()
        known = frozenset(self._unmatched)
        gone = await self._writer.run(lambda db: truths.prune(db, now, before))
        self._unmatched -= known - await self._read(truths.all_unmatched)  # not what came while we read
        return gone

    async def matched(self, account: str, event_id: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        await self._writer.run(lambda db: truths.matched(db, account, event_id))

    async def add_file(self, file: KeptFile) -> None:
        """See ``gateway.ports.Files``."""
        await self._writer.run(lambda db: truths.write_file(db, file))

    async def file(self, media_id: str) -> KeptFile | None:
        """See ``gateway.ports.Files``."""
        return await self._view(truths.file, media_id)

    async def change_file(self, file: KeptFile) -> None:
        """See ``gateway.ports.Files``."""
        await self._writer.run(lambda db: truths.write_file(db, file))

    async def end_fetch(self, file: KeptFile) -> bool:
        """See ``gateway.ports.Files``."""
        return await self._writer.run(lambda db: truths.end_fetch(db, file))

    async def pending_files(self, limit: int) -> Sequence[KeptFile]:
        """See ``gateway.ports.Files``."""
        return await self._view(truths.pending_files, limit)

    async def note_look(self, media_id: str, look: Look) -> bool:
        """See ``gateway.ports.Files``."""
        return await self._writer.run(lambda db: truths.note_look(db, media_id, look))

    async def remove_files(self, before: datetime, limit: int, why: str, *, unsent: bool = False) -> Sequence[str]:
        """See ``gateway.ports.Files``. Waits for the views, which say what has been sent."""
        await self._writer.views_at_head()
        return await self._writer.run(lambda db: truths.remove_files(db, before, limit, why, unsent=unsent))

    async def lasting_files(self, media_ids: Sequence[str]) -> set[str]:
        """See ``gateway.ports.Files``."""
        return await self._view(truths.lasting_files, media_ids)

    async def add_key(self, key: Key) -> bool:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: keyring.add_key(db, key))

    async def key_by_digest(self, digest: str) -> Key | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(keyring.key_by_digest, digest)

    async def keys(self) -> Sequence[Key]:
        """See ``gateway.ports.Keyring``."""
        return await self._read(keyring.keys)

    async def revoke_key(self, name: str, at: datetime) -> bool:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: keyring.revoke_key(db, name, at))

    async def add_agent(self, agent: Agent) -> bool:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: keyring.add_agent(db, agent))

    async def agent(self, agent_id: str) -> Agent | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(keyring.agent, agent_id)

    async def agent_by_email(self, email: str) -> Agent | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(keyring.agent_by_email, email)

    async def add_session(self, session: Session) -> None:
        """See ``gateway.ports.Keyring``."""
        await self._writer.run(lambda db: keyring.add_session(db, session))

    async def session(self, digest: str, now: datetime) -> Session | None:
        """See ``gateway.ports.Keyring``."""
        return await self._read(keyring.session, digest, now)

    async def end_session(self, digest: str) -> Session | None:
        """See ``gateway.ports.Keyring``."""
        return await self._writer.run(lambda db: keyring.end_session(db, digest))

    async def value(self, name: str) -> str | None:
        """See ``gateway.ports.Settings``."""
        return await self._read(keyring.value, name)

    async def set_value(self, name: str, value: str, *, once: bool = False) -> str:
        """See ``gateway.ports.Settings``."""
        return await self._writer.run(lambda db: keyring.set_value(db, name, value, once=once))
