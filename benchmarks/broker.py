"""Confirmed publishing on a RabbitMQ of its own, against the most that it takes from one socket in the same run."""

from __future__ import annotations

from bench import ROUNDS, Figure, say, tool
from servers import no_rabbit, own_rabbit


def publishing() -> list[Figure]:
    """Rows without a figure where no RabbitMQ is installed."""
    found, why = [], no_rabbit()
    if not why:
        with own_rabbit() as rabbit:
            for number in range(ROUNDS):
                say(f"confirmed publishing, round {number + 1} of {ROUNDS}")
                found.append(tool("publishing.py", "--url", rabbit.url))
    ratio, ours = [one["ratio"] for one in found], [one["ours"] for one in found]
    goal = "0.33 to pass, 0.45 the goal"
    return [
        Figure("confirmed publishing ÷ the server's coalesced limit", ratio, goal, why=why),
        Figure("confirmed publishing, a quorum queue bound", ours, "", " /s", why),
    ]
