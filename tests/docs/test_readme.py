"""The README tells the truth: its commands are run as they stand, against a demo that was just started."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXECUTED = re.findall(r"<!-- executed by tests/docs -->\n```sh\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """A demo as `make run` starts it, on a free port; gives its address."""
    log = tmp_path / "log"
    with log.open("w") as to:
        running = subprocess.Popen(
            [sys.executable, "-m", "gateway.main", "demo", "--port", "0", "--data", "demo-data"],
            cwd=tmp_path,
            stdout=to,
            stderr=to,
        )
    try:
        for _ in range(600):
            if "Press Ctrl-C" in log.read_text():
                break
            assert running.poll() is None, log.read_text()
            time.sleep(0.05)
        yield re.search(r"listening on (http://[0-9.:]+)", log.read_text())[1]  # type: ignore[index]
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


def test_the_commands_of_the_readme_work(demo: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("curl is needed: apt-get install curl")
        pytest.skip("curl is needed: apt-get install curl")
    (script,) = EXECUTED
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    script = "set -euo pipefail\n" + script.replace("http://127.0.0.1:8080", demo)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    reply, events = (json.loads(one) for one in _documents(done.stdout))
    assert (reply["status"], reply["parts"][0]["text"]) == ("queued", "Good morning! How can we help?")
    assert events["data"][0]["kind"] == "message.received"


def _documents(text: str) -> Iterator[str]:
    """Two JSON documents that stand one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.strip()):
        _, end = decoder.raw_decode(text, at)
        yield text[at:end]
        at = end


def test_the_first_screen_has_the_two_commands_and_the_picture() -> None:
    screen = README.splitlines()[:16]
    assert any(line.startswith("make run") for line in screen)
    assert any(line.startswith("make test") for line in screen)
    assert any("docs/path-of-a-message.svg" in line for line in screen)
