"""Files: each change of one is an insert that one writer wins, so that no two of them are made of the same state.

A file's document says how the file is, or how it once was: it is what lists are made of. The truth is the newest of its
changes (``<id>:<version>``), and whoever reads a file follows them. No server needs to change a document atomically.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from pymongo.errors import BulkWriteError, DuplicateKeyError

from gateway.adapters.instants import millis
from gateway.adapters.mongo.collection import Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching, taken
from gateway.ports import KeptFile, Look, Unavailable

_TRIES = 50
_AT_ONCE = 500
_LASTING = ("kept", "pending")

Change = Callable[[KeptFile], KeptFile | None]
"""A file as it shall be, made of how it is; None leaves it as it is."""


class _Version(NamedTuple):
    """A file as it is now; ``listed`` is the version that its document has."""

    file: KeptFile
    number: int
    listed: int


# What the fold does.


async def received(db: Collections, files: Iterable[KeptFile]) -> None:
    """Note files that messages brought; what is known of one already stays. Raises Unavailable."""
    rows = [_row(file, 0) for file in files]
    if not rows:
        return
    with reaching():
        try:
            await db.files.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            taken(error)


async def sent(db: Collections, conversation: str, media_ids: Iterable[str]) -> None:
    """A conversation holds these uploads, so they are not left over; unless one holds them already. Raises Unavailable."""

    def held(file: KeptFile) -> KeptFile | None:
        return None if file.account or file.conversation else replace(file, conversation=conversation)

    await asyncio.gather(*(_change(db, media_id, held) for media_id in media_ids))


# The port.


class FilesPart:
    """Implements ``gateway.ports.Files``."""

    _collections: Collections

    @abstractmethod
    async def _views_at_head(self) -> None:
        """Wait until the views say all that the log says now; the rows of received files come with them."""

    async def add_file(self, file: KeptFile) -> None:
        """See ``gateway.ports.Files``."""
        await self.change_file(file)

    async def file(self, media_id: str) -> KeptFile | None:
        """See ``gateway.ports.Files``."""
        await self._views_at_head()
        found = await _newest(self._collections, media_id)
        return None if found is None else found.file

    async def change_file(self, file: KeptFile) -> None:
        """See ``gateway.ports.Files``. What the file was called before is forgotten: it may have been erased."""
        with reaching(), suppress(DuplicateKeyError):
            await self._collections.files.insert_one(_row(file, 0))
            return
        await _change(self._collections, file.id, lambda _: file)

    async def end_fetch(self, file: KeptFile) -> bool:
        """See ``gateway.ports.Files``."""

        def ended(now: KeptFile) -> KeptFile | None:
            if now.state != "pending":
                return None
            return replace(now, state=file.state, mime=file.mime, size=file.size, path=file.path, why=file.why)

        return await _change(self._collections, file.id, ended)

    async def pending_files(self, limit: int) -> Sequence[KeptFile]:
        """See ``gateway.ports.Files``."""
        await self._views_at_head()
        pending: list[KeptFile] = []
        after = ""
        while len(pending) < limit:
            wanted: Document = {"state": "pending", "_id": {"$gt": after}}
            ids = await self._listed(wanted, limit - len(pending))
            if not ids:
                break
            after = ids[-1]
            found = await asyncio.gather(*(_newest(self._collections, one) for one in ids))
            for one in found:
                if one is not None and one.file.state == "pending":
                    pending.append(one.file)
                elif one is not None:
                    await _list(self._collections, one)
        return pending

    async def note_look(self, media_id: str, look: Look) -> bool:
        """See ``gateway.ports.Files``."""

        def looked(now: KeptFile) -> KeptFile | None:
            return replace(now, look=look) if now.state == "kept" else None

        return await _change(self._collections, media_id, looked)

    async def remove_files(self, before: datetime, limit: int, why: str, *, unsent: bool = False) -> Sequence[str]:
        """See ``gateway.ports.Files``. The ids of files begin with the time, in milliseconds."""

        def removed(now: KeptFile) -> KeptFile | None:
            if now.state != "kept" or (unsent and (now.account or now.conversation)):
                return None
            return replace(now, state="removed", why=why, ref="", path="", look=None)

        await self._views_at_head()
        until = f"med_{millis(before):012x}"
        wanted: Document = {"state": "kept", **({"account": "", "conversation": ""} if unsent else {})}
        gone: list[str] = []
        after = ""
        while len(gone) < limit:
            ids = await self._listed({**wanted, "_id": {"$gt": after, "$lt": until}}, limit - len(gone))
            if not ids:
                break
            after = ids[-1]
            gone += [one for one in ids if await _change(self._collections, one, removed)]
        return gone

    async def lasting_files(self, media_ids: Sequence[str]) -> set[str]:
        """See ``gateway.ports.Files``. A file's document may say for a while that it lasts when it does no more."""
        await self._views_at_head()
        lasting: set[str] = set()
        for start in range(0, len(media_ids), _AT_ONCE):
            some = list(media_ids[start : start + _AT_ONCE])
            wanted = {"_id": {"$in": some}, "state": {"$in": list(_LASTING)}}
            lasting.update(await self._listed(wanted, len(some)))
        return lasting

    async def _listed(self, wanted: Document, limit: int) -> list[str]:
        """The ids of files whose documents say so, oldest first."""
        with reaching():
            found = await self._collections.files.find(wanted, {"_id": 1}, sort=[("_id", 1)], limit=limit).to_list()
        return [one["_id"] for one in found]


