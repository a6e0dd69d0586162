"""Reads a scenario from its file; whatever is wrong is pointed at, with the nearest thing that is right."""

import types
from collections.abc import Iterable, Iterator, Mapping
from inspect import isclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.config_file import ConfigErrors, Page, Place, opened
from gateway.simulator import samples
from gateway.simulator.scenario.model import MEDIA, Scenario, Step

Where = tuple[int | str, ...]
SAID = "Value error, "


def read(path: Path, environ: Mapping[str, str]) -> Scenario:
    """The scenario in a file; raises ConfigErrors."""
    page, top = opened(path, environ)
    given = page.plain(Place(), top) if top is not None else {}
    if page.problems:
        raise ConfigErrors(page.problems)
    try:
        scenario = Scenario.model_validate(given)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            _note(page, top, problem["loc"], problem["type"], problem["msg"])
        raise ConfigErrors(page.problems) from None
    for where, name, known, kind in _names(scenario):
        if name not in known:
            page.unknown(_place(top, where), name, known, kind)
    for where, file in _files(scenario):
        if not (path.parent / file).is_file():
            page.wrong(_place(top, where), f'there is no file "{file}" beside the scenario', 'or write "sample"')
    if page.problems:
        raise ConfigErrors(page.problems)
    return scenario


def _note(page: Page, top: Node | None, where: Where, kind: str, words: str) -> None:
    place = _place(top, where)
    if kind == "extra_forbidden":
        page.unknown(place, str(where[-1]), _known(where[:-1]))
    elif kind == "missing":
        page.wrong(place, "is missing")
    else:
        page.wrong(place, words.removeprefix(SAID).replace("Input should", "should"))


def _place(node: Node | None, where: Where) -> Place:
    """Where something stands in the file; what is not there stands where it would."""
    place = Place(line=1, column=1)
    for part in where:
        found = _under(node, part)
        if found is None:
            return Place(f"{place.key}.{part}" if place.key else str(part), place.line, place.column)
        at, node = found
        place = place.under(str(part), at)
    return place


def _under(node: Node | None, part: int | str) -> tuple[Node, Node] | None:
    """The key and what it holds; an item of a list is its own key."""
    if isinstance(node, MappingNode):
        pairs = ((key, held) for key, held in node.value if isinstance(key, ScalarNode) and key.value == part)
        return next(pairs, None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _known(where: Where) -> list[str]:
    """The keys that may stand at a place."""
    kind: Any = Scenario
    for part in where:
        kind = _inner(kind, part)
    if not (isclass(kind) and issubclass(kind, BaseModel)):
        return []
    return [field.alias or name for name, field in kind.model_fields.items()]


def _inner(kind: Any, part: int | str) -> Any:
    if isclass(kind) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return _bare(fields.get(str(part)))
    return _bare(get_args(kind)[-1]) if get_args(kind) else None


def _bare(kind: Any) -> Any:
    """A type without its `| None`."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(one for one in get_args(kind) if one is not type(None))
    return kind


def _names(scenario: Scenario) -> Iterator[tuple[Where, str, Iterable[str], str]]:
    """Every name that a scenario uses: where, the name, those that are known there, and what it names."""
    for who, customer in scenario.customers.items():
        if customer.account:
            yield ("customers", who, "account"), customer.account, scenario.accounts, "account"
    named: list[str] = []
    for number, step in enumerate(scenario.steps):
        where: Where = ("steps", number, step.kind)
        for keys, name in _customers_of(step):
            yield (*where, *keys), name, scenario.customers, "customer"
        if step.load and step.load.account:
            yield (*where, "account"), step.load.account, scenario.accounts, "account"
        for key, name in _messages_of(step):
            yield (*where, key), name, tuple(named), "message"
        one = step.say or step.expect
        if one and one.name:
            named.append(one.name)


def _customers_of(step: Step) -> Iterator[tuple[Where, str]]:
    if alone := step.block or step.unblock or step.open:
        yield (), alone
    one = getattr(step, step.kind)
    if hasattr(one, "who"):
        yield (str(type(one).model_fields["who"].alias),), one.who


def _messages_of(step: Step) -> Iterator[tuple[str, str]]:
    one = getattr(step, step.kind)
    for key in ("message", "reply_to", "deleted"):
        if name := getattr(one, key, ""):
            yield key, name


def _files(scenario: Scenario) -> Iterator[tuple[Where, str]]:
    """Every path that a scenario names."""
    for number, step in enumerate(scenario.steps):
        if step.say is None:
            continue
        where: Where = ("steps", number, "say")
        for kind in MEDIA:
            name = getattr(step.say, kind)
            drawn = kind == "sticker" and samples.sticker(name) is not None
            if name and name != "sample" and not drawn:
                yield (*where, kind), name
        for at, name in enumerate(step.say.album):
            if name != "sample":
                yield (*where, "album", at), name
