"""The OpenAPI 3.1 document, made from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from agent_api.answers import ProblemShown
from agent_api.asked import Who
from agent_api.wire import Route

_REF = "#/components/schemas/{model}"
_UPLOAD = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
}
_WHY = {
    400: "The body cannot be read.",
    401: "No credentials, or unknown ones.",
    403: "Not allowed.",
    404: "Not found, or not in your brands.",
    408: "It took too long to come.",
    409: "Not possible as things stand.",
    410: "No longer kept.",
    412: "It has changed since.",
    413: "Too large.",
    415: "Another content type is needed.",
    422: "Something is wrong; `errors` says where.",
    426: "Another protocol is needed.",
    429: "Too many tries.",
    502: "The provider would not, or what it answered cannot be read; `detail` says what it said.",
    503: "The provider, or the store, cannot do it just now; try again.",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repeat safe: the same key and body answer the same thing. Held at least 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag that was read; if it is stale, nothing changes.",
    "schema": {"type": "string"},
}


_STATE = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    paths["/healthz"] = {"get": _state("healthz", "Whether the process is alive")}
    paths["/readyz"] = {"get": _state("readyz", "Whether hooks can be accepted, whatever providers do", 503)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Passerelle", "version": version, "description": "The agent API of a Passerelle gateway."},
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "passerelle_session"},
            },
        },
    }


def _state(name: str, summary: str, *others: int) -> dict[str, Any]:
    """What the server of the hooks answers about itself; not a route of ours."""
    told = {"200": "OK", **{str(status): _WHY[status] for status in others}}
    content = {"application/json": {"schema": _STATE}}
    answers = {status: {"description": why, "content": content} for status, why in told.items()}
    default = _problem("Something else went wrong.")
    return {
        "operationId": f"get_{name}",
        "summary": summary,
        "security": [],
        "responses": {**answers, "default": default},
    }


def _schemas(routes: Sequence[Route]) -> dict[str, Any]:
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (ProblemShown, "serialization"): None,
        (Who, "validation"): None,
    }
    for route in routes:
        if route.body is not None:
            models[route.body, "validation"] = None
        for model in route.answers.values():
            if isinstance(model, type):
                models[model, "serialization"] = None
    found: dict[str, Any] = models_json_schema(list(models), ref_template=_REF)[1]["$defs"]
    for schema in found.values():
        kind = schema.get("properties", {}).get("kind", {})
        if "const" in kind and "kind" not in schema.get("required", ()):  # the kind is what tells parts apart
            schema["required"] = ["kind", *schema.get("required", ())]
    return found


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}_{route.path.removeprefix('/v1')}").strip("_"),
        "summary": route.summary,
        "responses": {str(status): _answer(status, shape, route) for status, shape in route.answers.items()}
        | {str(status): _problem(_WHY[status]) for status in _problems(route)}
        | {"default": _problem("Something else went wrong.")},
    }
    if route.scope is not None:
        operation["security"] = [{"key": []}, {"session": []}]
        operation["description"] = f"Needs the scope `{route.scope}`."
    else:
        operation["security"] = []
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = _body(route.body)
    elif route.upload:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _UPLOAD}}}
    return operation


def _problems(route: Route) -> Sequence[int]:
    found = {422, *route.problems, *((401, 403) if route.scope else ())}
    if route.body is not None:
        found |= {400, 413}
    return sorted(found)


def _body(model: type[BaseModel]) -> dict[str, Any]:
    required = any(field.is_required() for field in model.model_fields.values())
    return {"required": required, "content": {"application/json": {"schema": _ref(model)}}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _answer(status: int, shape: type[BaseModel] | str | None, route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(shape, type):
        answer["content"] = {"application/json": {"schema": _ref(shape)}}
    elif shape is not None:
        answer["content"] = {shape: {}}
    if route.headers:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in route.headers}
    return answer


def _problem(why: str) -> dict[str, Any]:
    return {"description": why, "content": {"application/problem+json": {"schema": _ref(ProblemShown)}}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.params is not None:
        schema = route.params.model_json_schema(ref_template=_REF)
        for name, shape in schema["properties"].items():
            told = {key: value for key, value in shape.items() if key not in {"title", "description"}}
            one = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": told}
            found.append(one | ({"description": shape["description"]} if "description" in shape else {}))
    if route.once:
        found.append(_KEY)
    if route.method == "PATCH":
        found.append(_IF_MATCH)
    return found
