"""One suite runs against every store: see houses.py."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from toys.servers import servers_end

from gateway.ports import Store

sys.path.insert(0, str(Path(__file__).parent))

from houses import HOUSES, House

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

__all__ = ["servers_end"]


@pytest.fixture(params=HOUSES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    found = HOUSES[request.param](tmp_path)
    yield found
    await found.close()


@pytest.fixture
async def store(house: House) -> Store:
    return await house.open()


_DEAR = frozenset({
    "test_any_history_is_rebuilt_the_same",
    "test_a_rebuild_of_what_was_just_appended_misses_nothing",
    "test_reads_are_not_starved_by_constant_writing",
    "test_a_rebuild_while_others_append_misses_nothing",
    "test_a_rebuild_after_a_kill_that_left_the_views_behind",
    "test_any_interleaving_is_numbered_without_a_gap_and_each_key_once",
    "test_paging_never_repeats_or_skips",
    "test_a_decision_right_after_a_restart_sees_everything",
})  # fmt: skip
"""Half a minute each on the stand-in for MongoDB, which scans where MongoDB looks up."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(item, "originalname", "") in _DEAR and "mongodb" in item.name:
            item.add_marker(pytest.mark.long)
