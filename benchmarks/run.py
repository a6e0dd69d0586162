"""Measures everything and writes RESULTS.md: each figure a ratio inside one run, the median of some rounds.

    make bench

The server has one core, the load the other; rounds are interleaved with those of the floor they are compared to.
Takes about twelve minutes. Absolute figures are this machine's; only the ratios mean something elsewhere.
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import CONFIG, FEW, HERE, ROUNDS, Figure, floor, folder, free_port, new_key, on_core, product, say, tool
from broker import publishing
from channels import by_channel
from fleet import Stand, elsewhere, side_by_side
from fleet import table as edges_table
from long_runs import kept, section
from stores import by_store

# What is measured.


def acceptance() -> list[Figure]:
    """A burst that the views may lag behind, and ten seconds during which they may not."""
    burst, p99, sustained, floors = [], [], [], []
    for number in range(ROUNDS):
        say(f"acceptance, round {number + 1} of {ROUNDS}")
        with floor("floor.py") as url:
            tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "0.5")
            bare = tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "3")
        with folder() as here, product(here) as (url, _):
            tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "10", "--most", "2000")  # everybody is known
            _caught_up(here)
            short = tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "1", "--first", "100000")
            _caught_up(here)
            started = time.perf_counter()
            long = tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "10", "--first", "200000")
            _caught_up(here)
            took = time.perf_counter() - started
            for run in (short, long):
                assert run["not_200"] == run["lost"] == 0, run
            _everything_is_there(here)
        floors.append(bare["per_second"])
        burst.append(short["per_second"] / bare["per_second"])
        p99.append(short["p99_ms"] / bare["p99_ms"])
        sustained.append(long["requests"] / max(took, long["seconds"]) / bare["per_second"])
    return [
        Figure("the floor: bare aiohttp and uvloop, POST of 550 bytes, 64 connections", floors, "", " /s"),
        Figure("durable acceptance, a burst of 1 s ÷ floor", burst, "0.35 to pass, 0.5 the goal"),
        Figure("its p99 ÷ the floor's p99", p99, "3"),
        Figure("sustained acceptance, 10 s and until the views have caught up ÷ floor", sustained, "0.3"),
    ]


def _caught_up(here: Path) -> None:
    """Wait until the views have folded every record."""
    with sqlite3.connect(f"file:{here / 'bench.db'}?mode=ro", uri=True) as db:
        while True:
            folded, head = db.execute(
                "SELECT feed, (SELECT coalesce(max(feed), 0) FROM records) FROM folded"
            ).fetchone()
            if folded >= head:
                break
            time.sleep(0.02)
    db.close()


def _everything_is_there(here: Path) -> None:
    with sqlite3.connect(f"file:{here / 'bench.db'}?mode=ro", uri=True) as db:
        records, distinct, lines = db.execute(
            "SELECT count(*), count(DISTINCT key), (SELECT count(*) FROM lines) FROM records"
        ).fetchone()
        assert records == distinct == lines, (records, distinct, lines)
    db.close()


def liveness(rate: int) -> list[Figure]:
    """From a webhook's first byte to the frame on a socket, against a bare relay at the same rate."""
    ours, p50, ratio = [], [], []
    for number in range(ROUNDS):
        say(f"webhook to live frame at {rate} a second, round {number + 1} of {ROUNDS}")
        options = ("--rate", str(rate), "--seconds", "4")
        with floor("relay_floor.py") as url:
            tool("live.py", "--url", url, "--rate", "100", "--seconds", "0.5")
            bare = tool("live.py", "--url", url, *options, "--first", "100000")
        with folder() as here, product(here) as (url, _):
            key = new_key(here)
            tool("live.py", "--url", url, "--key", key, "--rate", "100", "--seconds", "0.5")
            live = tool("live.py", "--url", url, "--key", key, *options, "--first", "100000")
        assert live["missed"] == 0, live
        p50.append(live["p50_ms"])
        ours.append(live["p99_ms"])
        ratio.append(live["p99_ms"] / bare["p99_ms"])
    return [
        Figure(f"webhook to live frame at {rate}/s: p99 ÷ that of a bare HTTP-to-WebSocket relay", ratio, "3 at 500/s"),
        Figure(f"webhook to live frame at {rate}/s, p50", p50, "", " ms"),
        Figure(f"webhook to live frame at {rate}/s, p99", ours, "", " ms"),
    ]


