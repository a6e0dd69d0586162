"""Finds the connectors that are installed, ours and other people's alike, by their entry points."""

from __future__ import annotations

from collections.abc import Mapping
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


def find() -> Mapping[str, Connector[Any]]:
    """Every installed connector by name; raises CatalogError."""
    return {name: found.connector for name, found in installed().items()}


def installed() -> Mapping[str, Found]:
    """Every installed connector by name, in the order of names, with where it came from; raises CatalogError."""
    catalog: dict[str, Found] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        found = _load(entry)
        name = found.connector.name
        if name in catalog:
            other = catalog[name].distribution
            raise CatalogError(f"two connectors are named {name!r}: of {other} and of {found.distribution}; remove one")
        catalog[name] = found
    return catalog


def _load(entry: EntryPoint) -> Found:
    distribution = entry.dist.name if entry.dist else "an unknown distribution"
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
