"""A billion messages a day by cells: places brands, lives through a day minute by minute, loses a cell at the peak.

    python benchmarks/cells.py            # the table of docs/scale.md
    python benchmarks/cells.py --cell 2000 --fill 0.7

A cell is one store and one broker with their processes; a brand lives in one cell. Everything follows from the
arguments and the seed: the same table every time. Nothing is measured here. What is assumed, and what it was made of,
is in docs/scale.md; ``--stored`` and the smallest ``--cell`` are what ``stored.py`` found.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

MINUTES = 1440
_EVENING = 20 * 60
"""The minute of the day at which most people write."""
_SECONDS = 86_400
_MOOD = 60
"""For so many minutes a brand is busier, or less busy, than the hour says."""


CELLS = (250.0, 1_000.0, 2_000.0)
"""Messages a second of one cell: one process on SQLite, and two sizes that a replica set would have to prove."""


@dataclass(frozen=True)
class World:
    """What is asked for. Rates are messages a second; ``fill`` is how full a cell may be at the busiest minute.

    ``stored`` is bytes of the store a message; ``webhooks`` are those a message comes to, receipts included, and
    ``entry`` the bytes that one takes in an edge's journal. The store of a cell is away for ``outage`` minutes.
    """

    messages: float = 1e9
    brands: int = 5_000
    accounts: int = 20_000
    skew: float = 0.8
    swing: float = 0.6
    noise: float = 0.1
    cell: float = 1_000.0
    fill: float = 0.6
    outage: int = 10
    stored: float = 3_700.0
    webhooks: float = 1.5
    entry: float = 1_500.0
    edges: int = 2
    seed: int = 5


def chance(*words: object) -> float:
    """A number from 0 to 1 that these words always give."""
    drawn = blake2b(":".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") / 2**64


def sizes(world: World) -> list[float]:
    """Each brand's average rate: a few are large, most are small (Zipf)."""
    weights = [1 / (rank + 1) ** world.skew for rank in range(world.brands)]
    rate = world.messages / _SECONDS
    return [rate * weight / sum(weights) for weight in weights]


def busy(world: World, minute: int) -> float:
    """How busy a minute of the day is, 1 on average."""
    return 1 + world.swing * math.cos(2 * math.pi * (minute - _EVENING) / MINUTES)


def peak(world: World) -> float:
    """The busiest minute, bursts included."""
    return (1 + world.swing) * (1 + world.noise)


def drawn(world: World, cells: int) -> list[list[float]]:
    """By brand, each cell's number: by these a brand prefers its cells, and another cell changes none of them."""
    return [[chance(world.seed, brand, cell) for cell in range(cells)] for brand in range(world.brands)]


def place(world: World, rates: Sequence[float], draws: Sequence[Sequence[float]], cells: int) -> list[int]:
    """Each brand's cell: the first with room of its own order of cells, so that another cell moves few brands."""
    room = [world.cell * world.fill / peak(world)] * cells
    found = []
    for rate, draw in zip(rates, draws, strict=True):
        order = sorted(range(cells), key=draw.__getitem__)
        chosen = next((cell for cell in order if room[cell] >= rate), max(order, key=room.__getitem__))
        room[chosen] -= rate
        found.append(chosen)
    return found


def needed(world: World, rates: Sequence[float]) -> int:
    """The fewest cells whose room is enough, with one in ten to spare for what does not fit exactly."""
    return math.ceil(sum(rates) * peak(world) / (world.cell * world.fill) * 1.1)


def loads(world: World, rates: Sequence[float], homes: Sequence[int], cells: int) -> Iterator[list[float]]:
    """Every minute's rate of every cell."""
    for start in range(0, MINUTES, _MOOD):
        usual = [0.0] * cells
        for brand, rate in enumerate(rates):
            usual[homes[brand]] += rate * (1 + world.noise * (2 * chance(world.seed, brand, "mood", start) - 1))
        for minute in range(start, start + _MOOD):
            yield [rate * busy(world, minute) for rate in usual]


def drained(world: World, rate: float) -> tuple[float, float, float]:
    """What an outage of the store leaves in the edges' journals.

    Webhooks; MB on each edge's disk; and in how many minutes they are gone while the traffic goes on.
    """
    waiting = rate * world.webhooks * world.outage * 60
    return (
        waiting,
        waiting * world.entry / world.edges / 1e6,
        waiting / world.webhooks / max(world.cell - rate, 1e-9) / 60,
    )


def moved(before: Sequence[int], after: Sequence[int]) -> int:
    """How many brands another number of cells moves."""
    return sum(one != other for one, other in zip(before, after, strict=True))


def simulate(world: World) -> dict[str, float]:
    """The day; what docs/scale.md tells of it."""
    rates = sizes(world)
    cells = needed(world, rates)
    draws = drawn(world, cells + 1)
    homes = place(world, rates, draws, cells)
    highest = [0.0] * cells
    total = 0.0
    for now in loads(world, rates, homes, cells):
        highest = [max(pair) for pair in zip(highest, now, strict=True)]
        total = max(total, sum(now))
    usual = sorted(highest)[cells // 2]
    waiting, journal, minutes = drained(world, usual)
    return {
        "messages a second, on average": sum(rates),
        "messages a second, busiest minute": total,
        "largest brand, messages a second at its busiest": rates[0] * peak(world),
        "**cells**": cells,
        "brands that no cell can carry": sum(rate * peak(world) > world.cell for rate in rates),
        "brands that leave a cell no room for others": sum(
            world.cell * world.fill < rate * peak(world) <= world.cell for rate in rates
        ),
        "median cell at its busiest minute, %": 100 * usual / world.cell,
        "fullest cell at its busiest minute, %": 100 * max(highest) / world.cell,
        "emptiest cell at its busiest minute, %": 100 * min(highest) / world.cell,
        f"brands, of {world.brands:,}, that one more cell moves": moved(homes, place(world, rates, draws, cells + 1)),
        f"webhooks in journals after {world.outage} min without a median cell's store, at the peak": waiting,
        "their size on each edge's disk, MB (an edge takes 1,074)": journal,
        "minutes until they are drained, traffic going on": minutes,
        "GB stored a day, all cells": world.messages * world.stored / 1e9,
        "GB stored a day, per cell": world.messages * world.stored / 1e9 / cells,
    }


def table(worlds: Sequence[World]) -> str:
    """The figures as Markdown, a column for each size of cell."""
    found = [simulate(world) for world in worlds]
    sized = " | ".join(f"{world.cell:,.0f}/s" for world in worlds)
    names = list(dict.fromkeys(name for one in found for name in one))
    rows = [f"| {name} | {' | '.join(f'{one[name]:,.0f}' for one in found)} |" for name in names]
    return "\n".join([f"| messages a second that one cell takes | {sized} |", "|---|" + "---:|" * len(found), *rows])


def main() -> None:
    """Print the table, or the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--cell", type=float, nargs="+", default=CELLS, help="messages a second that one cell takes")
    for name, default in World().__dict__.items():
        if name != "cell":
            parser.add_argument(f"--{name}", type=type(default), default=default)
    asked = vars(parser.parse_args())
    as_json, sizes_of_cells = asked.pop("json"), asked.pop("cell")
    worlds = [World(cell=cell, **asked) for cell in sizes_of_cells]
    print(json.dumps([simulate(world) for world in worlds]) if as_json else table(worlds))


if __name__ == "__main__":
    main()
