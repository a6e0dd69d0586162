"""``kill -9`` of any process of many, again and again under load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.cluster import Shape, Told, cluster
from journeys.programs import Simulator
from toys.rabbit import Rabbit

pytestmark = pytest.mark.long


@pytest.mark.parametrize(("seed", "kills"), [(51, 50), (52, 50)])
async def test_any_process_may_be_killed_at_any_instant(
    seed: int,
    kills: int,
    tmp_path: Path,
    session: ClientSession,
    simulator: Simulator,
    rabbit: Rabbit,
    record_property: Told,
) -> None:
    async with cluster(tmp_path, session, simulator, rabbit, seed, Shape(slow=0.4)) as town:
        async with town.load.applied():
            for _ in range(kills):
                await asyncio.sleep(0.2 + town.chance.random() * 2)
                town.kill(town.chance.choice(town.everyone))
            await town.healthy()
        await town.balanced()
        town.tell("kill -9 of any role", record_property)
        assert town.counts["kills"] == kills
        assert town.counts["sent"] > 0
