"""Fetches received files in the background: again after a failure, a few at a time, no account at another's cost."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from gateway.config import Account
from gateway.logs import sampled
from gateway.media.fetch import Fetch, Gone, Trouble
from gateway.media.folder import Folder, Unwritable
from gateway.ports import Clock, Files, Http, KeptFile, Unavailable
from gateway.tasks import ended

log = structlog.get_logger(__name__)

SLOW = (1, 4, 15, 60, 180, 300)
"""Seconds before each new try, while it may be that nobody is there: over nine minutes."""

QUICK = (1, 3)
"""The same, where somebody is there and says no: a file can be announced just before it can be had."""

AT_ONCE = 32
PER_ACCOUNT = 2
"""Downloads at a time, in all and of one account."""

KNOWN = 64
"""Files of one account that are held in memory; the others wait in the store."""

_PAGE = 500
_SWEEP_S = 30.0
_AGAIN_S = 5.0
_MOST = 1 << 17


class Fetcher:
    """Takes every pending file until it is kept or given up. Files of more than ``max_bytes`` are given up.

    Where there are other processes, ``ours`` says whether the files of an account are for this one to fetch.
    """

    def __init__(
        self,
        files: Files,
        http: Http,
        accounts: Mapping[str, Account],
        clock: Clock,
        folder: Folder,
        max_bytes: int,
        ours: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._files, self._clock, self._folder, self._ours = files, clock, folder, ours
        self._fetch = Fetch(http, accounts, folder, max_bytes)
        self._news = asyncio.Event()
        self._known: dict[str, asyncio.Task[None]] = {}
        self._held: Counter[str] = Counter()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._rooms: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(PER_ACCOUNT))
        self._admitting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what is pending."""
        self._admitting = asyncio.create_task(self._admit_always())

    async def stop(self) -> None:
        """End; what was under way stays pending."""
        await ended(*(task for task in (self._admitting, *self._known.values()) if task is not None))

    def wake(self) -> None:
        """There may be news."""
        self._news.set()

    async def ended(self, media_id: str, seconds: float) -> bool:
        """Return when the fetch of this file ends, or after so long; at once and False if it is not under way."""
        task = self._known.get(media_id)
        if task is None:
            return False
        await asyncio.wait({task}, timeout=seconds)
        return True

    async def drop(self, media_id: str) -> None:
        """End the fetch of this file."""
        if (task := self._known.get(media_id)) is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _admit_always(self) -> None:
        while True:
            self._news.clear()
            began = self._clock.monotonic()
            try:
                await self._admit()
            except Unavailable as error:
                log.warning("files to fetch cannot be read; trying again", why=str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, later files are still to be fetched
                log.error("files to fetch cannot be read; trying again", error=type(error).__name__)
            await asyncio.sleep(3 * (self._clock.monotonic() - began))  # a long list is not read all the time
            with contextlib.suppress(TimeoutError):  # wait_for of Python 3.11 can swallow a cancellation
                async with asyncio.timeout(_SWEEP_S):  # another process may have recorded some
                    await self._news.wait()

    async def _admit(self) -> None:
        """Take up pending files, oldest first, and look past those of an account that has its share already."""
        limit = _PAGE
        while True:
            page = await self._files.pending_files(limit)
            for file in page:
                if file.id not in self._known and self._held[file.account] < KNOWN and self._ours(file.account):
                    self._take(file)
            if len(page) < limit or limit >= _MOST:
                return
            limit *= 4

    def _take(self, file: KeptFile) -> None:
        self._held[file.account] += 1
        self._known[file.id] = task = asyncio.create_task(self._settle(file))
        task.add_done_callback(lambda task: self._done(file, task))

    def _done(self, file: KeptFile, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("fetching broke", media=file.id, account=file.account, error=type(error).__name__)
        del self._known[file.id]
        self._held[file.account] -= 1
        if self._held[file.account] == KNOWN // 2:
            self.wake()

    async def _settle(self, file: KeptFile) -> None:
        """Fetch until it is kept or given up, and note that, unless it has an end already: lists are soon old."""
        try:
            if not await self._is(file.id, "pending"):
                return
            end = await self._tried(file)
            if not await self._noted(end):
                await self._drop_bytes(end)
            elif end.state == "kept":
                sampled(log, "file kept", media=file.id, account=file.account, mime=end.mime, size=end.size)
            else:
                log.warning("file given up", media=file.id, account=file.account, why=end.why)
        except Unavailable as error:
            log.warning("a file to fetch cannot be looked up; trying again", media=file.id, why=str(error))

    async def _is(self, media_id: str, state: str) -> bool:
        file = await self._files.file(media_id)
        return file is not None and file.state == state

    async def _noted(self, end: KeptFile) -> bool:
        while True:
            try:
                return await self._files.end_fetch(end)
            except Unavailable as error:
                log.warning("the end of a fetch cannot be noted; trying again", media=end.id, why=str(error))
            await self._clock.sleep(_AGAIN_S)

    async def _drop_bytes(self, end: KeptFile) -> None:
        """Delete what came for a file that was erased or given up meanwhile. What fails is left to the tidying."""
        if end.state == "kept" and not await self._is(end.id, "kept"):
            with contextlib.suppress(Unwritable):
                await self._folder.forget(end.id)

    async def _tried(self, file: KeptFile) -> KeptFile:
        failures = 0
        while True:
            try:
                async with self._rooms[file.account], self._room:
                    return await self._fetch.kept(file)
            except Gone as gone:
                return replace(file, state="failed", why=str(gone))
            except Trouble as trouble:
                waits = SLOW if trouble.passing else QUICK
                if failures >= len(waits):
                    return replace(file, state="failed", why=str(trouble))
                wait = max(waits[failures], trouble.wait) * (1 + self._clock.jitter() / 4)
                failures += 1
                log.info("file not fetched yet", media=file.id, account=file.account, why=str(trouble), next_s=wait)
            await self._clock.sleep(wait)
