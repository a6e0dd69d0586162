"""One suite runs against every store: a new one joins by a line here."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gateway.ports import Store

sys.path.insert(0, str(Path(__file__).parent))

from store_kit import SqliteHouse

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

HOUSES = {"sqlite": SqliteHouse}


@pytest.fixture(params=HOUSES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteHouse]:
    found = HOUSES[request.param](tmp_path)
    yield found
    await found.close()


@pytest.fixture
async def store(house: SqliteHouse) -> Store:
    return await house.open()
