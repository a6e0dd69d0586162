"""A database without a relay for each test."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mongo_kit import Places, places


@pytest.fixture
async def where() -> AsyncIterator[Places]:
    async with places() as made:
        yield made
