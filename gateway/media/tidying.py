"""What goes: files older than they are kept, uploads that nobody sent, and bytes that are nobody's."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from gateway.media.folder import LEFT, Folder, Unwritable
from gateway.ports import Clock, Files, Settings

log = structlog.get_logger(__name__)

UNSENT = timedelta(days=1)
"""An upload that no message holds goes after so long."""

FOLDER_KEY = "media-folder"
_STEP = 200
_PAUSE_S = 0.1
_FOLDERS, _HOURS = 256, 24


class Rows(Files, Settings, Protocol):
    """What is asked of the store."""


class Tidying:
    """Every hour a step. ``keep`` is how long files are kept; None: for ever."""

    def __init__(self, store: Rows, folder: Folder, clock: Clock, keep: timedelta | None) -> None:
        self._store, self._folder, self._clock, self._keep = store, folder, clock, keep
        self._ours = False

    async def start(self) -> None:
        """See whether the folder is this store's. Raises Unavailable."""
        name = await self._store.set_value(FOLDER_KEY, self._clock.secret(), once=True)
        try:
            self._ours = await asyncio.to_thread(self._folder.owned, name)
        except OSError as error:
            log.warning("nobody knows whose files are in this folder; it is not swept", why=str(error))
            return
        if not self._ours:
            log.warning("another store keeps its files in this folder too; it is not swept")

    async def run(self) -> int:
        """How many files have gone. Raises Unavailable."""
        now = self._clock.now()
        gone = await self._remove(now - UNSENT, "it was never sent", unsent=True)
        if self._keep is not None:
            gone += await self._remove(now - self._keep, "files are not kept for so long", unsent=False)
        if self._ours:
            try:
                gone += await self._sweep(now)
            except (OSError, Unwritable) as error:
                log.warning("the folder of files cannot be swept", why=str(error))
        return gone

    async def _remove(self, before: datetime, why: str, *, unsent: bool) -> int:
        """The rows first, so that nobody is given a file that is just going; a sweep finds what a crash leaves."""
        count = 0
        while media_ids := await self._store.remove_files(before, _STEP, why, unsent=unsent):
            count += len(media_ids)
            for media_id in media_ids:
                await self._delete(media_id)
            await self._clock.sleep(_PAUSE_S)
        return count

    async def _delete(self, media_id: str) -> None:
        try:
            await self._folder.forget(media_id)
        except (Unwritable, LookupError) as error:
            log.warning("a file cannot be deleted", media=media_id, why=str(error))

    async def _sweep(self, now: datetime) -> int:
        """One hour's part of the folders: all of them in a day."""
        count = 0
        await asyncio.to_thread(self._folder.clear, now)
        for number in range(int(now.timestamp()) // 3600 % _HOURS, _FOLDERS, _HOURS):
            found = await self._folder.since(number, now - LEFT)
            lasting = await self._store.lasting_files(list(found)) if found else set()
            for media_id in found.keys() - lasting:
                log.info("bytes of no file deleted", media=media_id)
                await self._delete(media_id)
                count += 1
        return count
