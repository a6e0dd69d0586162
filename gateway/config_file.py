"""Reads a YAML file with the place of every key, so that whatever is wrong can be pointed at; knows no key by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

T = TypeVar("T")

Entries = dict[str, tuple["Place", Node]]

_VARIABLE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}\n]*)?\})?")
_TO_YAML = str.maketrans({mark: chr(0x10FF00 + ord(mark)) for mark in "{}[],:#"})
_FROM_YAML = {ord(there): here for here, there in _TO_YAML.items()}
_QUOTED = re.compile(r"'(?!<)[^'\s]{4,}'")
_STANDARD = "tag:yaml.org,2002:"
_WORTH_HIDING = 4
"""Characters. A shorter value of the environment, such as a port, is no secret."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands: dotted, and counted from 1 in the file; line 0 is the file as a whole."""

    key: str = ""
    line: int = 0
    column: int = 0

    def under(self, name: str, node: Node) -> Place:
        """The place of something that this key holds."""
        key = f"{self.key}.{name}" if self.key else name
        return Place(key, node.start_mark.line + 1, node.start_mark.column + 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, and what to do about it. It quotes no value that could be a secret."""

    path: Path
    place: Place
    what: str
    todo: str = ""

    def __str__(self) -> str:
        where = f"{self.path}:{self.place.line}:{self.place.column}" if self.place.line else str(self.path)
        key = f"{self.place.key}: " if self.place.key else ""
        return f"{where}: {key}{self.what}{f'; {self.todo}' if self.todo else ''}"


class ConfigErrors(Exception):
    """A configuration cannot be used; ``problems`` are all that is wrong with it, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.place.line, problem.place.column)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Page:
    """A file being read: what is wrong with it so far, and the values that no message may quote."""

    path: Path
    environ: Mapping[str, str] = field(repr=False)
    problems: list[Problem] = field(default_factory=list)
    private: set[str] = field(default_factory=set, repr=False)

    def wrong(self, place: Place, what: str, todo: str = "") -> None:
        """Note a problem, without whatever private value its words contain."""
        for value in sorted(self.private, key=len, reverse=True):
            what = what.replace(value, "[secret]")
        problem = Problem(self.path, place, what, todo)
        if problem not in self.problems:
            self.problems.append(problem)

    def failed(self, key: str) -> bool:
        """Whether something is wrong with a key, or with what it holds."""
        return any(f"{problem.place.key}.".startswith(f"{key}.") for problem in self.problems)

    def unknown(self, place: Place, name: str, known: Iterable[str], kind: str = "key") -> None:
        """Note a name that nobody knows, with the nearest one that is known."""
        self.wrong(place, f'unknown {kind} "{name}"', nearest(name, known, kind))

    def suggested(self, place: Place, name: str) -> bool:
        """Whether an unknown key of this table is likely to be this one."""
        meant = f'did you mean "{name}"?'
        return any(problem.todo == meant and problem.place.key.startswith(place.key) for problem in self.problems)

    def hide(self, value: str) -> None:
        """Never quote this value."""
        if len(value) >= _WORTH_HIDING:
            self.private.add(value)

    def text(self, place: Place, node: Node) -> str | None:
        """A scalar as it is written, with the environment's values in it; None if it is wrong."""
        if not isinstance(node, ScalarNode):
            self.wrong(place, f"must be a single value, not a {_kind(node)}")
            return None
        if not node.tag.startswith(_STANDARD):
            self.wrong(place, "has a YAML tag", "leave the tag out; ${NAME} reads the environment")
            return None
        values = {match[0]: self._value(place, match) for match in _VARIABLE.finditer(node.value)}
        if None in values.values():
            return None
        return _VARIABLE.sub(lambda match: values[match[0]] or "", node.value)

    def _value(self, place: Place, match: re.Match[str]) -> str | None:
        name, default = match["name"], match["default"]
        if match[0] == "$${":
            return "${"
        if name is None:
            self.wrong(place, "has a ${ that names no variable", "write ${NAME}, or $${ for the characters themselves")
            return None
        value = self.environ.get(name)
        if default is not None:
            value = value or default.removeprefix(":-")
        if value is None:
            todo = f"set it, or give a default: ${{{name}:-…}}"
            self.wrong(place, f"the environment variable {name} is not set", todo)
            return None
        self.hide(value)
        return value

    def entries(self, place: Place, node: Node | None) -> Entries:
        """The keys of a table, each with its place and what it holds; nothing for an empty one."""
        if node is None or is_null(node):
            return {}
        if not isinstance(node, MappingNode):
            self.wrong(place, f"must be a table of keys, not a {_kind(node)}")
            return {}
        found: Entries = {}
        for key, held in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            at = place.under(name, key)
            if not isinstance(key, ScalarNode):
                self.wrong(at, "a key must be a single word")
            elif name in found:
                self.wrong(at, f"is here twice; it is on line {found[name][0].line} too", "remove one of them")
            else:
                found[name] = (at, held)
        return found

    def plain(self, place: Place, node: Node, above: tuple[Node, ...] = ()) -> Any:
        """What a node holds, as dicts, lists and texts; wrong scalars are empty texts."""
        if node in above:
            self.wrong(place, "holds itself")
            return ""
        if isinstance(node, MappingNode):
            entries = self.entries(place, node)
            return {name: self.plain(at, held, (*above, node)) for name, (at, held) in entries.items()}
        if isinstance(node, SequenceNode):
            return [self.plain(place.under(str(i), held), held, (*above, node)) for i, held in enumerate(node.value)]
        return None if is_null(node) else self.text(place, node) or ""


