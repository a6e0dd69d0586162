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
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("ROUNDS", "5"))
FEW = max(1, ROUNDS // 2)
"""Rounds of what begins with several processes."""
CONFIG = """
http: {{host: 127.0.0.1, port: {port}}}
store: sqlite:bench.db
accounts:
  bench: {{connector: telegram, token: "42:abcdefghijklmnopqrstuvwxyz", secret: bench-secret, api: "http://127.0.0.1:9"}}
"""


@dataclass(frozen=True)
class Figure:
    """One row: what was measured in every round, and what it is compared to; without values, ``why`` there are none."""

    name: str
    values: Sequence[float]
    goal: str = ""
    unit: str = ""
    why: str = ""

    def row(self) -> str:
        if not self.values:
            return f"| {self.name} | not measured | {self.why} | {self.goal} |"
        spread = f"{short(min(self.values))}–{short(max(self.values))}"
        return f"| {self.name} | **{short(statistics.median(self.values))}**{self.unit} | {spread} | {self.goal} |"


def short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def on_core(core: int | None, *command: str) -> list[str]:
    """The command, on one core where that can be asked for; None is any."""
    cores = os.cpu_count() or 1
    if core is None or shutil.which("taskset") is None or cores < 2:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def tool(name: str, *arguments: str, core: int | None = 1) -> dict[str, float]:
    """Run one of the programs beside this one, on the second core; its JSON."""
    command = on_core(core, sys.executable, str(HERE / name), *arguments)
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
def product(
    folder: Path, content: str = CONFIG, *roles: str, core: int | None = 0, name: str = "bench"
) -> Iterator[tuple[str, int]]:
    """The whole gateway on the first core, or some roles of it; its address and process."""
    port = free_port()
    config = folder / f"{name}.yaml"
    config.write_text(content.format(port=port))
    only = ["--only", ",".join(roles)] if roles else []
    command = on_core(core, sys.executable, "-m", "gateway.main", "serve", "--config", str(config), *only)
    with (folder / "log").open("a") as log:
        running = subprocess.Popen(command, stderr=log)
    try:
        until(lambda: listens(port) or running.poll() is not None, f"{name} listens")
        assert running.poll() is None, (folder / "log").read_text()[-2000:]
        yield f"http://127.0.0.1:{port}", running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(60)
        finally:
            running.kill()  # nothing is left running, also of what does not stop
            running.wait()


def new_key(here: Path, name: str = "bench") -> str:
    """A key that reads."""
    command = [sys.executable, "-m", "gateway.main", "key", "create", name, "--scope", "read"]
    done = subprocess.run(
        [*command, "--config", str(here / f"{name}.yaml")], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def worked(*processes: int) -> float:
    """Seconds of processor that they have used so far, together, without what they started."""
    ticks = 0
    for process in processes:
        after_name = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(after_name[11]) + int(after_name[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def until(found: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not found():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.005)


def stands(url: str) -> str:
    """What a process says of itself; empty while it does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            said: dict[str, str] = json.load(answer)
    except OSError:
        return ""
    return said["status"]


def wait_for(port: int) -> None:
    until(lambda: listens(port), f"port {port} is listened on")


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def journalled(url: str) -> float:
    """How many webhooks an edge has put into its journal since it was started."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("passerelle_webhooks_journalled_total")
    )


@contextmanager
def folder() -> Iterator[Path]:
    """On the disk that the checkout is on: /tmp may be memory."""
    with tempfile.TemporaryDirectory(dir=HERE.parent, prefix=".bench-") as name:
        yield Path(name)


def say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)
