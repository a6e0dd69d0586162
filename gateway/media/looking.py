"""What can be seen of files, found out once, by a program that a broken or malicious file may end."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from gateway.media import look
from gateway.media.folder import Folder, Unwritable
from gateway.ports import Files, KeptFile, Look

log = structlog.get_logger(__name__)

LIMIT_S = look.WALL_S + 10
"""How long we wait for the program, which ends by itself before that."""

REST_S = 30.0
"""Without a file for so long, the program ends."""


PROGRAM = str(Path(look.__file__).absolute())


def is_small(file: KeptFile) -> bool:
    """Whether this is a picture that needs no thumbnail."""
    side = max(file.look.width, file.look.height) if file.look is not None else 0
    return file.mime in look.PICTURES and 0 < side <= look.SIDE and file.size <= look.SMALL


class Looking:
    """Looks at one file at a time, when somebody asks. Needs ``stop``."""

    def __init__(self, files: Files, folder: Folder) -> None:
        self._files, self._folder = files, folder
        self._turn = asyncio.Lock()
        self._looker = Looker()

    async def stop(self) -> None:
        """End the program."""
        await self._looker.stop()

    async def look(self, file: KeptFile) -> KeptFile:
        """The file as it is now, with what can be seen of it; without that where nobody can look. Raises Unavailable."""
        if file.look is not None:
            return file
        async with self._turn:
            file = await self._files.file(file.id) or file
            if file.state != "kept" or file.look is not None:
                return file
            try:
                seen = await self._seen(file)
            except (OSError, Unwritable) as error:
                log.warning("files cannot be looked at", media=file.id, why=str(error))
                return file
            if await self._files.note_look(file.id, seen):
                return replace(file, look=seen)
            with suppress(Unwritable):  # then a sweep finds it
                await self._folder.delete(self._folder.thumbnail(file.id))  # erased or removed meanwhile
            return await self._files.file(file.id) or file

    async def _seen(self, file: KeptFile) -> Look:
        if file.mime not in look.PICTURES and not file.mime.startswith(("audio/", "video/")):
            return Look()
        written = self._folder.incoming_thumbnail(file.id)
        try:
            seen = await self._looker.seen(self._folder.path(file), file.mime, written)
            if seen.get("thumbnail"):
                await self._folder.keep_thumbnail(file.id)
            return Look(
                width=int(seen.get("width", 0)),
                height=int(seen.get("height", 0)),
                duration=float(seen.get("duration", 0)),
                thumbnail=bool(seen.get("thumbnail")),
            )
        except Broke:
            log.warning("a file cannot be looked at", media=file.id, account=file.account, mime=file.mime)
            return Look()
        finally:
            await self._folder.delete(written)


class Broke(Exception):
    """The program ended over a file, or took too long."""


class Looker:
    """The program ``look``, while there is something to look at."""

    def __init__(self, rest: float = REST_S) -> None:
        self._rest = rest
        self._turn = asyncio.Lock()
        self._program: Process | None = None
        self._resting: asyncio.Task[None] | None = None
        self._stopped = False

    async def seen(self, path: Path, mime: str, thumbnail: Path) -> dict[str, Any]:
        """What it says of a file. Paths are absolute. Raises Broke, and OSError where it cannot be started."""
        asked = json.dumps([str(path), mime, str(thumbnail)]).encode() + b"\n"
        async with self._turn:
            if self._resting is not None:
                self._resting.cancel()
            if self._program is not None:
                with suppress(Broke):  # it may have ended long ago
                    return await self._answer(self._program, asked)
            if self._stopped:
                raise OSError("stopping")
            self._program = await _started()
            return await self._answer(self._program, asked)

    async def stop(self) -> None:
        """End it for good."""
        self._stopped = True
        if self._resting is not None:
            self._resting.cancel()
        await self._end()

    async def _answer(self, program: Process, asked: bytes) -> dict[str, Any]:
        assert program.stdin is not None  # noqa: S101 - both are pipes
        assert program.stdout is not None  # noqa: S101 - as above
        try:
            async with asyncio.timeout(LIMIT_S):
                program.stdin.write(asked)
                await program.stdin.drain()
                seen: dict[str, Any] = json.loads(await program.stdout.readline())
        except (OSError, ValueError):  # TimeoutError is an OSError; half a line and none at all are no JSON
            await self._end()
            if self._stopped:
                raise OSError("stopping") from None
            raise Broke from None
        except asyncio.CancelledError:
            await self._end()
            raise
        self._resting = asyncio.create_task(self._end_later())
        return seen

    async def _end_later(self) -> None:
        await asyncio.sleep(self._rest)
        async with self._turn:
            self._resting = None  # from here on nobody cancels
            await self._end()

    async def _end(self) -> None:
        program, self._program = self._program, None
        if program is not None:
            with suppress(ProcessLookupError):
                program.kill()
            await program.wait()


async def _started() -> Process:
    """The program: apart from our modules, and with nothing of our environment, which holds secrets."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", PROGRAM, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd="/", env={}
    )
