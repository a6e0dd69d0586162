"""Scenarios: what their files may say, what they find out, and the examples against a gateway that serves."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from journeys.programs import KEY, SECRET, TOKEN, Gateway, eventually
from simulator_kit import ROOT, Simulator, served
from typer.testing import CliRunner

from gateway.config_file import ConfigErrors
from gateway.main import app
from gateway.simulator import scenario as script
from gateway.simulator.scenario.model import Account, Place, Scenario, Step
from gateway.simulator.scenario.tally import percentile
from gateway.simulator.telegram.methods import METHODS

EXAMPLES = sorted((ROOT / "examples" / "scenarios").glob("*.yaml"))
HEAD = """\
accounts:
  support: {token: "1234:abcdefghijklmnopqrstuvwxyz", secret: s3cret, hook: /hook}
customers:
  ann: {name: Ann Lee}
steps:
"""


def written(folder: Path, steps: str, head: str = HEAD) -> Path:
    file = folder / "scenario.yaml"
    file.write_text(head + steps)
    return file


# What a file may say.


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_right(example: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", "--check", str(example)])
    assert (done.exit_code, "nothing wrong" in done.output) == (0, True), done.output


def test_the_document_tells_the_truth(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "simulator.md").read_text()
    scenarios = text.partition("## Scenarios")[2]
    file = tmp_path / "scenario.yaml"
    file.write_text(scenarios.partition("```yaml\n")[2].partition("```")[0])
    assert script.read(file, {}).customers["ann"].name == "Ann Lee"
    for name in (*Scenario.model_fields, *Step.model_fields, *Place.model_fields, *Account.model_fields):
        assert f"`{name}" in scenarios, name
    listed = text.partition("Methods: `")[2].partition("`")[0]
    assert set(listed.split()) == set(METHODS)


@pytest.mark.parametrize(
    ("steps", "place", "words"),
    [
        ("  - sya: {from: ann, text: x}", "6:5", 'unknown key "sya"; did you mean "say"?'),
        ("  - say: {from: ann, txt: x}", "6:22", 'unknown key "txt"; did you mean "text"?'),
        ("  - say: {from: anne, text: x}", "6:11", 'unknown customer "anne"; did you mean "ann"?'),
        ("  - say: {from: ann}", "6:5", "one of text, photo"),
        ("  - say: {from: ann, text: x, photo: sample}", "6:5", "not text, photo"),
        ("  - say: {text: x}", "6:5", "from: is missing"),
        ("  - say: {from: ann, photo: no.jpg}", "6:22", 'there is no file "no.jpg"'),
        ("  - expect: {to: ann, within: soon}", "6:23", "a length of time is wanted"),
        ("  - edit: {by: ann, text: x, message: first}", "6:30", 'unknown message "first"'),
        ("  - wait: 1s\n    block: ann", "6:5", "a step is one of say"),
        ("  - load: {customers: 0}", "6:12", "should be greater than or equal to 1"),
        ("  - fault: {kind: server_eror}", "6:13", "should be"),
        ("  - block: bob", "6:5", 'unknown customer "bob"'),
    ],
)
def test_what_is_wrong_is_pointed_at(tmp_path: Path, steps: str, place: str, words: str) -> None:
    file = written(tmp_path, steps)
    with pytest.raises(ConfigErrors) as caught:
        script.read(file, {})
    assert str(caught.value).startswith(f"{file}:{place}: "), caught.value
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "accounts: is missing"),
        ("accounts: [", "is not YAML"),
        ("accounts: {a: {token: very-secret-token}}\nsteps: [wait: 1s]", "a number, a colon and letters"),
        ("gateway: nowhere\naccounts: {a: {token: '1:a'}}\nsteps: [wait: 1s]", "an address is wanted"),
        ("simulator: {host: 10.0.0.1}\naccounts: {a: {token: '1:a'}}\nsteps: [wait: 1s]", "loopback addresses only"),
    ],
)
def test_wrong_files_end_with_2(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(content)
    done = CliRunner().invoke(app, ["simulate", str(file)])
    assert (done.exit_code, words in done.output) == (2, True), done.output
    assert "very-secret-token" not in done.output


# What it finds out, with a gateway that only echoes.


class Echo:
    """A gateway and its bot in one: it answers every text, as often as it is told to, through the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.times = 1
        self.deaf = False
        self.updates: list[dict[str, Any]] = []
        self._tasks: list[asyncio.Task[Any]] = []

    async def hook(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.updates.append(update)
        if self.deaf:
            return web.Response(status=503)
        said = update.get("message", {})
        for _ in range(self.times if said.get("text") else 0):
            answer = self.simulator.call("sendMessage", chat_id=said["chat"]["id"], text=f"Echo: {said['text']}")
            self._tasks.append(asyncio.create_task(answer))
        return web.Response()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [update[kind] for update in self.updates if kind in update]

    async def play(self, folder: Path, steps: str, head: str = HEAD) -> script.Tally:
        head = f"simulator: {{url: '{self.simulator.url}'}}\n{head}"
        scenario = script.read(written(folder, steps, head), {})
        return await script.play(scenario, folder, lambda: datetime.now(UTC), print, gateway=self.url)

    url = ""


@pytest.fixture
async def echo(simulator: Simulator) -> AsyncIterator[Echo]:
    found = Echo(simulator)
    site = web.Application()
    site.router.add_post("/hook", found.hook)
    async with served(site) as url:
        found.url = url
        yield found
        await asyncio.gather(*found._tasks)


async def test_a_good_answer_is_seen(echo: Echo, tmp_path: Path) -> None:
    tally = await echo.play(
        tmp_path,
        """
  - say: {from: ann, text: "Hi {n}", repeat: 2, as: hi}
  - expect: {to: ann, text: "Echo: Hi 1"}
  - expect: {to: ann, contains: "Hi 2", kind: text, as: answer}
  - expect: {to: ann, nothing: true, within: 50ms}
  - react: {by: ann, emoji: 👍, message: answer}
  - edit: {by: ann, text: Bye}
  - delete: {by: ann, message: hi}
  - say: {from: ann, photo: sample, caption: x, reply_to: answer, quote: Hi}
  - say: {from: ann, album: [sample, sample]}
  - block: ann
  - unblock: ann
  - wait: 10ms
""",
    )
    assert tally.good, tally.failures
    assert (tally.said, tally.held, tally.answers, len(tally.acknowledged)) == (5, 3, 2, 5)
    assert [m["new_reaction"][0]["emoji"] for m in echo.of("message_reaction")] == ["👍"]
    assert [m["text"] for m in echo.of("edited_message")] == ["Bye"]
    assert [m["quote"]["text"] for m in echo.of("message") if "quote" in m] == ["Hi"]
    assert len(echo.of("my_chat_member")) == 2


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("  - say: {from: ann, text: Hi}\n  - expect: {to: ann, text: no, within: 100ms}", 'a text "Echo: Hi"'),
        ("  - expect: {to: ann, text: no, within: 50ms}", "nothing came"),
        ("  - say: {from: ann, text: Hi}\n  - expect: {to: ann, nothing: true}", "nothing was expected"),
        ("  - press: {by: ann, button: Yes}", "no such message"),
        ("  - block: ann\n  - say: {from: ann, text: Hi}", "has blocked the bot"),
    ],
)
async def test_what_fails_is_told(echo: Echo, tmp_path: Path, steps: str, words: str) -> None:
    tally = await echo.play(tmp_path, steps)
    (failure,) = tally.failures
    assert words in failure
    assert not tally.good