def idleness() -> list[Figure]:
    """Memory when nothing happens, and the time from the command to the first answer."""
    memory, memory_ratio, start, start_ratio = [], [], [], []
    for number in range(ROUNDS):
        say(f"memory and start, round {number + 1} of {ROUNDS}")
        bare_start, bare_memory = _started(on_core(0, sys.executable, str(HERE / "floor.py")), None)
        with folder() as here:
            own_start, own_memory = _started([], here)
        memory.append(own_memory)
        memory_ratio.append(own_memory / bare_memory)
        start.append(own_start)
        start_ratio.append(own_start / bare_start)
    return [
        Figure("memory when idle", memory, "", " MiB"),
        Figure("memory when idle ÷ the bare server's", memory_ratio, "report"),
        Figure("cold start to ready, a new store", start, "", " s"),
        Figure("cold start to ready ÷ the bare server's", start_ratio, "report"),
    ]


def _started(command: Sequence[str], here: Path | None) -> tuple[float, float]:
    """Seconds until it answers, and MiB a second later."""
    port = free_port()
    if here is None:
        command, path = [*command, str(port)], "/"
    else:
        config = here / "bench.yaml"
        config.write_text(CONFIG.format(port=port))
        command, path = on_core(0, sys.executable, "-m", "gateway.main", "serve", "--config", str(config)), "/readyz"
    started = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
            except urllib.error.HTTPError:
                break  # the bare server has no such page, but it answers
            except OSError:
                time.sleep(0.005)
            else:
                break
        took = time.perf_counter() - started
        time.sleep(1)
        return took, _resident(running.pid)
    finally:
        running.terminate()
        running.wait(20)


def _resident(process: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def stages() -> tuple[list[Figure], list[Figure]]:
    """Microseconds per step, and group commit against the disk."""
    found = []
    for number in range(ROUNDS):
        say(f"stages, round {number + 1} of {ROUNDS}")
        found.append(tool("stages.py"))
    steps = [
        Figure(name.removesuffix(" µs"), [one[name] for one in found], "", " µs") for name in found[0] if "µs" in name
    ]
    ratio = [one["group commit / fdatasync"] for one in found]
    return steps, [Figure("group commit, 64 writers ÷ the disk's fdatasync rate", ratio, "10 to pass, 15 the goal")]


def main() -> None:
    started = time.monotonic()
    steps, commits = stages()
    figures = [*acceptance(), *by_channel(), *by_store(), *commits, *liveness(200), *liveness(500), *elsewhere()]
    figures += [*idleness(), *publishing()]
    edges = side_by_side()
    minutes = (time.monotonic() - started) / 60
    (HERE / "RESULTS.md").write_text(_page(figures, steps, edges, minutes))
    say(f"written to benchmarks/RESULTS.md after {minutes:.0f} minutes")


def _page(figures: Sequence[Figure], steps: Sequence[Figure], edges: Sequence[Stand], minutes: float) -> str:
    table = "\n".join(["| figure | median | spread | goal |\n|---|---|---|---|", *(figure.row() for figure in figures)])
    parts = "\n".join(
        ["| step of one webhook | median | spread | |\n|---|---|---|---|", *(step.row() for step in steps)]
    )
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
    machine += f"SQLite {sqlite3.sqlite_version}"
    return f"""# Results

Made by `make bench` on {datetime.now(UTC):%Y-%m-%d} in {minutes:.0f} minutes, on a shared virtual machine: {machine}.
Only the ratios mean something elsewhere, and even they move between runs; [NOTES.md](NOTES.md) says what was tried.
Medians of {ROUNDS} rounds, or of {FEW} where there are several processes; goals are those of one process unless the row says otherwise.

{table}

Acceptance is the whole product: verified, parsed, decided, one row of the log, fsync, 200. The server has one core, the load the other.
For up to a second the views may lag behind the log; the burst shows acceptance meanwhile, the sustained figure includes their work.
RabbitMQ and FerretDB, where they are, take what they need of both cores, so the rows with them show this machine more than the product. What the stand-in is too slow for within a provider's patience goes into the edge's journal, and the row says how much did.

{edges_table(edges)}

Edges, a relay, their servers and the load share all cores here; a core is 1.00. Sixteen connections where they write into the database, 64 where they write into their journals, shared out among the edges.

{parts}

Microseconds are of processor time on one core, for a Telegram text of 550 bytes from a thousand people in turn.

{section(kept())}
"""


if __name__ == "__main__":
    main()
