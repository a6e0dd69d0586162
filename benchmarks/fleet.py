"""Several processes: a webhook to the live frame of another process, and edges against one another.

MongoDB is a stand-in here and RabbitMQ shares the cores, so these figures are reported; they are no goals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import FEW, Figure, floor, folder, journalled, new_key, product, say, short, stands, tool, until, worked
from servers import no_ferretdb, no_rabbit, own_ferretdb, own_rabbit
from stores import reported, written

RATE = 10
"""Webhooks a second that the stand-in follows."""
EDGES = (1, 2, 4)
_CONNECTIONS = {"the database": 16, "their journals": 64}
"""Altogether; more would wait for the stand-in longer than providers do, and be journalled."""
_SECONDS = 3.0


def missing() -> str:
    """Why there is no figure of these; empty if there is."""
    return no_rabbit() or no_ferretdb()


def elsewhere() -> list[Figure]:
    """From a webhook's first byte at one process to the frame on a socket at another, against a bare relay."""
    found: list[dict[str, float]] = []
    floors: list[dict[str, float]] = []
    with ExitStack() as stack:
        broker = "" if missing() else stack.enter_context(own_rabbit()).url
        for number in range(0 if missing() else FEW):
            say(f"webhook to another process's live frame, round {number + 1} of {FEW}")
            options = ("--rate", str(RATE), "--seconds", "10", "--first", "100000")
            with floor("relay_floor.py") as url:
                tool("live.py", "--url", url, "--rate", "100", "--seconds", "0.5")
                floors.append(tool("live.py", "--url", url, *options))
            found.append(_across(broker, options))
            assert found[-1]["missed"] == 0, found[-1]
    name = f"webhook to another process's live frame at {RATE}/s"
    ratios = [ours["p99_ms"] / bare["p99_ms"] for ours, bare in zip(found, floors, strict=True)]
    goal = reported([one["journalled"] for one in found])
    return [
        Figure(f"{name}: p99 ÷ that of a bare HTTP-to-WebSocket relay", ratios, goal, why=missing()),
        Figure(f"{name}, p50", [one["p50_ms"] for one in found], goal, " ms", missing()),
        Figure(f"{name}, p99", [one["p99_ms"] for one in found], goal, " ms", missing()),
    ]


def _across(broker: str, options: Sequence[str]) -> dict[str, float]:
    with own_ferretdb() as server, folder() as here:
        config = written(f"{server.url}bench", broker)
        with (
            product(here, config, "edge", "relay", "delivery") as (edge, _),
            product(here, config, "api", name="api") as (api, _),
        ):
            until(lambda: stands(edge) == stands(api) == "ok", "both are ready")
            both = ("--url", edge, "--live", api, "--key", new_key(here, "api"))
            tool("live.py", *both, "--rate", str(RATE), "--seconds", "2")
            aside = journalled(edge)
            live = tool("live.py", *both, *options)
            return live | {"journalled": (journalled(edge) - aside) / live["frames"]}


@dataclass
class Stand:
    """What so many edges took, and how much of a core each kind of process used meanwhile."""

    edges: int
    store: str
    per_second: float
    journalled: float
    """The share that went into a journal though the database was there: it was too slow for a provider's patience."""
    cores: dict[str, float]


def side_by_side() -> list[Stand]:
    """One, two and four edges, first with the database and then into their journals; the median of some rounds."""
    found: dict[tuple[str, int], list[Stand]] = {}
    with ExitStack() as stack:
        broker = "" if missing() else stack.enter_context(own_rabbit()).url
        for number in range(0 if missing() else FEW):
            for count in EDGES:
                say(f"{count} edge{'s' if count > 1 else ''}, round {number + 1} of {FEW}")
                for one in _some(count, broker):
                    found.setdefault((one.store, count), []).append(one)
    return [
        sorted(found[store, count], key=lambda one: one.per_second)[FEW // 2]
        for store in dict.fromkeys(store for store, _ in found)
        for count in EDGES
    ]


@contextmanager
def _edges(count: int, config: str, here: Path) -> Iterator[dict[str, int]]:
    """By address, the processes of so many edges on any core, each with a folder and a journal of its own."""
    with ExitStack() as stack:
        made = {}
        for number in range(count):
            own = here / f"edge-{number}"
            own.mkdir()
            url, process = stack.enter_context(product(own, config, "edge", core=None))
            made[url] = process
        until(lambda: all(stands(url) == "ok" for url in made), "all edges are ready")
        yield made


def _some(count: int, broker: str) -> Iterator[Stand]:
    with own_ferretdb() as server, folder() as here:
        config = written(f"{server.url}bench", broker)
        with product(here, config, "relay", core=None) as (_, relay), _edges(count, config, here) as edges:
            _all(edges, 2.0, 1, 8)
            until(lambda: all(stands(url) == "ok" for url in edges), "nothing waits in a journal")
            assert server._process is not None
            others = {"database": server._process.pid, "relay": relay}
            yield _measured("the database", edges, others, 2)
            server.kill()
            _all(edges, 0.5, 3, 8)
            until(lambda: all(stands(url) == "journalling" for url in edges), "all edges journal")
            yield _measured("their journals", edges, {"relay": relay}, 4)


def _measured(store: str, edges: dict[str, int], others: dict[str, int], turn: int) -> Stand:
    aside = sum(map(journalled, edges))
    before = {name: worked(process) for name, process in others.items()}, worked(*edges.values())
    runs = _all(edges, _SECONDS, turn, _CONNECTIONS[store])
    took = max(run["seconds"] for run in runs)
    cores = {"edges": (worked(*edges.values()) - before[1]) / took}
    cores |= {name: (worked(process) - before[0][name]) / took for name, process in others.items()}
    cores["load"] = sum(run["worked"] for run in runs) / took
    taken = sum(run["requests"] for run in runs)
    return Stand(len(edges), store, taken / took, (sum(map(journalled, edges)) - aside) / taken, cores)


def _all(edges: dict[str, int], seconds: float, turn: int, connections: int) -> list[dict[str, float]]:
    """Load on all of them at once; the connections are shared out among them, and nobody writes twice."""

    def one(place: int, url: str) -> dict[str, float]:
        first = str((turn * len(edges) + place) * 1_000_000)
        given = ("--connections", str(connections // len(edges)), "--seconds", str(seconds), "--first", first)
        return tool("load.py", "--url", f"{url}/hooks/bench", *given, core=None)

    with ThreadPoolExecutor(len(edges)) as threads:
        runs = list(threads.map(one, range(len(edges)), edges))
    assert all(run["not_200"] == run["lost"] == 0 for run in runs), runs
    return runs


def table(stands_: Sequence[Stand]) -> str:
    """The edges as Markdown, with what they were bound by."""
    if not stands_:
        return f"Edges side by side were not measured: {missing()}."
    names = list(dict.fromkeys(name for stand in stands_ for name in stand.cores))
    ones = {stand.store: stand.per_second for stand in stands_ if stand.edges == 1}
    head = ["edges, writing into", "webhooks a second", "÷ one edge", "of them journalled"]
    rows = [head + [f"cores: {name}" for name in names], ["---"] * (len(head) + len(names))]
    for stand in stands_:
        figures = [short(stand.per_second), short(stand.per_second / ones[stand.store]), f"{stand.journalled:.0%}"]
        cores = [f"{stand.cores[name]:.2f}" if name in stand.cores else "" for name in names]
        rows.append([f"{stand.edges}, {stand.store}", *figures, *cores])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
