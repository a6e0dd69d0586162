"""The one thread that writes: jobs are committed together, and the views follow between the commits."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from gateway.adapters.sqlite import bulk, connection, rows, schema
from gateway.adapters.sqlite.batch import Batch, Job, Other, WakeUp
from gateway.adapters.sqlite.checkpoints import Checkpoints
from gateway.adapters.sqlite.following import LATE_S, LAZY_S, Following
from gateway.adapters.sqlite.jobs import Ask, Jobs
from gateway.ports import Unavailable

T = TypeVar("T")

CLOSED = "the store is closed"
BATCH = 256
"""How many jobs share one commit, at most."""
_IDLE_S, _PATIENCE_S = 0.1, 0.5
"""How long the thread waits for jobs: while the views are behind, and when all is done."""


class Writer:
    """Owns the connection that writes. ``head`` is the feed's; ``trouble`` says why nothing can be written."""

    def __init__(self, path: Path, *, alone: bool) -> None:
        self._path, self._alone = path, alone
        self.jobs = Jobs()
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._heads: dict[str, int] = {}
        self._data_version = 0
        self._synchronous = ""
        self.head = 0
        self.on_others: Callable[[], None] = lambda: None
        self.trouble = ""
        self.closing = False

    # On the event loop.

    async def start(self) -> None:
        """Open, migrate, catch up. Raises Unavailable."""
        self.jobs.open()
        self._started = self.jobs.future()
        self._thread.start()
        await self._started

    async def stop(self) -> None:
        """Finish what is queued and close. What is asked from now on is refused."""
        self.closing = True
        self.jobs.hand_over()
        if self._thread.is_alive():
            self.jobs.end()
            await asyncio.to_thread(self._thread.join)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def submit(self, job: Job) -> asyncio.Future[Any]:
        """Queue a job; the future has its result once it is durable. Raises Unavailable through it."""
        future = self.jobs.future()
        if self.closing or not self._thread.is_alive():
            future.set_exception(Unavailable(CLOSED))
        else:
            self.jobs.ask(job, future)
        return future

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some writing in a savepoint of the next commit."""
        result: T = await self.submit(Other(work))
        return result

    async def views_at_head(self) -> None:
        """Wait until the views have reached the log's head as it is now. Raises Unavailable."""
        target = self.head
        if self.following.folded >= target:
            return
        reader = self.jobs.future()
        self.following.wait(target, reader)
        woken = self.submit(WakeUp())
        await asyncio.gather(reader, woken)

    # In the thread.

    def _run(self) -> None:
        try:
            self._open()
        except BaseException as error:  # noqa: BLE001 - whatever it is, who started us must hear of it
            self.jobs.tell([(self._started, None, error)])
            return
        self.jobs.tell([(self._started, None, None)])
        try:
            while self._turn():
                pass
        finally:
            self._close()

    def _open(self) -> None:
        self._db = connection.writer(self._path)
        self.checkpoints = Checkpoints(self._db, self._path, alone=self._alone)
        try:
            schema.migrate(self._db)
            self.following = Following(self._db)
            self._data_version = self._version()
            self.head = self._db.execute("SELECT coalesce(max(feed), 0) FROM records").fetchone()[0]
            self.following.reload(self.head)
        except (sqlite3.Error, schema.TooNewError) as error:
            self._db.close()
            self.checkpoints.close()
            raise Unavailable(f"cannot use the store {self._path}: {error}") from error

    def _version(self) -> int:
        """Of the file; another one once another connection has written."""
        version: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _believe_file(self) -> None:
        """After a rollback or another process's write: forget what we remember, and tell what the others added."""
        version = self._version()  # first: what is written between here and there is then noticed the next time
        news = rows.after(self._db, self.head, -1)
        head = news[-1].feed if news else self.head
        self.following.reload(head)
        self._heads.clear()
        self.head, self._data_version = head, version
        if news:
            self.jobs.tell([], news)

    def _turn(self) -> bool:
        """Commit what has been asked, fold what is due, checkpoint when there is time; False at the end."""
        quiet = not self.following.pending
        jobs, going_on = self.jobs.take(_PATIENCE_S if quiet else _IDLE_S, BATCH)
        if jobs:
            self._commit(jobs)
        else:
            with suppress(Exception):  # the next commit says why
                self._notice_others()
        self._fold_what_is_due(idle=not jobs)
        if self.checkpoints.due and ((quiet and not jobs) or self.checkpoints.pressing):
            self.checkpoints.make()
        return going_on

    def _commit(self, jobs: Sequence[Ask]) -> None:
        """All jobs in one transaction: what one raises is its own, what the file says no to is everybody's."""
        if all(isinstance(job, WakeUp) for job, _ in jobs):
            self.jobs.tell([(future, None, None) for _, future in jobs])
            return
        try:
            self._be("FULL")
            self._db.execute("BEGIN IMMEDIATE")
            self._notice_others()
            keys = [job.key for job, _ in jobs if job.key is not None]
            batch = Batch(self._db, self.following, self.head, self._heads, bulk.known_keys(self._db, keys))
            results = [(future, *self._one(job, batch)) for job, future in jobs]
            batch.flush()
            self._db.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, everybody hears of it and the thread lives on
            self._roll_back()
            self.trouble = f"the store cannot be written: {error}"
            self.jobs.tell([(future, None, Unavailable(self.trouble)) for _, future in jobs])
            return
        self.trouble, self.checkpoints.due = "", True
        if batch.added:
            self.head = batch.added[-1].feed
            self.following.added(batch.added)
        self.jobs.tell(results, batch.added)

    def _one(self, job: Job, batch: Batch) -> tuple[Any, BaseException | None]:
        try:
            return job.run(batch), None
        except sqlite3.Error as error:
            if not self._db.in_transaction or not isinstance(error, bulk.ITS_OWN):
                raise
            return None, error
        except StopIteration as error:  # a future refuses it
            return None, RuntimeError(f"StopIteration: {error}")
        except Exception as error:  # noqa: BLE001 - a decision's own no, handed to whoever asked
            return None, error

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        self._heads.clear()
        self.following.fold.forget()
        self._data_version = -1  # until the file has been read again
        with suppress(Exception):
            self._believe_file()

    def _notice_others(self) -> None:
        """If somebody else has written, what we remember is stale; inside a transaction of ours nobody else can."""
        if self._version() != self._data_version:
            self.on_others()
            self._believe_file()

    def _be(self, synchronous: str) -> None:
        """How much the next commits are to be fsynced; raises sqlite3.Error, also inside a transaction."""
        if self._synchronous != synchronous:
            self._synchronous = ""
            self._db.execute(f"PRAGMA synchronous = {synchronous}")
            self._synchronous = synchronous

    def _fold_what_is_due(self, *, idle: bool) -> None:
        following = self.following
        wanted = following.wanted
        if following.pending and (idle or wanted or following.age > LAZY_S):
            try:
                self._fold_some(idle=idle)
            except Exception as error:  # noqa: BLE001 - whatever it is, the readers hear of it and the thread lives on
                self.trouble = f"the views cannot be written: {error}"
                unavailable = Unavailable(self.trouble)
                self.jobs.tell([(reader, None, unavailable) for reader in following.everybody()])
                time.sleep(_IDLE_S)  # a full disk or a foreign lock: do not spin
        if wanted:
            self.jobs.tell([(reader, None, None) for reader in following.ready()])

    def _fold_some(self, *, idle: bool) -> None:
        """Views need no fsync of their own: the log has it all, and the next commit of the log takes them along.

        Those who write wait while the views are late or a reader waits for them, but not for ever; else they wait for
        a few records at most, and only what is due is folded while they are not ``idle``.
        """
        until = time.monotonic() + LATE_S
        self._be("NORMAL")
        try:
            while self.following.pending:
                self._db.execute("BEGIN IMMEDIATE")
                self._notice_others()
                self.following.step(self.head)
                self._db.execute("COMMIT")
                self.following.done()
                self.trouble, self.checkpoints.due = "", True
                if self.checkpoints.pressing:
                    self.checkpoints.make()
                enough = self.jobs.waiting or not (idle or self.following.age > LAZY_S)
                if enough and not (self.following.urgent and time.monotonic() < until):
                    break
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._be("FULL")

    def _close(self) -> None:
        with suppress(Exception):  # the next start folds what is left
            self._fold_some(idle=True)
        self.checkpoints.make_last()
        self.jobs.tell([(reader, None, Unavailable(CLOSED)) for reader in self.following.everybody()])
        self._db.close()
        self.checkpoints.close()
