"""The disk of an edge is full while the database is away: it says no, loses nothing, and goes on once there is room."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.api import Api
from journeys.books import Books
from journeys.cluster import Told
from journeys.load import Provider
from journeys.programs import Simulator, eventually
from journeys.roles import Role, add_key, ready, written
from toys.rabbit import Rabbit
from toys.servers import own_ferretdb

pytestmark = pytest.mark.long

CHATS = 4
REFUSED = 5
BIG = "x" * 20_000
_ROOM = 256 << 10
"""Bytes that a file may have: some dozen webhooks, and more than the log has."""


@pytest.fixture
def processes() -> Iterator[list[Role]]:
    made: list[Role] = []
    try:
        yield made
    finally:
        for one in made:
            one.kill()


def fill(role: Role, room: int | None) -> None:
    """No file of this process may grow beyond so many bytes: what a full disk is to whoever writes. None: it may."""
    hard = resource.prlimit(role.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(role.pid, resource.RLIMIT_FSIZE, (hard if room is None else room, hard))


async def refused(provider: Provider) -> list[int]:
    """Customers write until some of them have been answered 503; gives those. Nothing else but 200 is answered."""
    found: list[int] = []
    for number in range(3, 60):
        status, _ = await provider.post(provider.update(1 + number % CHATS, number, BIG))
        assert status in {200, 503}
        if status == 200:
            provider.told[f"{1 + number % CHATS}:{1_000_000 + number}"] = BIG
        else:
            found.append(number)
        if len(found) == REFUSED:
            break
    assert len(found) == REFUSED
    return found


async def recorded(api: Api, provider: Provider) -> bool:
    """Whether everything that was answered 200 is in the feed; the API may still have no database."""
    page = await api.ask("GET", "/v1/events?after=start&wait=0&limit=500")
    return page.status == 200 and set(Books(page.json["data"]).received) == set(provider.told)


@pytest.mark.parametrize("room", [_ROOM, 1], ids=["for the log only", "not even for the log"])
async def test_a_full_disk_costs_nothing_that_was_promised(
    room: int,
    tmp_path: Path,
    session: ClientSession,
    simulator: Simulator,
    rabbit: Rabbit,
    processes: list[Role],
    record_property: Told,
) -> None:
    with own_ferretdb() as server:
        url = f"{server.url}passerelle"
        config = written(tmp_path / "here", url, rabbit.url, {"bot": simulator.api})
        await add_key(url)
        edge, rest = Role(tmp_path, "edge", config, "edge"), Role(tmp_path, "rest", config, "relay", "delivery", "api")
        processes += [edge, rest]
        for one in processes:
            await one.up()
        provider = Provider(session, edge)  # type: ignore[arg-type] # a process like any other
        api = Api(session, rest)  # type: ignore[arg-type] # likewise
        for chat in range(1, CHATS + 1):
            await provider.write(chat, 1, "hello")
        server.kill()
        await provider.write(1, 2, "into the journal")
        fill(edge, room)
        again = await refused(provider)
        assert (await ready(session, edge))[0] == 503
        fill(edge, None)

        async def standing(wanted: str) -> bool:
            status, said = await ready(session, edge)
            return (status, said["status"]) == (200, wanted)

        await eventually(lambda: standing("journalling"), "there is room again, and the edge has noticed")
        for number in again:  # as a provider does
            await provider.write(1 + number % CHATS, number, BIG)
        server.start()
        await eventually(lambda: recorded(api, provider), "all that was promised is recorded")
        await eventually(lambda: standing("ok"), "the edge writes to the database again")
        books = Books(await api.feed())
        books.received_once(provider.told)
        books.without_gaps()
        for one in processes:
            assert (await one.stop())[0] == 0
        assert "Traceback" not in edge.log.read_text()
        counts = {"webhooks answered 200": len(provider.told), "answered 503": provider.answers[503]}
        for what, many in counts.items():
            record_property(what, many)
        print({"disk full on the edge": counts})  # noqa: T201 - shown with -s
