"""The simulator as its own program: it says where it listens, and a kill loses nothing it has answered."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import aiohttp
import pytest
from simulator_kit import ROOT, Hook, Simulator, post, running, start, until

from gateway.simulator.program import listening


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


async def test_a_quiet_one_answers_and_keeps_what_it_has_to_tell(tmp_path: Path, hook: Hook) -> None:
    async with (
        listening(tmp_path, lambda: datetime.now(UTC), quiet=True) as url,
        aiohttp.ClientSession() as session,
    ):
        quiet = Simulator(url, session)
        assert (await quiet.call("setWebhook", url=hook.url))[0] == 200
        await quiet.started()
        await asyncio.sleep(0.2)
        assert (await quiet.call("getWebhookInfo"))[1]["result"]["pending_update_count"] == 1
    assert hook.updates == []
    async with running(tmp_path):
        await until(lambda: len(hook.updates) == 1)


def test_a_demo_begins_without_a_warning(tmp_path: Path) -> None:
    """Twice: what the simulated providers know of the gateway is said before it looks after its accounts."""
    port = "0"
    for _ in range(2):
        with (tmp_path / "log").open("w") as log:
            command = [sys.executable, "-m", "gateway.main", "demo", "--port", port, "--data", str(tmp_path / "demo")]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
        try:
            assert process.stdout is not None
            phone = next(found for line in process.stdout if (found := re.search(r"(http://\S+/simulator)/", line)))
            checked = wait_for_checks(phone[1])
            port = str(urlsplit(phone[1]).port)  # the same again: files that are still to be fetched are there
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.communicate(timeout=30)
        assert checked == CHECKED
        said = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert said
        assert [line for line in said if line["level"] != "info" or line["event"] == "account state"] == []


CHECKED = {"getWebhookInfo", "Numbers.list", "number", "me", "subscribed_apps"}


def wait_for_checks(simulator: str) -> set[str]:
    """The calls by which accounts are looked after, once all of them were answered, and a moment for what is said of it."""
    end = time.monotonic() + 60
    while True:
        with urlopen(f"{simulator}/api/traffic") as answer:  # noqa: S310  our own address
            passed = [one for one in json.load(answer)["data"] if one["direction"] == "call"]
        found = {one["name"] for one in passed if one["status"] == 200} & CHECKED
        both = len({one["channel"] for one in passed if one["name"] == "subscribed_apps" and one["status"] == 200})
        if (found == CHECKED and both >= 2) or time.monotonic() > end:
            time.sleep(0.5)
            return found
        time.sleep(0.05)
