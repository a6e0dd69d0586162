"""Scenarios over a channel other than Telegram: an SMS gateway that echoes, played by customers from a file."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from simulator_kit import Simulator, served

from gateway.config_file import ConfigErrors
from gateway.simulator import scenario as script

SID, TOKEN, NUMBER = "AC" + "1" * 32, "any-token", "15550006789"
HEAD = f"""simulator: {{url: 'URL'}}
accounts:
  shop:
    channel: twilio
    number: {NUMBER}
    secret: {TOKEN}
    hook: /hook
    settings: {{account_sid: {SID}, delivered_after: 0}}
customers:
  ann: {{name: Ann Lee, id: 33612345678}}
  bob: {{name: Bob, id: "whatsapp:33612345679"}}
steps:
"""


class Echo:
    """A gateway that answers every message by the same way as it came, with its words."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._tasks: list[asyncio.Task[Any]] = []
        self.url = ""

    async def hook(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form["SmsStatus"] == "received":
            answer = {"To": str(form["From"]), "From": str(form["To"]), "Body": f"Echo: {form['Body']}"}
            self._tasks.append(asyncio.create_task(self._send(answer)))
        return web.Response(text="<Response></Response>", content_type="text/xml")

    async def _send(self, form: dict[str, str]) -> None:
        url = f"{self._simulator.url}/twilio/2010-04-01/Accounts/{SID}/Messages.json"
        basic = "Basic " + b64encode(f"{SID}:{TOKEN}".encode()).decode()
        async with self._simulator.session.post(url, data=form, headers={"Authorization": basic}) as answer:
            await answer.read()

    async def play(self, folder: Path, steps: str) -> script.Tally:
        file = folder / "scenario.yaml"
        file.write_text(HEAD.replace("URL", self._simulator.url) + steps)
        return await script.play(script.read(file, {}), folder, lambda: datetime.now(UTC), print, gateway=self.url)

    async def done(self) -> None:
        await asyncio.gather(*self._tasks)


@pytest.fixture
async def echo(simulator: Simulator) -> AsyncIterator[Echo]:
    found = Echo(simulator)
    site = web.Application()
    site.router.add_post("/hook", found.hook)
    async with served(site) as url:
        found.url = url
        yield found
        await found.done()


async def test_customers_write_by_sms_and_by_whatsapp(echo: Echo, tmp_path: Path) -> None:
    tally = await echo.play(
        tmp_path,
        """
  - say: {from: ann, text: "Hello {n}", repeat: 2}
  - expect: {to: ann, text: "Echo: Hello 2"}
  - say: {from: bob, voice: sample}
  - say: {from: bob, text: Hi}
  - expect: {to: bob, text: "Echo: Hi"}
  - open: bob
  - fault: {kind: error, account: shop, chat: ann, code: 21612, count: 1}
  - say: {from: ann, text: lost}
  - expect: {to: ann, text: "Echo: lost", nothing: true, within: 200ms}
  - lift: all
""",
    )
    assert tally.good, tally.failures
    assert (tally.said, len(tally.acknowledged)) == (5, 5)


async def test_load_is_counted(echo: Echo, tmp_path: Path) -> None:
    steps = "  - load: {customers: 4, per_second: 50, for: 400ms, answer: 'Echo: {text}', within: 30s}"
    tally = await echo.play(tmp_path, steps)
    assert tally.good, tally.failures
    assert (tally.said, len(tally.acknowledged), len(tally.answered)) == (20, 20, 20)


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("{channel: twilio, hook: /hook}", "number: our number or id at twilio is wanted"),
        ("{token: letters}", "token: a number, a colon and letters are wanted"),
    ],
)
def test_an_account_says_who_it_is(tmp_path: Path, account: str, words: str) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(f"accounts: {{shop: {account}}}\nsteps:\n  - wait: 1s\n")
    with pytest.raises(ConfigErrors, match=words):
        script.read(file, {})
