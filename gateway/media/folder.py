"""The bytes of files on disk: written beside, then moved to their place, so that what is there is whole."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from gateway.media.kinds import HEAD
from gateway.ports import Files, KeptFile

_ID = re.compile(r"med_[0-9a-f]{32}", re.ASCII)
_BLOCK = 256 * 1024
"""Bytes that are written in one go, off the event loop."""

LEFT = timedelta(hours=6)
"""What lies half written for longer belongs to nobody any more."""

_THUMBNAIL = ".thumbnail"

T = TypeVar("T")


class TooLarge(Exception):
    """The file has more bytes than there may be."""


class Unwritable(Exception):
    """The disk does not take the file; the text says why."""


class Folder:
    """``<root>/<2 hex>/<id>``, the two being the last of the id, which are chance; half files are in ``incoming``.

    ``store`` says which store's files these are.
    """

    def __init__(self, root: Path, files: Files) -> None:
        self._root, self._files = root.absolute(), files
        self._incoming = self._root / "incoming"

    def start(self, now: datetime) -> None:
        """Make the folder, and remove what was left half written."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._incoming.mkdir(exist_ok=True, mode=0o700)
        self.clear(now)

    def clear(self, now: datetime) -> None:
        """Remove what was left half written. Raises OSError."""
        for left in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # whoever wrote it has just moved it
                if left.stat().st_mtime < (now - LEFT).timestamp():
                    left.unlink()

    def owned(self, by: str) -> bool:
        """Whether this folder is of the store so called: nobody's becomes that store's. Raises OSError."""
        marker = self._root / "store"
        if not marker.exists():
            marker.write_text(by)
        return marker.read_text() == by

    def place(self, media_id: str) -> str:
        """Where a file belongs, relative to the folder. Raises LookupError for what is no id of a file."""
        if not _ID.fullmatch(media_id):
            raise LookupError("not the id of a file")
        return f"{media_id[-2:]}/{media_id}"

    def path(self, file: KeptFile) -> Path:
        """The file on disk."""
        return self._root / self.place(file.id)

    async def locate(self, media_id: str) -> Path:
        """The file on disk, for whoever sends it; raises LookupError when we do not have its bytes."""
        file = await self._files.file(media_id)
        if file is None or file.state != "kept":
            raise LookupError(f"no bytes of {media_id}")
        return self.path(file)

    async def forget(self, media_id: str) -> None:
        """Delete the bytes, if there are any, and the thumbnail. Raises Unwritable."""
        await self.delete(self._root / self.place(media_id), self.thumbnail(media_id))

    async def delete(self, *paths: Path) -> None:
        """Delete files that may be there. Raises Unwritable."""
        for path in paths:
            await _done(path.unlink, True)  # noqa: FBT003 - missing_ok

    # Thumbnails lie beside their files.

    def thumbnail(self, media_id: str) -> Path:
        """The thumbnail on disk."""
        return self._root / f"{self.place(media_id)}{_THUMBNAIL}"

    def incoming_thumbnail(self, media_id: str) -> Path:
        """Where a thumbnail is written first."""
        return self._incoming / f"{media_id}{_THUMBNAIL}"

    async def keep_thumbnail(self, media_id: str) -> None:
        """Put it in its place. Raises Unwritable."""
        await _done(self._settle_thumbnail, media_id)

    def _settle_thumbnail(self, media_id: str) -> None:
        written = self.incoming_thumbnail(media_id)
        with written.open("rb") as file:
            os.fsync(file.fileno())
        self._move(written, self.thumbnail(media_id))

    async def since(self, number: int, before: datetime) -> dict[str, list[Path]]:
        """What has been in one of the 256 folders since before this time, by the id of its file. Raises Unwritable."""
        return await _done(_old, self._root / f"{number:02x}", before.timestamp())

    @asynccontextmanager
    async def incoming(self, max_bytes: int) -> AsyncIterator[Incoming]:
        """A file to write to; gone afterwards unless it was kept. Raises Unwritable."""
        file, name = await _done(self._create)
        temporary = Path(name)
        try:
            yield Incoming(file, temporary, self, max_bytes)
        finally:
            await _done(_close, file, temporary)

    def _create(self) -> tuple[BinaryIO, str]:
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        return os.fdopen(descriptor, "wb"), name

    def settle(self, temporary: Path, media_id: str) -> None:
        """Move a whole file to its place, durable when this returns."""
        self._move(temporary, self._root / self.place(media_id))

    def _move(self, temporary: Path, final: Path) -> None:
        final.parent.mkdir(exist_ok=True, mode=0o700)
        temporary.replace(final)
        for folder in (final.parent, self._root):
            _sync_folder(folder)


class Incoming:
    """A file while its bytes come in. ``head`` is what it starts with, ``size`` how much there is so far."""

    def __init__(self, file: BinaryIO, temporary: Path, folder: Folder, max_bytes: int) -> None:
        self._file, self._temporary, self._folder, self._max_bytes = file, temporary, folder, max_bytes
        self._block = bytearray()
        self.head = b""
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """Add bytes. Raises TooLarge, Unwritable."""
        self.size += len(chunk)
        if self.size > self._max_bytes:
            raise TooLarge(f"the file is larger than {self._max_bytes} bytes")
        if len(self.head) < HEAD:
            self.head += chunk[: HEAD - len(self.head)]
        self._block += chunk
        if len(self._block) >= _BLOCK:
            await self._flush()

    async def keep(self, media_id: str) -> str:
        """Put the file in its place, durable when this returns; the place, relative to the folder. Raises Unwritable."""
        await self._flush()
        await _done(self._settle, media_id)
        return self._folder.place(media_id)

    async def _flush(self) -> None:
        block, self._block = self._block, bytearray()
        await _done(self._file.write, block)

    def _settle(self, media_id: str) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._folder.settle(self._temporary, media_id)


def _close(file: BinaryIO, temporary: Path) -> None:
    with suppress(OSError):  # a full disk; what was written is not kept anyway
        file.close()
    temporary.unlink(missing_ok=True)


def _old(folder: Path, before: float) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # somebody has just deleted it
            if path.suffix in {"", _THUMBNAIL} and _ID.fullmatch(path.stem) and path.stat().st_mtime < before:
                found.setdefault(path.stem, []).append(path)
    return found


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _done(do: Callable[..., T], *args: Any) -> T:
    """Do it off the event loop. Whoever is cancelled waits for the end: the next step must not meet it halfway."""
    doing = asyncio.ensure_future(asyncio.to_thread(do, *args))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        if not doing.cancelled():
            doing.exception()
        raise
    except OSError as error:
        raise Unwritable(error.strerror or type(error).__name__) from None
