"""Every error as a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any

import orjson
from aiohttp import web

from gateway.frames import BadCursor
from gateway.ports import CursorExpired, Unavailable
from normalizer.decision import Refusal

STATUS = {
    "not_found": 404, "stale": 412, "already_claimed": 409, "not_failed": 409, "not_uncertain": 409,
    "provider_down": 503, "rate_limited": 503,
}  # fmt: skip
"""The status of what was refused, by its code; 422 for any other."""

Errors = Sequence[Mapping[str, Any]]


class Problem(Exception):
    """An answer that is not what was asked for. ``about`` adds members to the document, ``errors`` names fields."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        errors: Errors | None = None,
        about: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.about, self.headers = errors, dict(about or {}), dict(headers or {})


def invalid(detail: str, errors: Errors) -> Problem:
    """422, with what is wrong by its place."""
    return Problem(422, "invalid", detail, errors=errors)


def wrong(pointer: str, detail: str) -> Problem:
    """422 for one field."""
    return invalid(detail, [{"pointer": pointer, "detail": detail}])


def unauthorized(detail: str = "sign in, or send an API key", code: str = "unauthorized") -> Problem:
    """401."""
    return Problem(401, code, detail, headers={"WWW-Authenticate": "Bearer"})


def of(error: Exception) -> Problem | None:
    """The problem that an exception tells of; None for one that nobody foresaw."""
    match error:
        case Problem():
            found: Problem | None = error
        case Refusal():
            found = _refused(error)
        case BadCursor():
            found = wrong("/after", str(error))
        case CursorExpired():
            found = Problem(
                410, "cursor_expired", "the feed is not kept that far back; read again, then go on from now"
            )
        case Unavailable():
            found = Problem(503, "unavailable", "nothing durable can be done just now", headers={"Retry-After": "1"})
        case ConnectionError() | web.RequestPayloadError():
            found = Problem(400, "incomplete", "the body ended too early")
        case web.HTTPException():
            found = _of_http(error)
        case _:
            found = None
    return found


def _refused(refusal: Refusal) -> Problem:
    status = STATUS.get(refusal.code, 422)
    about = dict(refusal.about)
    errors = about.pop("errors", None)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and errors is None:
        errors = [{"pointer": refusal.pointer, "detail": refusal.detail}]
    wait = about.pop("wait", None)
    headers = {"Retry-After": str(ceil(wait or 5))} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Problem(status, refusal.code, refusal.detail, errors=errors, about=about, headers=headers)


def _of_http(error: web.HTTPException) -> Problem:
    kept = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
    code = HTTPStatus(error.status).phrase.lower().replace(" ", "_").replace("-", "_")
    match error.status:
        case HTTPStatus.NOT_FOUND:
            return Problem(404, "not_found", "there is nothing at this address")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return Problem(405, code, f"this address takes {kept.get('Allow', 'other methods')}", headers=kept)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Problem(413, "too_large", "the body is too large")
        case _:
            return Problem(error.status, code, headers=kept)


def shown(problem: Problem, request_id: str) -> web.Response:
    """The document."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
        **problem.about,
    }
    if problem.errors is not None:
        document["errors"] = list(problem.errors)
    return web.Response(
        body=orjson.dumps(document),
        status=problem.status,
        content_type="application/problem+json",
        headers=problem.headers,
    )
