"""The simulator as its own program: it says where it listens, and a kill loses nothing it has answered."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from simulator_kit import ROOT, post, start


def test_kill_and_stop(tmp_path: Path) -> None:
    process, url = start(tmp_path)
    try:
        chat = post(f"{url}api/telegram/1/people", name="Ann")["id"]
        said = [post(f"{url}api/telegram/1/chats/{chat}/messages", text="hi") for _ in range(5)]
    finally:
        process.kill()
        process.communicate(timeout=30)
    process, url = start(tmp_path)
    try:
        more = post(f"{url}api/telegram/1/chats/{chat}/messages", text="hi")
        assert more["message_id"] == said[-1]["message_id"] + 1
        waiting = post(f"{url}telegram/bot1:x/getUpdates")["result"]
        assert [update["update_id"] for update in waiting] == [s["update_id"] for s in [*said, more]]
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_only_this_machine() -> None:
    command = [sys.executable, "-m", "gateway.simulator", "--host", "0.0.0.0", "--data", "x"]  # noqa: S104
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 2
    assert "loopback" in done.stderr


@pytest.mark.parametrize("signal_number", [signal.SIGINT])
def test_interrupt(tmp_path: Path, signal_number: int) -> None:
    process, _ = start(tmp_path)
    process.send_signal(signal_number)
    assert process.wait(5) == 0
    process.communicate()


def test_no_command_but_those_that_simulate_loads_the_simulator() -> None:
    """`passerelle serve` must not wait for what it never uses."""
    asked = "import sys, gateway.main; print([name for name in sys.modules if name.startswith('gateway.simulator')])"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
