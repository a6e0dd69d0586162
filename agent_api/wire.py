"""The wire: one table of routes drives validation, scopes and the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agent_api.auth import Scope, Signed
from agent_api.inside import Api
from agent_api.problems import Problem, invalid, wrong
from gateway.asking import Once, once

MAX_BODY = 1024 * 1024
"""Bytes of a JSON body; files go by ``/v1/attachments``, which has a limit of its own."""
PARTS = frozenset({
    "text", "media", "location", "contact", "choices", "choice", "template", "link", "unsupported",
})  # fmt: skip
"""The tags that pydantic puts into the place of an error in a part."""
REQUEST_ID = web.RequestKey("request_id", str)
_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that has been let in and read. ``params`` and ``body`` are the route's models."""

    request: web.Request
    api: Api
    route: Route
    signed: Signed | None
    params: Any = None
    body: Any = None

    @property
    def who(self) -> Signed:
        """Who calls, on a route with a scope."""
        assert self.signed is not None  # noqa: S101 - a route with a scope lets nobody else in
        return self.signed

    def named(self, name: str = "id") -> str:
        """A variable piece of the path."""
        return self.request.match_info[name]

    def once(self) -> Once | None:
        """The Idempotency-Key, if there is one."""
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if _KEY.fullmatch(key) is None:
            raise wrong("", "an Idempotency-Key is 1 to 255 printable ASCII characters")
        asked = self.body.model_dump(mode="json") if self.body is not None else {}
        return once(self.who.caller, f"{self.request.method} {self.request.path}", key, asked)


Do = Callable[[Ask], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table. ``answers`` has a model, a media type or None for each status of success."""

    method: str
    path: str
    summary: str
    do: Do = field(repr=False)
    answers: Mapping[int, type[BaseModel] | str | None]
    scope: Scope | None = None
    params: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    once: bool = False
    headers: tuple[str, ...] = ()
    upload: bool = False


class Nothing(BaseModel):
    """No fields: the body may be left out."""


def answered(found: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON."""
    return web.Response(
        body=orjson.dumps(found), status=status, content_type="application/json", headers=dict(headers or {})
    )


async def run(api: Api, route: Route, request: web.Request) -> web.StreamResponse:
    """Let a call in, read it, do it."""
    signed = await api.door.signed(request, route.scope) if route.scope else None
    if signed is not None:
        signed = replace(signed, caller=replace(signed.caller, cause=request[REQUEST_ID]))
    params = read_params(route.params, request)
    body = await read_body(route.body, request) if route.body else None
    return await route.do(Ask(request, api, route, signed, params, body))


def read_params(model: type[BaseModel] | None, request: web.Request) -> BaseModel | None:
    """The query. An empty value counts as none; a name that nobody knows, or that comes twice, is an error."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise wrong(f"/{_escaped(name)}", "this parameter comes twice")
        if value or model is None or name not in model.model_fields:
            given[name] = value
    if model is None:
        if given:
            raise invalid("this address takes no parameters", [_unknown(name) for name in given])
        return None
    try:
        return model.model_validate(given, extra="forbid")
    except ValidationError as error:
        raise invalid("some parameters are wrong", errors_of(error)) from None


async def read_body(model: type[BaseModel], request: web.Request) -> BaseModel:
    """The JSON body as a model; raises Problem 400, 413 or 422."""
    raw = await _bytes(request)
    if not raw and model is Nothing:
        return Nothing()
    try:
        return model.model_validate_json(raw, strict=True, extra="forbid")
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise Problem(HTTPStatus.BAD_REQUEST, "not_json", found[0]["msg"]) from None
        raise invalid("some fields are wrong", errors_of(error)) from None


async def _bytes(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise Problem(413, "too_large", f"a body has at most {MAX_BODY} bytes")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            raise Problem(413, "too_large", f"a body has at most {MAX_BODY} bytes")
    return bytes(body)


def errors_of(error: ValidationError) -> list[dict[str, str]]:
    """What is wrong, by RFC 6901 pointers. A list that is too short only because its items are wrong is not told."""
    told = error.errors(include_url=False, include_input=False, include_context=False)
    found = [(pointer(one), one) for one in told]
    return [
        {"pointer": at, "detail": one["msg"]}
        for at, one in found
        if one["type"] != "too_short" or not any(other.startswith(f"{at}/") for other, _ in found)
    ]


def pointer(error: ErrorDetails) -> str:
    """The place of an error in what was sent: without the tags that pydantic adds for the kinds of parts."""
    loc = error["loc"]
    pieces = [
        str(piece)
        for index, piece in enumerate(loc)
        if not (index > 1 and piece in PARTS and isinstance(loc[index - 1], int) and loc[index - 2] == "parts")
    ]
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        pieces.append("kind")
    return "".join(f"/{_escaped(piece)}" for piece in pieces)


def _escaped(piece: str) -> str:
    return piece.replace("~", "~0").replace("/", "~1")


def _unknown(name: str) -> dict[str, str]:
    return {"pointer": f"/{_escaped(name)}", "detail": "no such parameter"}
