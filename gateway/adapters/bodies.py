"""The body of a call: JSON, a form, or multipart with files that are read from disk as they are sent."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from aiohttp import FormData, Payload

from connectors.api import Call, File

Locate = Callable[[str], Awaitable[Path]]
"""Where the bytes of a media id are on disk; raises LookupError when they are not."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, its content type where that does not come with it, and how many bytes of files are in it."""

    content: bytes | Payload | None = None
    content_type: str = ""
    files: int = 0


async def body(call: Call, locate: Locate, opened: ExitStack) -> Body:
    """The body of a call; its files are open until ``opened`` ends. Raises LookupError, OSError."""
    if call.multipart is not None:
        return await _multipart(call.multipart, locate, opened)
    if call.form is not None:
        return Body(urlencode(call.form, errors="replace").encode(), "application/x-www-form-urlencoded")
    if call.json is not None:
        text = json.dumps(call.json, ensure_ascii=False, separators=(",", ":"))
        return Body(text.encode(errors="replace"), "application/json")
    return Body()


async def _multipart(fields: Mapping[str, str | File], locate: Locate, opened: ExitStack) -> Body:
    form = FormData(quote_fields=False, default_to_multipart=True)  # providers show a quoted name as it comes
    size = 0
    for field, value in fields.items():
        if isinstance(value, File):
            file, length = await asyncio.to_thread(_open, await locate(value.media))
            opened.callback(file.close)
            size += length
            name = CONTROL.sub("_", value.name.encode(errors="replace").decode()).replace('"', "'").replace("\\", "_")
            form.add_field(field, file, filename=name or value.media, content_type=value.mime)
        else:
            form.add_field(field, value.encode(errors="replace").decode())
    return Body(form(), files=size)


def _open(path: Path) -> tuple[BinaryIO, int]:
    return path.open("rb"), path.stat().st_size
