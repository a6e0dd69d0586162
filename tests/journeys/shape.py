"""How a gateway of many processes is made for a test: how many of each role, by which networks, with which clocks."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession
from journeys.cluster import Cluster
from journeys.programs import ROOT, Simulator
from journeys.roles import Role, add_key, written
from toys.network import network
from toys.rabbit import Rabbit
from toys.servers import own_ferretdb
from yarl import URL

_SAMPLE_S = 0.2
_LONGEST_S = 30


@dataclass
class Shape:
    """How many of each role there are, and how they are: ``ahead`` are the seconds by which clocks are, in turn.

    ``slow`` is for how many seconds the provider keeps a call, so that there is often one under way. ``takeover`` is
    after how many seconds a silent process is replaced, on a machine that does nothing else.
    """

    edges: int = 2
    relays: int = 2
    deliveries: int = 2
    apis: int = 2
    networks: bool = False
    ahead: Sequence[float] = (0.0,)
    slow: float = 0.05
    takeover: float = 10.0


def strain() -> float:
    """How many times longer than by itself a process takes here just now. Who waits for one must wait so much longer."""
    began, worked = time.monotonic(), time.process_time()
    while time.process_time() - worked < _SAMPLE_S:
        pass
    return max(1.0, (time.monotonic() - began) / _SAMPLE_S)


@asynccontextmanager
async def cluster(
    folder: Path, session: ClientSession, simulator: Simulator, rabbit: Rabbit, seed: int, shape: Shape | None = None
) -> AsyncIterator[Cluster]:
    """One that is up, on a database of its own; whatever is left of it at the end is ended."""
    shape = shape or Shape()
    async with AsyncExitStack() as stack:
        db = stack.enter_context(own_ferretdb())
        made = Cluster(session, simulator, rabbit, db, seed)
        stack.callback(made.end)
        await add_key(f"{db.url}passerelle")
        made.takeover = min(round(shape.takeover * strain()), _LONGEST_S)
        asked = {"edge": shape.edges, "relay": shape.relays, "delivery": shape.deliveries, "api": shape.apis}
        lists = {"edge": made.edges, "relay": made.relays, "delivery": made.deliveries, "api": made.apis}
        for kind, count in asked.items():
            for number in range(count):
                name = f"{kind}-{number}"
                urls = [f"{db.url}passerelle", rabbit.url]
                if shape.networks:
                    urls = [
                        await _way(stack, made, name, which, url) for which, url in zip(("db", "mq"), urls, strict=True)
                    ]
                config = written(folder / name, *urls, {"bot": simulator.api}, takeover=f"{made.takeover}s")
                one = Role(folder / "logs", name, config, kind)
                if ahead := shape.ahead[number % len(shape.ahead)]:
                    skewed = str(ROOT / "tests" / "toys" / "skewed.py")
                    one._command = [sys.executable, skewed, str(ahead), *one._command[3:]]
                lists[kind].append(one)
        await made.up(shape.slow)
        yield made
        await made.stop()
        await made.tail.stop()
        for one in made.everyone:
            assert "Traceback" not in one.log.read_text(errors="replace")


async def _way(stack: AsyncExitStack, made: Cluster, name: str, which: str, url: str) -> str:
    """The address of a network of a process's own to one of its servers."""
    where = URL(url)
    assert where.host is not None
    assert where.port is not None
    found = await stack.enter_async_context(network(where.host, where.port, made.chance))
    made.networks[name, which] = found
    return str(where.with_port(found.port))
