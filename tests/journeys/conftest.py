"""What every journey starts from: real programs on ports of their own, in a folder of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from journeys.passage import Passage, passage
from journeys.programs import Gateway, Simulator, client


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with client() as found:
        yield found


@pytest.fixture
async def simulator(tmp_path: Path, session: ClientSession) -> AsyncIterator[Simulator]:
    found = Simulator(tmp_path, session)
    try:
        await found.up()
        yield found
    finally:
        found.kill()


@pytest.fixture
async def between(session: ClientSession, simulator: Simulator) -> AsyncIterator[Passage]:
    async with passage(session, simulator) as found:
        yield found


@pytest.fixture
async def gateways(tmp_path: Path) -> AsyncIterator[Callable[..., Gateway]]:
    """Makes gateways, which are not started yet; each ends with the test, however that ends."""
    made: list[Gateway] = []

    def make(accounts: dict[str, str], **more: Any) -> Gateway:
        made.append(Gateway(tmp_path / f"gateway-{len(made)}", accounts, **more))
        return made[-1]

    try:
        yield make
        for gateway in made:
            assert "Traceback" not in gateway.log.read_text()
    finally:
        for gateway in made:
            gateway.kill()
