"""Files: uploaded to be sent, and received ones fetched from us."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import BodyPartReader, MultipartReader, web

from agent_api.answers import AttachmentShown, PendingShown
from agent_api.asked import UploadParams
from agent_api.problems import Problem, wrong
from agent_api.wire import Ask, Route, answered
from gateway.media import TooLarge, media_type
from gateway.ports import KeptFile

FETCH_WAIT = 10.0
"""Seconds that a reader waits for a fetch under way."""
_CHUNK = 64 * 1024


async def _upload(ask: Ask) -> web.Response:
    if ask.request.content_type != "multipart/form-data":
        raise Problem(415, "unsupported_media_type", "send multipart/form-data with the file as `file`")
    brand = _brand(ask)
    try:
        file = await _first(ask, await ask.request.multipart(), brand)
    except TooLarge as error:
        raise Problem(413, "too_large", str(error) or "the file is too large") from None
    except (ValueError, AssertionError) as error:
        raise Problem(400, "malformed", f"this multipart body cannot be read: {error}") from None
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
    found: KeptFile | None = None
    while (part := await body.next()) is not None:
        if not isinstance(part, BodyPartReader) or part.name != "file":
            raise wrong(f"/{part.name or ''}" if isinstance(part, BodyPartReader) else "", "only `file` is known here")
        if found is not None:
            raise wrong("/file", "one file at a time")
        found = await ask.api.inside.media.upload(brand, part.filename or "", _chunks(part))
    if found is None:
        raise wrong("/file", "Field required")
    return found


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield chunk


async def _get(ask: Ask) -> web.StreamResponse:
    inside, named = ask.api.inside, ask.named()
    file = await inside.store.file(named)
    if file is None or not ask.who.caller.sees(file.brand):
        raise Problem(404, "not_found", "no such file")
    if file.state == "pending":
        file = await inside.media.wait(named, FETCH_WAIT) or file
    if file.state == "pending":
        return answered({"media": named, "state": "pending"}, 202, {"Retry-After": "3"})
    if file.state != "kept":
        raise Problem(410, "not_fetched", file.why or "this file could not be fetched")
    return web.FileResponse(inside.media.path(file), headers=inside.media.served(file))


ROUTES = (
    Route(
        "POST",
        "/v1/attachments",
        "Upload a file to send",
        _upload,
        {201: AttachmentShown},
        scope="agent",
        params=UploadParams,
        problems=(400, 413, 415, 422),
        upload=True,
    ),
    Route(
        "GET",
        "/v1/media/{id}",
        "A file; 202 while it is still being fetched",
        _get,
        {200: "application/octet-stream", 202: PendingShown, 206: "application/octet-stream"},
        scope="read",
        problems=(404, 410),
    ),
)
