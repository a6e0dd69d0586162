"""Files: uploaded to be sent, and received ones fetched from us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from agent_api.answers import AttachmentShown, FileShown, PendingShown
from agent_api.asked import MediaParams, UploadParams
from agent_api.problems import Problem, wrong
from agent_api.wire import Ask, Route, answered
from gateway.media import TooLarge, is_small, media_type
from gateway.ports import KeptFile, Look

FETCH_WAIT = 10.0
"""Seconds that a reader waits for a fetch under way."""
STILL = 60.0
"""Seconds that an upload may stand still."""
_CHUNK = 64 * 1024


async def _upload(ask: Ask) -> web.Response:
    if ask.request.content_type != "multipart/form-data":
        raise Problem(415, "unsupported_media_type", "send multipart/form-data with the file as `file`")
    brand = _brand(ask)
    try:
        file = await _first(ask, await ask.request.multipart(), brand)
    except TooLarge as error:
        raise Problem(413, "too_large", str(error) or "the file is too large") from None
    except TimeoutError:
        raise Problem(408, "too_slow", f"nothing came for {STILL:g} s") from None
    except (ValueError, AssertionError, HttpProcessingError):
        raise Problem(400, "malformed", "this multipart body cannot be read") from None
    found = {
        "media": file.id,
        "media_type": media_type(file.mime),
        "mime": file.mime,
        "size": file.size,
        "name": file.name,
    }
    return answered(found, 201)


def _brand(ask: Ask) -> str:
    """Whose the file will be: one of the caller's brands."""
    params: UploadParams = ask.params
    caller = ask.who.caller
    brand = params.brand or (caller.brands[0] if caller.brands else "main")
    if not caller.sees(brand):
        raise wrong("/brand", "not one of your brands")
    return brand


async def _first(ask: Ask, body: MultipartReader, brand: str) -> KeptFile:
    """Keep the one part that there may be."""
    part = await _next(body)
    if part is None:
        raise wrong("/file", "Field required")
    return await ask.api.inside.media.upload(brand, part.filename or "", _chunks(part, body))


async def _next(body: MultipartReader) -> BodyPartReader | None:
    """The next part, which is a file if there is one."""
    async with asyncio.timeout(STILL):
        part = await body.next()
    if part is None or (isinstance(part, BodyPartReader) and part.name == "file"):
        return part
    raise wrong(f"/{part.name or ''}" if isinstance(part, BodyPartReader) else "", "only `file` is known here")


async def _chunks(part: BodyPartReader, body: MultipartReader) -> AsyncIterator[bytes]:
    """The bytes of a part that has to be the last: what comes after decides before anything is kept."""
    while chunk := await _chunk(part):
        yield chunk
    if await _next(body) is not None:
        raise wrong("/file", "one file at a time")


async def _chunk(part: BodyPartReader) -> bytes:
    async with asyncio.timeout(STILL):
        return await part.read_chunk(_CHUNK)


async def _get(ask: Ask) -> web.StreamResponse:
    media, file, params = ask.api.inside.media, await _found(ask), ask.params
    # A page shows many small pictures, and over HTTP/1.1 a browser has six connections in all: none waits for those.
    if file.state == "pending" and params.size is None:
        file = await media.wait(file.id, FETCH_WAIT) or file
    if file.state == "pending":
        again = "3" if params.size is None else "1"
        return answered({"media": file.id, "state": "pending"}, 202, {"Retry-After": again})
    if file.state == "removed":
        raise Problem(410, "media_removed", file.why)
    if file.state != "kept":
        raise Problem(410, "not_fetched", file.why or "this file could not be fetched")
    if not await media.on_disk(file):
        raise Problem(410, "media_removed", "its bytes are not on the disk any more")
    if params.size is None:
        return web.FileResponse(media.path(file), headers=media.served(file))
    thumbnail = await media.thumbnail(file)
    if thumbnail is None:
        raise Problem(404, "no_thumbnail", "there is no small picture of this file")
    return web.FileResponse(thumbnail[0], headers=thumbnail[1])


async def _found(ask: Ask) -> KeptFile:
    file = await ask.api.inside.store.file(ask.named())
    if file is None or not ask.who.caller.sees(file.brand):
        raise Problem(404, "not_found", "no such file")
    return file


async def _about(ask: Ask) -> web.Response:
    media, file = ask.api.inside.media, await _found(ask)
    if file.state == "kept" and await media.on_disk(file):
        file = await media.look(file)
    look = file.look or Look()
    known = {"why": file.why, "width": look.width, "height": look.height, "duration": look.duration}
    return answered(
        {
            "media": file.id,
            "state": file.state,
            "mime": file.mime,
            "size": file.size,
            "name": file.name,
            **{name: value for name, value in known.items() if value},
            "thumbnail": look.thumbnail or is_small(file),
        }
    )


ROUTES = (
    Route(
        "POST",
        "/v1/attachments",
        "Upload a file to send",
        _upload,
        {201: AttachmentShown},
        scope="agent",
        params=UploadParams,
        problems=(400, 408, 413, 415, 422),
        upload=True,
    ),
    Route(
        "GET",
        "/v1/media/{id}",
        "A file, or a small picture of it; 202 while it is still being fetched",
        _get,
        {200: "application/octet-stream", 202: PendingShown, 206: "application/octet-stream"},
        scope="read",
        params=MediaParams,
        problems=(404, 410),
    ),
    Route(
        "GET",
        "/v1/media/{id}/about",
        "What is known of a file",
        _about,
        {200: FileShown},
        scope="read",
        problems=(404,),
    ),
)
