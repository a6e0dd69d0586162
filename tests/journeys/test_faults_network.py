"""The network between a process and its servers: cut, silent, slow, and losing connections in the middle of a word."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.cluster import Cluster, Told
from journeys.programs import Simulator
from journeys.shape import Shape, cluster
from toys.rabbit import Rabbit

pytestmark = pytest.mark.long

LASTS_S = 4.0
SILENT = 1.2
"""Times as long as a lease lasts, and longer than the store waits for an answer."""
LATE_S = 0.2
LOST_AFTER = 20_000
"""Bytes; some dozen orders."""


async def befall(town: Cluster, name: str, which: str, fault: str) -> None:
    """The network of one process to one server is bad for a while."""
    network, lasts = town.networks[name, which], LASTS_S
    match fault:
        case "cut":
            network.cut()
        case "hold":
            network.hold()
            lasts = SILENT * town.takeover
        case "slow":
            network.slow(LATE_S)
        case "lose":
            network.lose(LOST_AFTER)
    try:
        await asyncio.sleep(lasts)
    finally:
        network.heal()
    town.counts[f"{which} {fault}"] += 1


@pytest.mark.parametrize(("server", "seed"), [("db", 71), ("mq", 72)])
async def test_the_network_of_any_process_to_its_servers_may_be_bad(
    server: str,
    seed: int,
    tmp_path: Path,
    session: ClientSession,
    simulator: Simulator,
    rabbit: Rabbit,
    record_property: Told,
) -> None:
    async with cluster(tmp_path, session, simulator, rabbit, seed, Shape(networks=True)) as town:
        async with town.busy():
            for fault in ("cut", "hold", "slow", "lose"):
                names = [
                    town.chance.choice(kind).name for kind in (town.edges, town.relays, town.deliveries, town.apis)
                ]
                pairs = [names[:2], names[2:]]
                for pair in pairs:  # two at once, so that it does not take for ever
                    await asyncio.gather(*(befall(town, name, server, fault) for name in pair))
            await town.healthy()
        await town.balanced()
        town.tell(f"the network to {server}", record_property)
