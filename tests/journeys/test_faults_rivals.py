"""Processes that fight over one piece of work, each sure that it is the one: clocks that are apart, owners that sleep."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.cluster import Told
from journeys.programs import Simulator
from journeys.shape import Shape, cluster
from toys.rabbit import Rabbit

from gateway.partitions import partition

pytestmark = pytest.mark.long

ROUNDS = 10


async def test_two_relays_and_three_that_deliver_fight_over_one_account(
    tmp_path: Path, session: ClientSession, simulator: Simulator, rabbit: Rabbit, record_property: Told
) -> None:
    """Whoever has the account, or numbers the feed, is put to sleep until others have it, then wakes in mid-sentence."""
    shape = Shape(edges=1, apis=1, deliveries=3, takeover=2)
    name = f"delivery:{partition('bot'):02}"
    async with cluster(tmp_path, session, simulator, rabbit, 81, shape) as town:
        async with town.busy():
            for number in range(ROUNDS):
                await asyncio.sleep(1 + town.chance.random())
                kind, what = (town.relays, "relay") if number % 3 == 2 else (town.deliveries, name)
                asleep = [one for one in kind if what in one.held] or kind[:1]
                for one in asleep:
                    town.freeze(one)
                await asyncio.sleep(town.takeover * (1 + 2 * town.chance.random()))
                for one in asleep:
                    town.thaw(one)
            await town.healthy()
        await town.balanced()
        taken = [one.log.read_text().count(f'"{name}"') for one in town.deliveries]
        town.counts["changes of who has the account"] = sum(taken)
        town.tell("rivals", record_property)
        assert sum(taken) > ROUNDS / 2


async def test_clocks_may_be_a_minute_apart(
    tmp_path: Path, session: ClientSession, simulator: Simulator, rabbit: Rabbit, record_property: Told
) -> None:
    async with cluster(tmp_path, session, simulator, rabbit, 82, Shape(ahead=(-30.0, 30.0))) as town:
        async with town.busy():
            for kind in (town.relays, town.deliveries, town.edges, town.apis) * 2:
                await asyncio.sleep(2)
                town.kill(town.chance.choice(kind))
            await town.healthy()
        await town.balanced()
        town.tell("clocks a minute apart", record_property)
