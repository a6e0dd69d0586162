"""Files of ours, received and uploaded: what is known of them beside their bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from gateway.adapters.instants import millis
from gateway.adapters.sqlite.access import Access
from gateway.ports import KeptFile, Look

_FILE = "id, brand, state, account, conversation, ref, mime, name, size, path, why, look"


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
        (why, f"med_{millis(before):012x}", limit),
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


class Files(Access):
    """Implements ``gateway.ports.Files``."""

    async def add_file(self, file: KeptFile) -> None:
        """See ``gateway.ports.Files``."""
        await self._writer.run(lambda db: write_file(db, file))

    async def file(self, media_id: str) -> KeptFile | None:
        """See ``gateway.ports.Files``."""
        return await self._view(file, media_id)

    async def change_file(self, file: KeptFile) -> None:
        """See ``gateway.ports.Files``."""
        await self._writer.run(lambda db: write_file(db, file))

    async def end_fetch(self, file: KeptFile) -> bool:
        """See ``gateway.ports.Files``."""
        return await self._writer.run(lambda db: end_fetch(db, file))

    async def pending_files(self, limit: int) -> Sequence[KeptFile]:
        """See ``gateway.ports.Files``."""
        return await self._view(pending_files, limit)

    async def note_look(self, media_id: str, look: Look) -> bool:
        """See ``gateway.ports.Files``."""
        return await self._writer.run(lambda db: note_look(db, media_id, look))

    async def remove_files(self, before: datetime, limit: int, why: str, *, unsent: bool = False) -> Sequence[str]:
        """See ``gateway.ports.Files``. Waits for the views, which say what has been sent."""
        await self._writer.views_at_head()
        return await self._writer.run(lambda db: remove_files(db, before, limit, why, unsent=unsent))

    async def lasting_files(self, media_ids: Sequence[str]) -> set[str]:
        """See ``gateway.ports.Files``."""
        return await self._view(lasting_files, media_ids)
