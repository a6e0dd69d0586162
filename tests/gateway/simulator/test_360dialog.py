"""The simulated WhatsApp at 360dialog: our connector's own calls, one by one, and webhooks that repeat a secret."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import orjson
import pytest
from aiohttp import FormData, web
from simulator_kit import Simulator, served, until

from connectors.api import Accepted, Answer, Call, Health, Rejected, Request
from connectors.whatsapp import Settings, connector
from normalizer.event import Event, Outgoing
from normalizer.model import Text

NUMBER, ANN = "106540352242922", "33612345678"
KEY, SECRET = "key-of-the-number", "secret-of-the-hook"
JPEG = b"\xff\xd8\xff" + b"x" * 100


class Host:
    """The gateway's end: performs the connector's calls and reads what is posted to its hook."""

    def __init__(self, simulator: Simulator, key: str = KEY) -> None:
        self.simulator = simulator
        self.hook = ""
        self.events: list[Event] = []
        self.settings = Settings.model_validate(
            {
                "name": "shop", "connector": "whatsapp", "provider": "360dialog", "phone_number_id": NUMBER,
                "token": key, "hook_secret": SECRET, "api": f"{simulator.url}/360dialog",
            }
        )  # fmt: skip

    async def posted(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        told = Request("POST", str(request.url), headers, datetime.now(UTC), {}, await request.read())
        connector.verify(told, self.settings)
        assert "x-hub-signature-256" not in headers, "360dialog signs nothing"
        with pytest.raises(Rejected):
            connector.verify(Request("POST", told.url, {}, told.received_at, {}, told.body), self.settings)
        self.events += connector.parse(told, self.settings)
        return web.Response()

    async def answer(self, call: Call) -> Answer:
        sent = {"json": call.json} if call.json is not None else {}
        async with self.simulator.session.request(call.method, call.url, headers=call.headers, **sent) as answer:
            return Answer(answer.status, {}, await answer.read())

    async def runs(self, steps: Generator[Call, Answer, Any]) -> tuple[list[Any], Any]:
        """What the connector makes of each answer, and what it returns."""
        outcomes: list[Any] = []
        call = next(steps, None)
        while call is not None:
            answer = await self.answer(call)
            outcomes.append(connector.classify(call, answer))
            try:
                call = steps.send(answer)
            except StopIteration as done:
                return outcomes, done.value
        return outcomes, None


@pytest.fixture
async def host(simulator: Simulator) -> AsyncIterator[Host]:
    """A number at 360dialog, its hook set by our connector, and Ann, who has written."""
    found = Host(simulator)
    app = web.Application()
    app.router.add_post("/hook", found.posted)
    there = f"/api/whatsapp/{NUMBER}"
    assert (await simulator.ask("POST", there, json={"key": KEY, "delivered_after": 0}))[0] == 200
    async with served(app) as url:
        found.hook = f"{url}/hook"
        assert connector.connect is not None
        await found.runs(connector.connect(found.hook, found.settings))
        await simulator.post(f"{there}/people", name="Ann Lee", id=ANN)
        await simulator.post(f"{there}/chats/{ANN}/messages", text="Hello?")
        await until(lambda: bool(found.events))
        yield found


async def test_a_text_goes_and_its_receipts_come(host: Host) -> None:
    outcomes, _ = await host.runs(
        connector.send(Outgoing(id="msg_1", to=f"tel:+{ANN}", parts=(Text(text="Hi"),)), host.settings)
    )
    assert isinstance(outcomes[0], Accepted)
    await until(lambda: any(getattr(one, "status", "") == "delivered" for one in host.events))
    (line,) = [
        line
        for line in (await host.simulator.get(f"/api/whatsapp/{NUMBER}/chats/{ANN}/messages"))["data"]
        if line["direction"] == "out"
    ]
    assert line["text"] == "Hi"


async def test_files_are_had_under_metas_address_with_our_key(host: Host) -> None:
    form = FormData({"messaging_product": "whatsapp", "type": "image/jpeg"})
    form.add_field("file", BytesIO(JPEG), filename="a.jpg", content_type="image/jpeg")
    headers = {"D360-API-KEY": KEY}
    name = (await host.simulator.ask("POST", "/360dialog/media", data=form, headers=headers))[1]["id"]
    about = (await host.simulator.ask("GET", f"/360dialog/{name}", headers=headers))[1]
    assert about["url"].startswith("https://lookaside.fbsbx.com/")
    assert connector.fetch is not None
    _, fetched = await host.runs(connector.fetch(name, host.settings))
    assert (await host.answer(fetched.call)).body == JPEG


async def test_it_is_checked_and_its_templates_are_listed(host: Host) -> None:
    assert connector.check is not None
    assert connector.templates is not None
    _, health = await host.runs(connector.check(host.settings))
    assert health == Health(ok=True, detail=f"webhook at {host.hook.split('/')[2]}")
    _, templates = await host.runs(connector.templates(host.settings))
    assert [one.name for one in templates] == ["order_update", "order_update", "still_there", "autumn_offer"]


async def test_another_key_is_none(host: Host) -> None:
    other = Host(host.simulator, key="another-key")
    outcomes, _ = await other.runs(
        connector.send(Outgoing(id="msg_1", to=f"tel:+{ANN}", parts=(Text(text="Hi"),)), other.settings)
    )
    assert outcomes[0].code == "auth_expired"
    passed = (await host.simulator.get("/api/traffic"))["data"]
    assert not any(secret in orjson.dumps(passed).decode() for secret in (KEY, SECRET))
