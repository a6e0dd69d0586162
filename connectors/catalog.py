"""Finds the connectors that are installed, ours and other people's alike, by their entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from connectors.api import Connector

GROUP = "passerelle.connectors"


class CatalogError(Exception):
    """The installed connectors cannot be used as they are; says which one, from which distribution, and why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A connector, and the distribution that brought it."""

    connector: Connector[Any]
    distribution: str
    version: str


class Catalog(Mapping[str, Connector[Any]]):
    """The installed connectors by name; each is imported when it is first asked for, which raises CatalogError.

    A gateway imports those that its accounts name: the others cost it no time, and cannot break it.
    """

    def __init__(self, entries: Mapping[str, EntryPoint]) -> None:
        self._entries = entries
        self._loaded: dict[str, Found] = {}

    def __getitem__(self, name: str) -> Connector[Any]:
        return self.found(name).connector

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def found(self, name: str) -> Found:
        """A connector, and where it came from; raises KeyError, CatalogError."""
        if name not in self._loaded:
            self._loaded[name] = _load(self._entries[name])
        return self._loaded[name]


def find() -> Catalog:
    """Every installed connector by name, in the order of names; raises CatalogError where two have one name."""
    entries: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        if entry.name in entries:
            both = f"{_distribution(entries[entry.name])} and of {_distribution(entry)}"
            raise CatalogError(f"two connectors are named {entry.name!r}: of {both}; remove one")
        entries[entry.name] = entry
    return Catalog(entries)


def installed() -> Mapping[str, Found]:
    """Every installed connector, imported, with where it came from; raises CatalogError."""
    catalog = find()
    return {name: catalog.found(name) for name in catalog}


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _load(entry: EntryPoint) -> Found:
    distribution = _distribution(entry)
    where = f"entry point {entry.name!r} ({entry.value}) of {distribution}"
    try:
        connector = entry.load()
    except Exception as error:
        raise CatalogError(f"{where} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(connector, Connector):
        raise CatalogError(f"{where} is a {type(connector).__name__}, not a connectors.api.Connector")
    if connector.name != entry.name:
        raise CatalogError(f"{where} is a connector named {connector.name!r}; the two names must agree")
    return Found(connector, distribution, entry.dist.version if entry.dist else "")
