"""What every measurement is made with: the programs, each on its own core, and the figures that come of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = 5
CONFIG = """
http: {{host: 127.0.0.1, port: {port}}}
store: sqlite:bench.db
accounts:
  bench: {{connector: telegram, token: "42:abcdefghijklmnopqrstuvwxyz", secret: bench-secret, api: "http://127.0.0.1:9"}}
"""


@dataclass(frozen=True)
class Figure:
    """One row: what was measured in every round, and what it is compared to."""

    name: str
    values: Sequence[float]
    goal: str = ""
    unit: str = ""

    def row(self) -> str:
        middle = statistics.median(self.values)
        spread = f"{_short(min(self.values))}–{_short(max(self.values))}"
        return f"| {self.name} | **{_short(middle)}**{self.unit} | {spread} | {self.goal} |"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def on_core(core: int, *command: str) -> list[str]:
    """The command, on one core where that can be asked for."""
    cores = os.cpu_count() or 1
    if shutil.which("taskset") is None or cores < 2:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def tool(name: str, *arguments: str) -> dict[str, float]:
    """Run one of the programs beside this one, on the second core; its JSON."""
    command = on_core(1, sys.executable, str(HERE / name), *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def floor(name: str) -> Iterator[str]:
    """A bare server on the first core; its address."""
    port = free_port()
    running = subprocess.Popen(
        on_core(0, sys.executable, str(HERE / name), str(port)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(20)


@contextmanager
def product(folder: Path, content: str = CONFIG) -> Iterator[tuple[str, int]]:
    """The whole gateway on the first core; its address and process."""
    port = free_port()
    config = folder / "bench.yaml"
    config.write_text(content.format(port=port))
    with (folder / "log").open("a") as log:
        running = subprocess.Popen(
            on_core(0, sys.executable, "-m", "gateway.main", "serve", "--config", str(config)), stderr=log
        )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}", running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise TimeoutError(port)


@contextmanager
def folder() -> Iterator[Path]:
    """On the disk that the checkout is on: /tmp may be memory."""
    with tempfile.TemporaryDirectory(dir=HERE.parent, prefix=".bench-") as name:
        yield Path(name)


def say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)