@pytest.mark.parametrize(
    "step",
    [
        "say: {from: ann, text: Hi, reply_to: answer}",
        "react: {by: ann, emoji: 👍, message: answer}",
        "expect: {to: ann, deleted: answer}",
    ],
)
async def test_a_message_that_never_came_has_no_name(echo: Echo, tmp_path: Path, step: str) -> None:
    tally = await echo.play(tmp_path, f"  - expect: {{to: ann, within: 50ms, as: answer}}\n  - {step}")
    assert 'there is no message "answer"' in tally.failures[1]


async def test_buttons_reactions_and_deletions_are_seen(echo: Echo, tmp_path: Path) -> None:
    play = asyncio.create_task(
        echo.play(
            tmp_path,
            """
  - say: {from: ann, text: Hi}
  - expect: {to: ann, button: Yes, within: 30s, as: asked}
  - press: {by: ann, button: Yes}
  - expect: {to: ann, reaction: 🔥, within: 30s}
  - expect: {to: ann, deleted: asked, within: 30s}
""",
        )
    )
    await eventually(lambda: _there(echo.of("message")), "the message")
    chat = echo.of("message")[0]["chat"]["id"]
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    call = echo.simulator.call
    _, asked = await call("sendMessage", chat_id=chat, text="Sure?", reply_markup=keyboard)
    await eventually(lambda: _there(echo.of("callback_query")), "the press")
    await call("setMessageReaction", chat_id=chat, message_id=1, reaction=[{"type": "emoji", "emoji": "🔥"}])
    await call("deleteMessage", chat_id=chat, message_id=asked["result"]["message_id"])
    tally = await play
    assert (tally.failures, tally.held) == ([], 3)


