"""Runs the tests of every fault, and keeps what each of them counted for RESULTS.md.

    python benchmarks/faults.py [--junit FILE]

Each test tells its counts as properties of pytest's. ``--junit`` reads a report that is there already instead of running
the tests, which takes about half an hour. Ends with 1, and keeps nothing, if one of them failed or looked at nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from long_runs import HERE, keep

_MODULE = "test_faults_"
TESTS = f"tests/journeys/{_MODULE}*.py"


def run(report: Path) -> None:
    """Run them, one after the other: each has a gateway of many processes."""
    files = sorted(str(path.relative_to(HERE.parent)) for path in HERE.parent.glob(TESTS))
    command = [sys.executable, "-m", "pytest", "-m", "long", "-p", "no:xdist", f"--junitxml={report}", *files]
    subprocess.run(command, cwd=HERE.parent, check=False)  # the report says what failed


def counted(report: Path) -> tuple[dict[str, dict[str, int | str]], list[str]]:
    """By test, what it counted; and the names of those that did not pass, or counted nothing."""
    found: dict[str, dict[str, int | str]] = {}
    wrong = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        if _MODULE not in case.get("classname", ""):
            continue  # the report of a longer run has other tests too
        name = words(case.get("name", ""))
        told = {one.get("name", ""): number(one.get("value", "")) for one in case.iter("property")}
        if not told or any(case.find(kind) is not None for kind in ("failure", "error", "skipped")):
            wrong.append(name)
        found[name] = told
    return found, wrong


def words(name: str) -> str:
    """A test's name as a sentence: ``test_clocks_may_be_apart[1-2]`` says "clocks may be apart (1-2)"."""
    return re.sub(r"\[(.*)\]$", r" (\1)", name.removeprefix("test_")).replace("_", " ")


def number(value: str) -> int | str:
    """What a property was before pytest wrote it as text."""
    return int(value) if value.isdecimal() else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--junit", type=Path, help="a report of pytest's that is there already")
    parser.add_argument("--dry-run", action="store_true", help="print what was counted, and keep nothing")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        report = asked.junit or Path(folder) / "report.xml"
        if asked.junit is None:
            run(report)
        tests, wrong = counted(report)
    for name in wrong:
        print(f"not passed, or nothing was counted: {name}", file=sys.stderr)
    if wrong or not tests:
        sys.exit("nothing is kept")
    if asked.dry_run:
        print(json.dumps(tests))
    else:
        keep("faults", "make faults", tests)


if __name__ == "__main__":
    main()
