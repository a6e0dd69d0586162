"""The figures of docs/scale.md are those of the simulation, and the day that it lives through is a whole one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text()
SMALL = ("--messages", "1e7", "--brands", "50", "--cell", "250")


def cells(*arguments: str) -> str:
    command = [sys.executable, "benchmarks/cells.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def simulated(*arguments: str) -> dict[str, Any]:
    (found,) = json.loads(cells("--json", *SMALL, *arguments))
    return dict(found)


def test_the_table_is_what_the_script_says() -> None:
    _, _, rest = PAGE.partition("<!-- cells -->\n")
    shown, end, _ = rest.partition("<!-- /cells -->")
    assert end, "docs/scale.md has no <!-- /cells -->"
    assert shown == cells(), "run benchmarks/cells.py and put its table between the markers of docs/scale.md"


def test_the_same_arguments_give_the_same_day() -> None:
    assert simulated() == simulated()


def test_another_seed_gives_another_day_with_the_same_sum() -> None:
    one, other = simulated("--seed", "1"), simulated("--seed", "2")
    assert one != other
    average = "messages a second, on average"
    assert one[average] == other[average] == pytest.approx(1e7 / 86_400)


def test_more_is_carried_by_more_cells() -> None:
    assert simulated("--messages", "4e7")["**cells**"] > simulated()["**cells**"]


def test_a_brand_that_fits_nowhere_is_counted() -> None:
    name = "brands that no cell can carry"
    assert simulated()[name] == 0
    assert simulated("--messages", "1e9")[name] > 0


def test_what_waits_in_journals_grows_with_the_outage() -> None:
    def waiting(minutes: int) -> float:
        return float(next(v for k, v in simulated("--outage", str(minutes)).items() if k.startswith("webhooks in")))

    assert waiting(20) == pytest.approx(2 * waiting(10))
