"""What tests of several folders share, in which order they run, and whose tests coverage counts."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from toys.rabbit import rabbit, rabbit_node

__all__ = ["rabbit", "rabbit_node"]

HERE = Path(__file__).parent
PURE = (HERE / "connectors", HERE / "normalizer")
"""Their tests alone must reach every branch of the packages of the same names."""
_LONGEST = ("test_faults_", "test_kills", "test_roles", "test_polling")
"""Files whose tests take minutes, or tens of seconds, most of it waiting for processes to notice something."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that nobody waits for one of them in the end: beside it others have all that is short."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    waits = [number for number, name in enumerate(_LONGEST) if item.path.name.startswith(name)]
    return waits[0] if waits else len(_LONGEST) + (item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """With ``--cov``, what other tests reach does not count."""
    coverage = item.config.pluginmanager.getplugin("_cov")
    counting = coverage.cov_controller if coverage is not None else None
    if counting is None or any(folder in item.path.parents for folder in PURE):
        return (yield)
    counting.pause()
    try:
        return (yield)
    finally:
        counting.resume()
