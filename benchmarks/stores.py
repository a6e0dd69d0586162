"""Acceptance with each store and broker, and with an edge's journal while the store is away, against the floor."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench import CONFIG, FEW, Figure, floor, folder, journalled, product, say, stands, tool, until
from servers import no_ferretdb, no_rabbit, own_ferretdb, own_rabbit

STANDIN = "report: FerretDB stands in for MongoDB"
_CONNECTIONS = 16
"""Connections, where 64 would wait for the stand-in longer than providers do, and be journalled."""


@dataclass
class Burst:
    """A second of webhooks: how many were taken, and the share of them that went into an edge's journal."""

    per_second: float
    aside: float


@dataclass
class Measured:
    """One row, round by round; ``missing`` says which server is not there. Without a goal it is only reported."""

    name: str
    measure: Callable[[str], Burst]
    goal: str
    missing: str
    ratios: list[float] = field(default_factory=list)
    asides: list[float] = field(default_factory=list)

    def figure(self) -> Figure:
        name = f"durable acceptance with {self.name}, a burst of 1 s ÷ floor"
        return Figure(name, self.ratios, self.goal or reported(self.asides), "", self.missing)


def reported(asides: Sequence[float]) -> str:
    """In the place of a goal: whose figure it is, and the share of the webhooks that went into an edge's journal."""
    return f"{STANDIN}; {statistics.median(asides):.0%} journalled" if any(asides) else STANDIN


def written(store: str, broker: str) -> str:
    """The configuration of the other figures, on these."""
    return CONFIG.replace("store: sqlite:bench.db", f"store: {store}\nbroker: {broker}")


def by_store() -> list[Figure]:
    """Bursts of a second; RabbitMQ and FerretDB take what they need of both cores."""
    remote = no_rabbit() or no_ferretdb()
    rows = [
        Measured("SQLite and RabbitMQ", _sqlite, "0.35 to pass, 0.5 the goal", no_rabbit()),
        Measured(f"MongoDB and RabbitMQ, {_CONNECTIONS} connections", _mongodb, "", remote),
        Measured("MongoDB away and the edge's journal in its place", _journal, "", remote),
    ]
    wanted = [row for row in rows if not row.missing]
    with ExitStack() as stack:
        broker = stack.enter_context(own_rabbit()).url if wanted else ""
        for number in range(FEW if wanted else 0):
            say(f"acceptance by store and broker, round {number + 1} of {FEW}")
            with floor("floor.py") as url:
                tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "0.5")
                bare = tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "2")
            for row in wanted:
                burst = row.measure(broker)
                row.ratios.append(burst.per_second / bare["per_second"])
                row.asides.append(burst.aside)
    return [row.figure() for row in rows]


def _burst(url: str, known: int, connections: int = 64) -> Burst:
    """Once so many have been taken, and none of them waits in a journal."""
    before = stands(url)
    tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "20", "--most", str(known), "--connections", "8")
    until(lambda: stands(url) == before, "it stands as it stood")
    aside = journalled(url)
    given = ("--seconds", "1", "--first", "100000", "--connections", str(connections))
    run = tool("load.py", "--url", f"{url}/hooks/bench", *given)
    assert run["not_200"] == run["lost"] == 0, run
    return Burst(run["per_second"], (journalled(url) - aside) / run["requests"])


def _sqlite(broker: str) -> Burst:
    with folder() as here, product(here, written("sqlite:bench.db", broker)) as (url, _):
        until(lambda: stands(url) == "ok", "the gateway is ready")
        return _burst(url, 2000)


def _mongodb(broker: str) -> Burst:
    with own_ferretdb() as server, folder() as here, product(here, written(f"{server.url}bench", broker)) as (url, _):
        until(lambda: stands(url) == "ok", "the gateway is ready")
        return _burst(url, 200, _CONNECTIONS)


def _journal(broker: str) -> Burst:
    with ExitStack() as stack:
        server, here = stack.enter_context(own_ferretdb()), stack.enter_context(folder())
        url, _ = stack.enter_context(product(here, written(f"{server.url}bench", broker), "edge"))
        until(lambda: stands(url) == "ok", "the edge is ready")
        server.kill()
        tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "30", "--most", "1", "--first", "90000")
        until(lambda: stands(url) == "journalling", "the edge journals")
        return _burst(url, 2000)
