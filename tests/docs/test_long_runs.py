"""The long runs in RESULTS.md are those of long_runs.json, and the faults' counts are those that the tests told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
PASSED = '<testcase classname="journeys.test_faults_kills" name="test_any_process_may_be_killed[51-50]">{}</testcase>'
TOLD = '<properties><property name="kills" value="50"/><property name="takeover" value="2s"/></properties>'


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=BENCHMARKS, capture_output=True, text=True, check=False)


def counted(folder: Path, case: str) -> subprocess.CompletedProcess[str]:
    report = folder / "report.xml"
    report.write_text(f"<testsuites><testsuite>{case}</testsuite></testsuites>")
    return program("faults.py", "--dry-run", "--junit", str(report))


def test_results_show_the_runs_that_are_kept():
    shown = (BENCHMARKS / "RESULTS.md").read_text()
    done = program("-c", "from long_runs import kept, section; print(section(kept()))")
    assert done.returncode == 0, done.stderr
    assert shown.endswith(done.stdout), "run benchmarks/long_runs.py"


def test_what_a_test_counted_is_kept_under_its_name_in_words(tmp_path):
    done = counted(tmp_path, PASSED.format(TOLD))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"any process may be killed (51-50)": {"kills": 50, "takeover": "2s"}}


def test_other_tests_of_the_same_run_are_left_out(tmp_path):
    done = counted(tmp_path, PASSED.format(TOLD) + '<testcase classname="docs.test_documents" name="test_links"/>')
    assert list(json.loads(done.stdout)) == ["any process may be killed (51-50)"]


@pytest.mark.parametrize("said", [f"{TOLD}<failure/>", f"{TOLD}<error/>", f"{TOLD}<skipped/>", ""])
def test_nothing_is_kept_of_a_run_in_which_a_test_did_not_pass_or_counted_nothing(tmp_path, said):
    done = counted(tmp_path, PASSED.format(TOLD) + PASSED.format(said))
    assert (done.returncode, done.stdout) == (1, "")
    assert "any process may be killed" in done.stderr


def test_a_fault_is_a_line_of_what_was_done_and_how_promises_ended():
    told = {"seed": 5, "takeover": "2s", "kills": 50, "rabbit_cut": 2, "webhooks answered 200": 1156, "sent": 60,
            "replies answered 202": 66, "uncertain, accepted": 4, "uncertain, not accepted": 2}  # fmt: skip
    run = {"faults": {"date": "2026-11-22", "command": "make faults", "cores": 2, "result": {"it breaks": told}}}
    done = program("-c", f"from long_runs import section; print(section({run!r}))")
    assert done.returncode == 0, done.stderr
    assert "| it breaks | kills: 50; rabbit cut: 2 | 1,156 | 66 | 60 | 6 | 0 |" in done.stdout.splitlines()
