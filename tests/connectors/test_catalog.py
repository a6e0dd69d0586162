"""Connectors are found by entry point; what is wrong with one is told with its name and distribution."""

import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from connectors import catalog
from connectors.catalog import CatalogError, find, installed
from connectors.telegram import connector

other = replace(connector, name="other")
not_a_connector = 5


def entry(name: str, value: str, distribution: str | None = "some-dist", version: str = "1.2") -> EntryPoint:
    point = EntryPoint(name, value, catalog.GROUP)
    dist = SimpleNamespace(name=distribution, version=version) if distribution else None
    return point._for(dist)  # type: ignore[attr-defined, no-any-return]


def install(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    def entry_points(group: str) -> list[EntryPoint]:
        assert group == "passerelle.connectors"
        return list(entries)

    monkeypatch.setattr(catalog, "entry_points", entry_points)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that entry points can name."""
    module: Any = SimpleNamespace(other=other, not_a_connector=not_a_connector)
    monkeypatch.setitem(__import__("sys").modules, "somewhere", module)
    return "somewhere"


TELEGRAM = entry("telegram", "connectors.telegram:connector", "passerelle", "0.1.0")


def test_what_is_installed_is_found(monkeypatch: pytest.MonkeyPatch, here: str) -> None:
    install(monkeypatch, TELEGRAM, entry("other", f"{here}:other"))
    assert find() == {"other": other, "telegram": connector}
    assert list(find()) == ["other", "telegram"]
    found = installed()
    assert (found["telegram"].distribution, found["telegram"].version) == ("passerelle", "0.1.0")
    assert (found["other"].distribution, found["other"].version) == ("some-dist", "1.2")


def test_an_entry_point_without_a_distribution(monkeypatch: pytest.MonkeyPatch, here: str) -> None:
    install(monkeypatch, entry("other", f"{here}:other", None))
    assert (installed()["other"].distribution, installed()["other"].version) == ("an unknown distribution", "")


def test_two_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, TELEGRAM, entry("telegram", "connectors.telegram:connector", "rival"))
    with pytest.raises(CatalogError, match="'telegram': of passerelle and of rival"):
        find()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("broken", "nowhere.at_all:connector", r"'broken' \(nowhere.at_all:connector\) of some-dist .* ModuleNotFound"),
        ("broken", "connectors.telegram:nothing", "'broken' .* of some-dist cannot be imported: AttributeError"),
        ("odd", "somewhere:not_a_connector", "'odd' .* of some-dist is a int, not a"),
        ("alias", "somewhere:other", "'alias' .* of some-dist is a connector named 'other'"),
    ],
)
def test_one_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, here: str, name: str, value: str, why: str
) -> None:
    assert here == "somewhere"
    install(monkeypatch, entry(name, value))
    with pytest.raises(CatalogError, match=why):
        find()[name]
    with pytest.raises(CatalogError, match=why):
        installed()


def test_one_that_is_broken_harms_nobody_who_does_not_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, TELEGRAM, entry("broken", "nowhere.at_all:connector"))
    found = find()
    assert (found["telegram"], list(found), len(found)) == (connector, ["broken", "telegram"], 2)
    assert found.get("absent") is None


def test_a_connector_is_imported_once_it_is_asked_for() -> None:
    program = """
import sys
from connectors import catalog
found = catalog.find()
before = [name for name in sys.modules if name.startswith("connectors.telegram")]
found["telegram"]
print(before, "connectors.telegram" in sys.modules, "connectors.twilio" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["[]", "True", "False"]


def test_what_was_imported_once_is_remembered(monkeypatch: pytest.MonkeyPatch, here: str) -> None:
    install(monkeypatch, entry("other", f"{here}:other"))
    found = find()
    first = found.found("other")
    monkeypatch.delitem(sys.modules, here)  # so that it could not be imported again
    assert found.found("other") is first
    assert found["other"] is other


def test_ours_are_installed() -> None:
    found = installed()
    assert found["telegram"].connector is connector
    assert found["telegram"].distribution == "passerelle"
