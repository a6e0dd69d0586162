"""Every file that we have: received, uploaded, given out, linked to, forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from aiohttp import web

from gateway.config import Account
from gateway.media.fetching import Fetcher
from gateway.media.folder import Folder, Unwritable
from gateway.media.kinds import INLINE, TEXT, UNKNOWN, sniff
from gateway.media.links import Links
from gateway.media.looking import Looking, is_small
from gateway.media.names import clean_name, content_disposition
from gateway.media.tidying import Tidying
from gateway.ports import Clock, Files, Http, KeptFile, Settings, Unavailable
from normalizer.record import Record

SIGNING_KEY = "media-signing-key"
_POLL_S = 0.5


class Rows(Files, Settings, Protocol):
    """What is asked of the store."""


class Media:
    """ports.MediaFolder and more. Needs ``start`` in the event loop, and ``stop``.

    ``folder`` holds the bytes, and files of more than ``max_bytes`` are not kept. ``public_url`` (without a closing
    slash) is where providers reach us; it may be set later, and there are no links without it. Bytes go after ``keep``.
    ``ours`` says whether the files of an account are for this process to fetch.
    """

    def __init__(
        self,
        store: Rows,
        http: Http,
        accounts: Mapping[str, Account],
        clock: Clock,
        *,
        folder: Path,
        max_bytes: int,
        public_url: str | None,
        keep: timedelta | None = None,
        ours: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._store, self._clock, self._max_bytes = store, clock, max_bytes
        self.folder = Folder(folder, store)
        self.public_url = public_url
        self._fetcher = Fetcher(store, http, accounts, clock, self.folder, max_bytes, ours)
        self._looking = Looking(store, self.folder)
        self._tidying = Tidying(store, self.folder, clock, keep)
        self._links: Links | None = None

    async def start(self, *, fetch: bool = True) -> None:
        """Open the folder and take up the fetches that are still to be done, unless that is for others to do.

        Raises Unavailable, OSError.
        """
        await asyncio.to_thread(self.folder.start, self._clock.now())
        self._links = Links(await self._store.set_value(SIGNING_KEY, self._clock.secret(), once=True))
        await self._tidying.start()
        if fetch:
            self._fetcher.start()

    async def stop(self) -> None:
        """End what is under way; it is taken up again at the next start."""
        await self._fetcher.stop()
        await self._looking.stop()

    # What customers sent.

    def notice(self, records: Iterable[Record]) -> None:
        """For ``Log.on_commit``: there may be files to fetch."""
        if any(record.data.get("private", {}).get("files") for record in records):
            self.wake()

    def wake(self) -> None:
        """See now whether there are files to fetch."""
        self._fetcher.wake()

    async def wait(self, media_id: str, seconds: float) -> KeptFile | None:
        """The file, once a fetch under way has ended or the time is over; None if there is no such file."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        pause = 0.02
        file = await self._store.file(media_id)
        self.wake()
        while file is not None and file.state == "pending" and (left := end - loop.time()) > 0:
            if not await self._fetcher.ended(media_id, left):  # about to begin, or somebody else's
                await asyncio.sleep(min(left, pause))
                pause = min(2 * pause, _POLL_S)
            file = await self._store.file(media_id)
        return file

    # What agents send.

    async def upload(self, brand: str, name: str, chunks: AsyncIterable[bytes]) -> KeptFile:
        """Keep a file, durable when this returns. Raises TooLarge, Unavailable, and what ``chunks`` raises."""
        media_id = self._clock.new_id("med")
        try:
            async with self.folder.incoming(self._max_bytes) as incoming:
                async for chunk in chunks:
                    await incoming.write(chunk)
                place = await incoming.keep(media_id)
        except Unwritable as error:
            raise Unavailable(f"the file cannot be written: {error}") from None
        file = KeptFile(
            id=media_id,
            brand=brand,
            state="kept",
            mime=sniff(incoming.head),
            name=clean_name(name),
            size=incoming.size,
            path=place,
        )
        try:
            await self._store.add_file(file)
        except BaseException:
            await asyncio.shield(self.folder.forget(media_id))
            raise
        return file

    # Giving out.

    def path(self, file: KeptFile) -> Path:
        """The file on disk."""
        return self.folder.path(file)

    async def on_disk(self, file: KeptFile) -> bool:
        """Whether the bytes are where they belong."""
        return await asyncio.to_thread(self.path(file).is_file)

    async def look(self, file: KeptFile) -> KeptFile:
        """The file with what can be seen of it. Whoever asks first has it looked at, which may take a moment."""
        return await self._looking.look(file)

    async def thumbnail(self, file: KeptFile) -> tuple[Path, dict[str, str]] | None:
        """A small picture and the headers to give it out with: the file itself if it is small; None if there is none."""
        file = await self.look(file)
        if file.look is not None and file.look.thumbnail:
            path = self.folder.thumbnail(file.id)
            if await asyncio.to_thread(path.is_file):
                return path, self.served(replace(file, mime="image/webp", name=""))
        return (self.path(file), self.served(file)) if is_small(file) else None

    def served(self, file: KeptFile) -> dict[str, str]:
        """The headers to give a file out with: it is shown in its place only if it can do nothing there."""
        kind = "inline" if file.mime in INLINE else "attachment"
        name = file.name or f"{file.id}.{INLINE.get(file.mime, 'bin')}"
        return {
            "Content-Type": f"{TEXT}; charset=utf-8" if file.mime == TEXT else file.mime or UNKNOWN,
            "Content-Disposition": content_disposition(kind, name),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, max-age=31536000, immutable",
        }

    def signed_url(self, media_id: str, seconds: float) -> str | None:
        """Where a provider may fetch the file for so long; None when the world cannot reach us."""
        if self.public_url is None or self._links is None:
            return None
        return self.public_url + self._links.path(media_id, self._clock.now() + timedelta(seconds=seconds))

    def verify_link(self, media_id: str, exp: str, sig: str) -> bool:
        """Whether we signed this, and its time is not over."""
        return self._links is not None and self._links.verify(media_id, exp, sig, self._clock.now())

    async def provider_media(self, request: web.Request) -> web.StreamResponse:
        """``GET /media/{id}?exp=…&sig=…``: the file, or 404 whatever is wrong."""
        media_id, query = request.match_info["id"], request.query
        if not self.verify_link(media_id, query.get("exp", ""), query.get("sig", "")):
            raise web.HTTPNotFound
        try:
            file = await self._store.file(media_id)
        except Unavailable:
            raise web.HTTPServiceUnavailable from None
        if file is None or file.state != "kept" or not await self.on_disk(file):
            raise web.HTTPNotFound
        return web.FileResponse(self.path(file), headers=self.served(file))

    # Forgetting.

    async def forget(self, media_id: str) -> None:
        """Delete a file's bytes and what it was called; a fetch under way ends. Raises LookupError for a wrong id."""
        self.folder.place(media_id)
        await self._fetcher.drop(media_id)
        file = await self._store.file(media_id)
        if file is not None and file.why != "erased":  # first, so that nobody makes a thumbnail of it now
            gone = replace(file, state="failed", why="erased", name="", ref="", path="", size=0, look=None)
            await self._store.change_file(gone)
        await self.folder.forget(media_id)

    async def tidy(self) -> int:
        """Delete files that are older than they are kept, and bytes that are nobody's; how many. Raises Unavailable."""
        return await self._tidying.run()
