"""``kill -9`` of any process of many, again and again under load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.cluster import GIVE_UP_S, Cluster, Told
from journeys.programs import Simulator, eventually, until
from journeys.roles import Role
from journeys.shape import Shape, cluster
from toys.rabbit import Rabbit

from gateway.partitions import partition

pytestmark = pytest.mark.long


AIMED = 4
"""Every so manieth kill is of a process that has just called the provider; the others are of any that listens, or none."""
STARTING = 0.15
"""The share of kills that may meet a process which is still starting."""
NAME = f"delivery:{partition('bot'):02}"


async def calling(town: Cluster) -> Role:
    """A process that delivers, right after it has called: the provider has not answered yet."""

    async def begun() -> bool:
        return await town.simulator.hits(town.slowness) > before

    before = await town.simulator.hits(town.slowness)
    await eventually(begun, "a call is under way", GIVE_UP_S)
    town.counts["kills amid a call"] += 1
    return next((one for one in town.deliveries if NAME in one.held), town.deliveries[0])


async def any_of_them(town: Cluster) -> Role:
    """Any process, mostly one that listens."""
    await asyncio.sleep(0.1 + town.chance.random() * 1.2)
    if town.chance.random() < STARTING:
        return town.chance.choice(town.everyone)
    return await until(lambda: _one_that_listens(town), "one that listens", GIVE_UP_S)


def _one_that_listens(town: Cluster) -> Role | None:
    listening = [one for one in town.everyone if one.there.is_set()]
    return town.chance.choice(listening) if listening else None


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
    shape = Shape(slow=0.4, takeover=3)
    async with cluster(tmp_path, session, simulator, rabbit, seed, shape) as town:
        async with town.busy():
            for number in range(1, kills + 1):
                town.kill(await calling(town) if number % AIMED == 0 else await any_of_them(town))
            await town.healthy()
        books = await town.balanced()
        await town.resent(books)
        town.tell("kill -9 of any role", record_property)
        assert town.counts["kills"] == kills
        assert all(town.counts[f"kills of {role}"] for role in ("edge", "relay", "delivery", "api"))
        assert town.counts["sent"] > 0
        assert town.counts["uncertain, accepted"] > 0
        assert town.counts["resent"] > 0