class _Loader(yaml.SafeLoader):
    """YAML in which ``${NAME:-default}`` is text anywhere, even unquoted within ``{…}``, where braces would end it."""

    def __init__(self, text: str) -> None:
        super().__init__(_VARIABLE.sub(lambda match: match[0].translate(_TO_YAML), text))

    def compose_scalar_node(self, anchor: Any) -> ScalarNode:
        node: ScalarNode = super().compose_scalar_node(anchor)
        node.value = node.value.translate(_FROM_YAML)
        return node


class Section:
    """A table with keys that we know: take each; the others are noted as unknown."""

    def __init__(self, page: Page, place: Place, node: Node | None, known: Iterable[str]) -> None:
        self.page, self.place = page, place
        self.found = page.entries(place, node)
        known = tuple(known)
        for name, (at, _) in self.found.items():
            if name not in known:
                page.unknown(at, name, known)

    def node(self, name: str) -> Node | None:
        """What a key holds, unread."""
        return self.found[name][1] if name in self.found else None

    def at(self, name: str) -> Place:
        """Where a key stands, or would."""
        place = Place(f"{self.place.key}.{name}" if self.place.key else name, self.place.line, self.place.column)
        return self.found[name][0] if name in self.found else place

    def section(self, name: str, known: Iterable[str]) -> Section:
        """The table that a key holds."""
        return Section(self.page, self.at(name), self.node(name), known)

    def take(self, name: str, read: Callable[[str], T], default: T) -> T:
        """A key's value by ``read``, which raises ValueError in words for people; the default if it is not there."""
        node = self.node(name)
        if node is None or (default is None and is_null(node)):
            return default
        return next(self._read(self.at(name), node, read), default)

    def take_all(self, name: str, read: Callable[[str], T]) -> tuple[T, ...]:
        """The values of a key that holds a list."""
        node, place = self.node(name), self.at(name)
        if node is None or is_null(node):
            return ()
        if not isinstance(node, SequenceNode):
            self.page.wrong(place, f"must be a list, not a {_kind(node)}", f"write {name}: [one, another]")
            return ()
        items = [(place.under(str(number), item), item) for number, item in enumerate(node.value)]
        return tuple(value for at, item in items for value in self._read(at, item, read))

    def _read(self, place: Place, node: Node, read: Callable[[str], T]) -> Iterator[T]:
        if is_null(node):
            self.page.wrong(place, "has no value", "give one, or leave the key out")
            return
        text = self.page.text(place, node)
        if text is None:
            return
        try:
            yield read(text)
        except ValueError as error:
            self.page.wrong(place, str(error))


def opened(path: Path, environ: Mapping[str, str]) -> tuple[Page, Node | None]:
    """A file and its top node, None if it is empty; raises ConfigErrors if it cannot be read or is no YAML."""
    page = Page(path, environ)
    try:
        return page, yaml.compose(path.read_bytes().decode(), Loader=_Loader)
    except OSError as error:
        page.wrong(Place(), f"cannot be read: {error.strerror}", "give the path of a configuration file")
    except UnicodeDecodeError as error:
        page.wrong(Place(line=error.object.count(b"\n", 0, error.start) + 1, column=1), "is not UTF-8 text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(line=mark.line + 1, column=mark.column + 1) if mark else Place()
        words = (error.problem or error.context or "").translate(_FROM_YAML)
        page.wrong(place, f"is not YAML: {_QUOTED.sub('…', words)}")
    except yaml.reader.ReaderError as error:
        page.wrong(Place(), f"is not YAML: it has a character that YAML does not allow, U+{error.character:04X}")
    except RecursionError:
        page.wrong(Place(), "is nested too deeply to be read")
    raise ConfigErrors(page.problems) from None


def is_null(node: Node) -> bool:
    """Whether a key was given nothing: ``key:``, ``key: ~`` or ``key: null``."""
    return bool(node.tag == f"{_STANDARD}null")


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "table"
    return "list" if isinstance(node, SequenceNode) else "single value"


def nearest(name: str, known: Iterable[str], kind: str = "key") -> str:
    """What to write instead of an unknown name."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.55)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"the known {kind}s are {', '.join(names)}" if names else f"no {kind} is known here"
