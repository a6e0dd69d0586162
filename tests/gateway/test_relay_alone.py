"""A process with the role relay and nothing else, on a server of its own: what it says of itself, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from toys.servers import FerretDB, fresh_database, own_ferretdb
from toys.world import until

from connectors import catalog
from gateway import config as configuration
from gateway import leases, numbering
from gateway.adapters.mongo import MongoStore, store
from gateway.assembly import Running, listening, running
from gateway.ports import Lease

_SOON_S = 8.0
"""Stopping should take less than five seconds; the driver would wait ten for a server that does not answer."""


@pytest.fixture
def server() -> Iterator[FerretDB]:
    with own_ferretdb() as found:
        yield found
        found.thaw()


@asynccontextmanager
async def relay(server: FerretDB, folder: Path) -> AsyncIterator[Running]:
    account = "{connector: telegram, token: '42:abcdefghijklmnopqrstuvwxyz', secret: a-secret}"
    file = folder / "passerelle.yaml"
    file.write_text(
        f"http: {{port: 0}}\nstore: {fresh_database(server.url)}\nbroker: memory\naccounts:\n  bot: {account}\n"
    )
    async with running(configuration.load(file, {}, catalog.find()), roles=("relay",)) as made:
        yield made


def views_behind() -> float | None:
    return REGISTRY.get_sample_value("passerelle_views_behind_records")


async def test_what_a_former_relay_last_saw_is_not_told_as_if_it_were_so(server: FerretDB, tmp_path: Path) -> None:
    async with relay(server, tmp_path) as made:
        ours = made.store
        assert isinstance(ours, MongoStore)
        await until(lambda: not ours._relay.waiting)
        ours._relay.waiting = 7
        assert views_behind() in (7, 0)  # 0 if it has looked again just now
        epoch = max(one.epoch for one in await ours.leases() if one.name == "relay")
        while not await ours.take_lease(Lease("relay", epoch + 1, "another")):
            epoch += 1
        async with asyncio.timeout(30):
            while not ours._relay.waiting or views_behind():
                ours._relay.waiting = 7
                await asyncio.sleep(0.05)
        assert views_behind() == 0


async def test_it_stops_soon_while_its_database_is_frozen(server: FerretDB, tmp_path: Path) -> None:
    async with asyncio.timeout(60) as patience:
        async with relay(server, tmp_path) as made:
            ours = made.store
            assert isinstance(ours, MongoStore)
            numbered, number = asyncio.Event(), ours._relay._number

            async def freezing(limit: int) -> int:
                server.freeze()
                numbered.set()
                return await number(limit)

            ours._relay._number = freezing  # type: ignore[method-assign] # in the middle of a round
            await numbered.wait()
            _, asking = await asyncio.open_connection(*made.url.removeprefix("http://").split(":"))
            asking.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await asyncio.sleep(0.2)
            patience.reschedule(asyncio.get_running_loop().time() + _SOON_S)
        asking.close()


def test_all_that_is_waited_for_at_the_end_of_a_relay_comes_to_less_than_five_seconds() -> None:
    requests = 2 * listening._SHUTDOWN_S
    assert requests + numbering._PARTING_S + leases._PARTING_S + store._PARTING_S < 5
