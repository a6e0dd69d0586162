"""Fixtures of the simulator's tests; what they are made of is in `kit`."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from telegram import Bot

sys.path.insert(0, str(Path(__file__).parent))

from simulator_kit import Hook, Simulator, running, served


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with running(tmp_path / "data") as found:
        yield found


@pytest.fixture
async def bot(simulator: Simulator) -> AsyncIterator[Bot]:
    client = simulator.bot()
    async with client:
        yield client


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    found = Hook()
    app = web.Application()
    app.router.add_post("/hooks/telegram", found.post)
    async with served(app) as url:
        found.url = f"{url}/hooks/telegram"
        yield found
