"""What runs found that are too long for `make bench`: kept in long_runs.json, and shown at the end of RESULTS.md.

python benchmarks/long_runs.py   # shows what is kept once more
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT, RESULTS = HERE / "long_runs.json", HERE / "RESULTS.md"
BEGIN, END = "<!-- long runs: made of long_runs.json -->", "<!-- the end of the long runs -->"
_ASIDE = {"seed", "takeover", "records", "published", "published again", "webhooks told again", "failed"}
"""Counts that the table of faults leaves to the file."""


def kept() -> dict[str, Any]:
    """By the run's name, its date, command, cores and result."""
    found: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return found


def keep(name: str, command: str, result: object) -> None:
    """Instead of what the run of this name found before; RESULTS.md shows it."""
    told = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "command": command, "cores": os.cpu_count(), "result": result}
    KEPT.write_text(json.dumps(kept() | {name: told}, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    show()


def show() -> None:
    """Put what is kept into RESULTS.md, in the place of what is there."""
    page = RESULTS.read_text()
    before = page.split(BEGIN)[0].rstrip() if BEGIN in page else page.rstrip()
    RESULTS.write_text(f"{before}\n\n{section(kept())}\n")


def section(runs: Mapping[str, Any]) -> str:
    """The long runs as Markdown, between its two marks."""
    told = [
        _about(runs[name]) + "\n\n" + table(runs[name]["result"]) for name, table in _TABLES.items() if name in runs
    ]
    return "\n\n".join([BEGIN, "## Runs too long for `make bench`", *told, END])


def _about(run: Mapping[str, Any]) -> str:
    return f"`{run['command']}`, on {run['date']} with {run['cores']} cores:"


def _million(found: Mapping[str, Any]) -> str:
    head = "| records | seconds | a second | repeats | gaps | lag at most | lag at the end | MiB at a tenth | MiB at most after it | |"
    figures = ["records", "seconds", "records a second", "repeats", "gaps", "lag at most", "lag at the end"]
    figures += ["MiB at a tenth", "MiB at most after it"]
    said = "held" if found["held"] else "**not held**"
    return "\n".join([head, "|---" * 10 + "|", f"| {' | '.join(f'{found[name]:,}' for name in figures)} | {said} |"])


def _faults(tests: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each test: what was done to the gateway, and how what it had promised ended."""
    head = "| test | what was done, how often | webhooks answered 200 | replies answered 202 | sent once | uncertain | failed |"
    return "\n".join([head, "|---" * 7 + "|", *(_fault(name, dict(counts)) for name, counts in tests.items())])


def _fault(name: str, counts: dict[str, Any]) -> str:
    uncertain = sum(number for what, number in counts.items() if what.startswith("uncertain"))
    ends = [counts.pop(what, 0) for what in ("webhooks answered 200", "replies answered 202", "sent")]
    ends += [uncertain, counts.get("failed", 0)]
    done = [f"{what.replace('_', ' ')}: {number:,}" for what, number in counts.items()
            if what not in _ASIDE and not what.startswith("uncertain")]  # fmt: skip
    return f"| {name} | {'; '.join(done)} | {' | '.join(f'{number:,}' for number in ends)} |"


_TABLES = {"million": _million, "faults": _faults}

if __name__ == "__main__":
    show()