async def _there(found: list[Any]) -> bool:
    return bool(found)


LOAD = "  - load: {customers: 5, per_second: 100, for: 400ms, answer: 'Echo: {text}', within: %s}"


async def test_load_is_counted(echo: Echo, tmp_path: Path) -> None:
    tally = await echo.play(tmp_path, LOAD % "30s")
    assert tally.good, tally.failures
    assert (tally.said, len(tally.acknowledged), len(tally.answered), tally.answers) == (40, 40, 40, 40)
    assert {update["message"]["from"]["first_name"] for update in echo.updates} == {"Customer"}
    assert len({update["message"]["chat"]["id"] for update in echo.updates}) == 5


async def test_load_finds_what_is_answered_twice(echo: Echo, tmp_path: Path) -> None:
    echo.times = 2
    tally = await echo.play(tmp_path, LOAD % "30s")
    assert tally.twice > 0
    assert not tally.good


async def test_load_finds_what_is_lost(echo: Echo, tmp_path: Path) -> None:
    echo.times = 0
    tally = await echo.play(tmp_path, LOAD % "3s")
    assert (tally.lost, len(tally.acknowledged)) == (40, 40)
    assert "not everything was answered" in tally.failures[0]


def test_percentiles() -> None:
    assert [percentile(range(1, 101), share) for share in (50, 95, 99)] == [50, 95, 99]
    assert percentile([3.0], 99) == 3.0


# The examples, with a gateway that serves and a bot that echoes through its API.


@asynccontextmanager
async def bot(gateway: Gateway) -> AsyncIterator[None]:
    """Answers every text, as an integrator's bot would."""

    async def answer(session: aiohttp.ClientSession) -> None:
        after = (await (await session.get("/v1/events")).json())["page"]["next"]
        ready.set()
        while True:
            async with session.get("/v1/events", params={"after": after, "wait": "5"}) as found:
                page = await found.json()
            after = page["page"]["next"]
            for frame in page["data"]:
                message = frame.get("data", {}).get("message")
                if frame.get("kind") == "message.received" and message["parts"][0]["kind"] == "text":
                    parts = [{"kind": "text", "text": f"Echo: {message['parts'][0]['text']}"}]
                    url = f"/v1/conversations/{message['conversation']}/messages"
                    async with session.post(url, json={"parts": parts}) as said:
                        assert said.status == 202, await said.text()

    ready = asyncio.Event()
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(gateway.url, headers=headers) as session:
        task = asyncio.create_task(answer(session))
        try:
            async with asyncio.timeout(60):
                await ready.wait()
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_examples_against_a_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    gateway = Gateway(tmp_path, {"support-telegram": f"http://127.0.0.1:{port}/simulator/telegram"})
    gateway.data.mkdir(parents=True, exist_ok=True)
    await gateway.add_key()
    for name, value in {
        "SIMULATOR_PORT": str(port),
        "BOT_TOKEN": TOKEN,
        "HOOK_SECRET": SECRET,
        "LASTING": "1s",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        await gateway.up()
        async with bot(gateway):
            for example in EXAMPLES:
                command = ["simulate", str(example), "--base", gateway.url]
                done = await asyncio.to_thread(CliRunner().invoke, app, command)
                assert (done.exit_code, "0 failed" in done.output) == (0, True), f"{example.name}\n{done.output}"
        assert (await gateway.stop())[0] == 0
    finally:
        gateway.kill()
