"""What a request brings, whatever its shape: query, form, JSON or multipart with files, read up to a limit."""

from typing import Any

import orjson
from aiohttp import web

from gateway.simulator.world import Upload

LIMIT = 52 << 20  # Telegram takes files of 50 MB


class UnreadableError(Exception):
    """The body is too large (413) or not what its content type says (400)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def read(request: web.Request, *, nulls: bool = False) -> dict[str, Any]:
    """All parameters by name: strings from queries and forms, any JSON value from JSON, Uploads from multipart.

    What is null in JSON counts as absent, unless ``nulls`` mean something.
    """
    fields: dict[str, Any] = dict(request.query)
    if not request.can_read_body:
        return fields
    bounded = request.clone(client_max_size=LIMIT)  # the application we are mounted in may have a small limit
    try:
        if request.content_type == "application/json":
            fields |= _object(await bounded.read(), nulls=nulls)
        elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            fields |= {name: _value(value) for name, value in (await bounded.post()).items()}
    except web.HTTPRequestEntityTooLarge:
        raise UnreadableError(413, "Request Entity Too Large") from None
    except ValueError as problem:
        raise UnreadableError(400, f"Bad Request: can't parse the request: {problem}") from problem
    return fields


async def pairs(request: web.Request) -> list[tuple[str, str]]:
    """The fields of a form in order, those that come several times as often as they do; files are left out."""
    bounded = request.clone(client_max_size=LIMIT)
    return [(name, value) for name, value in (await bounded.post()).items() if isinstance(value, str)]


def _object(body: bytes, *, nulls: bool) -> dict[str, Any]:
    if not body.strip():
        return {}
    value = orjson.loads(body)
    if not isinstance(value, dict):
        raise ValueError("object expected")  # noqa: TRY004  one kind of failure: the body is not what it should be
    return {str(key): item for key, item in value.items() if nulls or item is not None}


def _value(value: str | bytes | bytearray | web.FileField) -> str | Upload:
    if isinstance(value, web.FileField):
        with value.file as file:
            return Upload(value.filename or "file", value.content_type, file.read())
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
