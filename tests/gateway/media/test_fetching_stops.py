"""A cancellation can get lost on its way through a driver (``asyncio.wait_for`` of Python 3.11): stopping is not to hang."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from toys.world import ToyClock, ToyHttp

from gateway.media.fetching import Fetcher
from gateway.media.folder import Folder
from gateway.ports import KeptFile


class Deaf:
    """A store whose answer comes just as whoever asked is cancelled, and so they do not hear of that."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def pending_files(self, limit: int) -> Sequence[KeptFile]:
        self.asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return []


async def test_fetching_stops_though_it_does_not_hear_at_once_that_it_is_cancelled(tmp_path: Path) -> None:
    files: Any = Deaf()  # of a store, all that is asked for here
    http: Any = ToyHttp()  # downloads nothing
    fetcher = Fetcher(files, http, {}, ToyClock(), Folder(tmp_path, files), 1 << 20)
    fetcher.start()
    await files.asked.wait()
    async with asyncio.timeout(20):
        await fetcher.stop()
