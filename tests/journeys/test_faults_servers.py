"""RabbitMQ and the database stopped, killed, blocked and frozen under load; both come back, and nothing is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.cluster import Cluster, Told
from journeys.programs import Simulator, eventually, until
from journeys.roles import ready
from journeys.shape import cluster
from toys.rabbit import Rabbit

pytestmark = pytest.mark.long

AWAY_S = 5.0
FROZEN_S = 15.0
MEANWHILE = 24
"""So much more is taken while it cannot come out."""

Fault = Callable[[Cluster], Awaitable[None]]


async def rabbit_stopped(town: Cluster) -> None:
    await town.rabbit.do("stop")
    await asyncio.sleep(AWAY_S)
    await town.rabbit.do("start")


async def rabbit_killed(town: Cluster) -> None:
    await town.rabbit.do("kill")
    await asyncio.sleep(AWAY_S)
    await town.rabbit.do("start")


async def rabbit_blocked(town: Cluster) -> None:
    """Whoever publishes is not listened to any more."""
    await town.rabbit.do("alarm")
    try:
        await asyncio.sleep(AWAY_S)
    finally:
        await town.rabbit.do("calm")


async def rabbit_cut(town: Cluster) -> None:
    await town.rabbit.do("cut")


async def database_stopped(town: Cluster) -> None:
    await asyncio.to_thread(town.db.stop)
    await accepts(town)
    await asyncio.to_thread(town.db.start)


async def database_killed(town: Cluster) -> None:
    town.db.kill()
    await accepts(town)
    await asyncio.to_thread(town.db.start)


async def database_frozen(town: Cluster) -> None:
    town.db.freeze()
    try:
        began = asyncio.get_running_loop().time()
        await accepts(town)
        await asyncio.sleep(max(0.0, began + FROZEN_S - asyncio.get_running_loop().time()))
    finally:
        town.db.thaw()


async def accepts(town: Cluster) -> None:
    """The edges go on without the database: they say so, and customers are answered."""

    async def journalling() -> bool:
        stand = [await ready(town.session, edge) for edge in town.edges]
        return all((status, said["status"]) == (200, "journalling") for status, said in stand)

    await eventually(journalling, "the edges take webhooks into their journals")
    before = len(town.provider.told)
    await until(lambda: len(town.provider.told) >= before + 8, "customers are answered all the same")
    town.counts["journalled for the database"] += len(town.provider.told) - before


async def befallen(town: Cluster, *faults: Fault) -> None:
    """One after the other, under load, and well again after each."""
    async with town.busy():
        for fault in faults:
            await asyncio.sleep(2)
            town.flow.more = MEANWHILE
            await fault(town)
            town.flow.more = 0
            town.counts[fault.__name__] += 1
            await town.healthy()
        await asyncio.sleep(2)
    await town.balanced()


async def test_rabbitmq_may_go_away_in_any_way(
    tmp_path: Path, session: ClientSession, simulator: Simulator, rabbit: Rabbit, record_property: Told
) -> None:
    async with cluster(tmp_path, session, simulator, rabbit, 61) as town:
        await befallen(town, rabbit_stopped, rabbit_killed, rabbit_blocked, rabbit_cut, rabbit_killed)
        town.tell("RabbitMQ goes away", record_property)


async def test_the_database_may_go_away_in_any_way(
    tmp_path: Path, session: ClientSession, simulator: Simulator, rabbit: Rabbit, record_property: Told
) -> None:
    async with cluster(tmp_path, session, simulator, rabbit, 62) as town:
        await befallen(town, database_stopped, database_killed, database_frozen)
        town.tell("the database goes away", record_property)
