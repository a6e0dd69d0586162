"""A gateway's end for Meta's products: what is posted must be signed, and our own connector must read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from aiohttp import web
from simulator_kit import Simulator, served, until

from connectors.api import Answer, Call, Connector, Rejected, Request
from normalizer.event import Event

APP, TOKEN, WORD = "the-secret-of-the-app", "EAAtoken-of-the-shop", "word-of-the-hook"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Shop:
    """One of our ends at the simulator, and the connector that reads what is told of it."""

    simulator: Simulator
    connector: Connector[Any]
    settings: Any
    end: str
    url: str = ""
    events: list[Event] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    # The gateway's side.

    async def post(self, request: web.Request) -> web.Response:
        """A webhook: no other secret may have signed it, and no byte of it may be another."""
        body, headers = await request.read(), {name.lower(): value for name, value in request.headers.items()}
        told = Request("POST", str(request.url), headers, datetime.now(UTC), dict(request.query), body)
        try:
            self.connector.verify(told, self.settings)
            found = self.connector.parse(told, self.settings)
            with pytest.raises(Rejected):
                self.connector.verify(
                    Request("POST", told.url, headers, told.received_at, {}, body + b" "), self.settings
                )
        except Exception as problem:
            self.problems.append(repr(problem))
            raise
        self.bodies.append(orjson.loads(body))
        self.events.extend(found)
        return web.Response()

    async def asked(self, request: web.Request) -> web.Response:
        """The question whether the hook is ours."""
        told = Request("GET", str(request.url), {}, datetime.now(UTC), dict(request.query))
        assert self.connector.challenge is not None
        try:
            return web.Response(text=self.connector.challenge(told, self.settings).body)
        except Rejected:
            return web.Response(status=403)

    async def tells(self, kind: str, count: int = 1, **wanted: Any) -> Any:
        """The newest event that fits, once there are so many."""

        def fitting() -> list[Event]:
            return [
                event
                for event in self.events
                if event.kind == kind and all(getattr(event, name) == value for name, value in wanted.items())
            ]

        try:
            await until(lambda: len(fitting()) >= count)
        except TimeoutError:
            raise AssertionError((kind, wanted, self.problems, self.events)) from None
        return fitting()[-1]

    # The API.

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """A call with our token, or with other `headers`."""
        address = f"/{self.connector.name}/v26.0/{path}"
        return await self.simulator.ask(method, address, **{"headers": BEARER, **more})

    async def send(self, body: dict[str, Any]) -> tuple[int, Any]:
        """A call to send something."""
        return await self.ask("POST", f"{self.end}/messages", json=body)

    def means(self, status: int, body: Any) -> Any:
        """What our connector makes of an answer to a send."""
        answer = Answer(status, {}, body.encode() if isinstance(body, str) else orjson.dumps(body))
        return self.connector.classify(Call("0:send", "POST", "https://provider.example/messages"), answer)

    # Customers.

    async def person(self, **about: Any) -> str:
        made = await self.simulator.post(f"/api/{self.connector.name}/{self.end}/people", **about)
        return str(made["chat_id"])

    async def does(self, chat: str, deed: str = "messages", **fields: Any) -> Any:
        return await self.simulator.post(f"/api/{self.connector.name}/{self.end}/chats/{chat}/{deed}", **fields)

    async def phone(self, chat: str) -> list[dict[str, Any]]:
        """Every line on a customer's phone."""
        found = await self.simulator.get(f"/api/{self.connector.name}/{self.end}/chats/{chat}/messages")
        lines: list[dict[str, Any]] = found["data"]
        return lines

    async def configure(self, **about: Any) -> None:
        status, answer = await self.simulator.ask("POST", f"/api/{self.connector.name}/{self.end}", json=about)
        assert status == 200, answer

    async def fault(self, kind: str, **more: Any) -> Any:
        return await self.simulator.fault(kind, channel=self.connector.name, **more)


@asynccontextmanager
async def opened(
    simulator: Simulator, connector: Connector[Any], end: str, settings: dict[str, Any], **told: Any
) -> AsyncIterator[Shop]:
    """An end whose hook and secrets the simulator knows; whatever it could not read fails the test."""
    common = {"name": "shop", "connector": connector.name, "token": TOKEN, "app_secret": APP, "verify_token": WORD}
    shop = Shop(simulator, connector, connector.settings.model_validate({**common, **settings}), end)
    app = web.Application()
    app.router.add_post("/hooks/meta", shop.post)
    app.router.add_get("/hooks/meta", shop.asked)
    async with served(app) as url:
        shop.url = f"{url}/hooks/meta"
        await shop.configure(webhook=shop.url, secret=APP, token=TOKEN, delivered_after=0, **told)
        yield shop
    assert shop.problems == []


async def settled(shop: Shop, chat: str, statuses: Sequence[str]) -> dict[str, Any]:
    """The newest line of ours on a phone, once it has one of these statuses."""
    async with asyncio.timeout(5):
        while True:
            ours = [line for line in await shop.phone(chat) if line["direction"] == "out"]
            if ours and ours[-1]["status"] in statuses:
                return ours[-1]
            await asyncio.sleep(0.02)
