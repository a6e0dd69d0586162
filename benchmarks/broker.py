"""Confirmed publishing on a RabbitMQ of its own, against the most that it takes from one socket in the same run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench import HERE, ROUNDS, Figure, say, tool


def publishing() -> list[Figure]:
    """Nothing where no RabbitMQ is installed."""
    if not (shutil.which("rabbitmq-server") or Path("/usr/sbin/rabbitmq-server").exists()):
        say("confirmed publishing is left out: no rabbitmq-server is installed")
        return []
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]
    from toys.rabbit import own_rabbit  # noqa: PLC0415 - only where a RabbitMQ is measured

    found = []
    with own_rabbit() as rabbit:
        for number in range(ROUNDS):
            say(f"confirmed publishing, round {number + 1} of {ROUNDS}")
            found.append(tool("publishing.py", "--url", rabbit.url))
    ratio, ours = [one["ratio"] for one in found], [one["ours"] for one in found]
    return [
        Figure("confirmed publishing ÷ the server's coalesced limit", ratio, "0.33 to pass, 0.45 the goal"),
        Figure("confirmed publishing, a quorum queue bound", ours, "", " /s"),
    ]