# One file.


async def _newest(db: Collections, media_id: str) -> _Version | None:
    """The file as it is now: its document, and then whatever changes are newer. Raises Unavailable."""
    with reaching():
        found = await db.files.find_one({"_id": media_id})
        if found is None:
            return None
        listed = number = found["version"]
        while (later := await db.changes.find_one({"_id": _change_id(media_id, number + 1)})) is not None:
            found, number = later, number + 1
    return _Version(_file(media_id, found), number, listed)


async def _change(db: Collections, media_id: str, change: Change) -> bool:
    """Change a file, decided on how it is; False if there is no such file or no change. Raises Unavailable."""
    for _ in range(_TRIES):
        now = await _newest(db, media_id)
        changed = None if now is None else change(now.file)
        if now is None or changed is None:
            if now is not None:
                await _list(db, now)
            return False
        number = now.number + 1
        with reaching(), suppress(DuplicateKeyError):  # somebody else was quicker: see what the file is now
            await db.changes.insert_one(_row(changed, number) | {"_id": _change_id(media_id, number)})
            await _list(db, _Version(changed, number, now.listed))
            return True
    raise Unavailable(f"too many change {media_id} at once")


async def _list(db: Collections, now: _Version) -> None:
    """Make the file's document say how the file is, and empty the changes that came before.

    Any of this may be left undone, or be done twice or late, and the file is the same: it is what its newest change says.
    """
    if now.listed == now.number:
        return
    media_id = now.file.id
    with suppress(Unavailable), reaching():
        older = {"_id": media_id, "version": {"$lt": now.number}}
        await db.files.replace_one(older, _row(now.file, now.number))
        for number in range(max(now.listed, 1), now.number):  # what was erased is not to be read there
            await db.changes.replace_one({"_id": _change_id(media_id, number)}, {})


def _change_id(media_id: str, version: int) -> str:
    return f"{media_id}:{version}"


def _row(file: KeptFile, version: int) -> Document:
    look = file.look
    return {
        "_id": file.id,
        "version": version,
        "brand": file.brand,
        "state": file.state,
        "account": file.account,
        "conversation": file.conversation,
        "ref": file.ref,
        "mime": file.mime,
        "name": file.name,
        "size": file.size,
        "path": file.path,
        "why": file.why,
        "look": None
        if look is None
        else {"width": look.width, "height": look.height, "duration": look.duration, "thumbnail": look.thumbnail},
    }


def _file(media_id: str, found: Document) -> KeptFile:
    look = found["look"]
    return KeptFile(
        id=media_id,
        brand=found["brand"],
        state=found["state"],
        account=found["account"],
        conversation=found["conversation"],
        ref=found["ref"],
        mime=found["mime"],
        name=found["name"],
        size=found["size"],
        path=found["path"],
        why=found["why"],
        look=None if look is None else Look(**look),
    )
