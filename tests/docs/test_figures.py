"""`make bench` goes on where a server is missing, and the rows say which one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WITHOUT = """
import broker, fleet, stores
for module in (broker, fleet, stores):
    module.no_rabbit = lambda: "no RabbitMQ here"
for figure in (*broker.publishing(), *stores.by_store(), *fleet.elsewhere()):
    print(figure.row())
print(fleet.table(fleet.side_by_side()))
"""
EDGES = """
from fleet import Stand, table
print(table([Stand(1, "the database", 100.0, 0.0, {"edges": 0.5, "database": 1.0}),
             Stand(2, "the database", 150.0, 0.25, {"edges": 0.75, "database": 1.25}),
             Stand(1, "their journals", 400.0, 1.0, {"edges": 1.0})]))
"""


def printed(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_rows_that_need_a_server_say_that_it_is_missing():
    *rows, edges = printed(WITHOUT)
    assert len(rows) == 8
    assert [row for row in rows if "| not measured | no RabbitMQ here |" not in row] == []
    assert edges == "Edges side by side were not measured: no RabbitMQ here."


def test_edges_are_compared_to_one_edge_that_writes_into_the_same():
    assert printed(EDGES)[2:] == [
        "| 1, the database | 100 | 1 | 0% | 0.50 | 1.00 |",
        "| 2, the database | 150 | 1.5 | 25% | 0.75 | 1.25 |",
        "| 1, their journals | 400 | 1 | 100% | 1.00 |  |",
    ]
