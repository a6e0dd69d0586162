"""Reads the accounts of a configuration, each by its connector's own settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.nodes import MappingNode, Node, SequenceNode

from connectors.api import Connector, Settings
from gateway import config_values as values
from gateway.config_file import Page, Place, Section, is_null, nearest

Loc = tuple[int | str, ...]
Found = tuple[Connector[Any], Settings]


def read(page: Page, place: Place, node: Node | None, connectors: Mapping[str, Connector[Any]]) -> dict[str, Found]:
    """Every account that is right, by name; what is wrong with the others is noted on the page."""
    found: dict[str, Found] = {}
    hooks: dict[tuple[str, str, str], str] = {}
    for name, (at, held) in page.entries(place, node).items():
        try:
            values.name(name)
        except ValueError as error:
            page.wrong(at, f"the account's name {error}")
            continue
        account = _account(page, at, held, name, connectors)
        if account is None:
            continue
        end = (account[1].hook or name, account[0].name, account[1].address)
        if end in hooks:
            what = f'is the same end of {end[1]} on the hook "{end[0]}" as the account {hooks[end]}'
            page.wrong(at, what, "give one of them a hook of its own, or remove it")
        hooks.setdefault(end, name)
        found[name] = account
    return found


def _account(page: Page, at: Place, held: Node, name: str, connectors: Mapping[str, Connector[Any]]) -> Found | None:
    entries = page.entries(at, held)
    if "connector" not in entries:
        if not page.failed(at.key):
            page.wrong(at, "has no connector", f"the known connectors are {', '.join(sorted(connectors))}")
        return None
    kind = page.text(*entries["connector"])
    connector = connectors.get(kind or "")
    if connector is None:
        if kind is not None:
            page.unknown(entries["connector"][0], kind, connectors, "connector")
        return None
    _common(page, at, held, known_keys(connector.settings))
    for key, field in connector.settings.model_fields.items():
        if "Secret" in repr(field.annotation) and (entry := entries.get(field.alias or key)):
            page.hide(str(getattr(entry[1], "value", "")))
    given = page.plain(at, held)
    settings = _validated(page, at, held, {**given, "name": name}, connector.settings)
    return None if settings is None or page.failed(at.key) else (connector, settings)


def known_keys(settings: type[Settings]) -> list[str]:
    """What an account may say."""
    return [field.alias or key for key, field in settings.model_fields.items() if key != "name"]


def _common(page: Page, at: Place, held: Node, known: Iterable[str]) -> None:
    """What is the same for every connector, and unknown keys."""
    section = Section(page, at, held, known)
    section.take("brand", values.name, "")
    if (hook := section.node("hook")) is not None and not is_null(hook):
        section.take("hook", values.name, "")
    section.take("api", values.api, "")


def _validated(page: Page, at: Place, held: Node, given: Mapping[str, Any], model: type[Settings]) -> Settings | None:
    """The connector's own word on an account."""
    known = {*known_keys(model), "name"}
    try:
        return model.model_validate({key: value for key, value in given.items() if key in known and value is not None})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    for detail in found:
        place = _place(at, held, detail["loc"])
        mistyped = detail["type"] == "missing" and page.suggested(at, str(detail["loc"][-1]))
        if not mistyped and not page.failed(place.key):
            page.wrong(place, *_words(detail, model, given))
    return None


def _place(at: Place, node: Node, loc: Loc) -> Place:
    """Where the thing stands that pydantic means; as near as the file goes."""
    for step in loc:
        if isinstance(node, MappingNode):
            held = [(key, value) for key, value in node.value if key.value == step]
            if not held:
                return Place(f"{at.key}.{step}", at.line, at.column)
            at, node = at.under(str(step), held[0][0]), held[0][1]
        elif isinstance(node, SequenceNode) and isinstance(step, int):
            node = node.value[step]
            at = at.under(str(step), node)
    return at


def _words(detail: ErrorDetails, model: type[Settings], given: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong, and what to do."""
    match detail["type"]:
        case "missing" if detail["loc"][0] in given:
            return "has no value", "give one"
        case "missing":
            return "is missing", "every account of this connector needs it"
        case "extra_forbidden":
            return f'unknown key "{detail["loc"][-1]}"', nearest(str(detail["loc"][-1]), _keys_at(model, detail["loc"]))
        case _:
            words = detail["msg"].removeprefix("Value error, ")
            return re.sub(r"^(Input|Value|String|Number) should ", "must ", words), ""


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The known keys beside the one that ``loc`` ends in."""
    for step in loc[:-1]:
        field = model.model_fields.get(str(step))
        for kind in (field.annotation, *get_args(field.annotation)) if field else ():
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return list(model.model_fields)
