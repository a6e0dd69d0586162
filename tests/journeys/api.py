"""Agents and integrators, by the public API."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from journeys.books import FINAL, Books
from journeys.programs import KEY, PATIENCE_S, Gateway


@dataclass
class Said:
    """An answer of the API."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """The agent API with a key of scope agent. ``heard`` is every answer's body, when it is kept."""

    def __init__(self, session: ClientSession, gateway: Gateway) -> None:
        self._session, self._gateway = session, gateway
        self.headers = {"Authorization": f"Bearer {KEY}"}
        self.heard: list[bytes] | None = None

    async def ask(self, method: str, path: str, **given: Any) -> Said:
        """One call."""
        headers = {**self.headers, **given.pop("headers", {})}
        async with self._session.request(method, self._gateway.url + path, headers=headers, **given) as answer:
            said = Said(answer.status, dict(answer.headers), await answer.read())
        if self.heard is not None:
            self.heard.append(said.body + repr(said.headers).encode())
        return said

    async def get(self, path: str) -> Any:
        """What is read."""
        said = await self.ask("GET", path)
        assert said.status == 200, said
        return said.json

    async def reply(self, conversation: str, *parts: str | dict[str, Any], key: str = "", **more: Any) -> Said:
        """An agent replies; a string is a text."""
        body = {"parts": [{"kind": "text", "text": one} if isinstance(one, str) else one for one in parts], **more}
        headers = {"Idempotency-Key": key} if key else {}
        return await self.ask("POST", f"/v1/conversations/{conversation}/messages", json=body, headers=headers)

    async def replied(self, conversation: str, *parts: str | dict[str, Any], **more: Any) -> str:
        """The id of a reply that was accepted."""
        said = await self.reply(conversation, *parts, **more)
        assert said.status == 202, said
        return said.json["id"]

    async def message(self, message: str) -> dict[str, Any]:
        return await self.get(f"/v1/messages/{message}")

    async def becomes(self, message: str, *wanted: str) -> dict[str, Any]:
        """A message, once it has one of these statuses."""
        end = time.monotonic() + PATIENCE_S
        while (found := await self.message(message))["status"] not in wanted:
            assert time.monotonic() < end, found
            await asyncio.sleep(0.02)
        return found

    async def conversations(self) -> dict[str, str]:
        """Every conversation by its person's identity."""
        page = await self.get("/v1/conversations?limit=200")
        return {one["person"]["identities"][0]: one["id"] for one in page["data"]}

    async def lines(self, conversation: str) -> list[dict[str, Any]]:
        """All lines of a conversation, oldest first, through as many pages as it takes."""
        found: list[dict[str, Any]] = []
        before = ""
        while True:
            page = await self.get(f"/v1/conversations/{conversation}/messages?limit=200{before}")
            found[:0] = page["data"]
            if not page["page"]["previous"]:
                return found
            before = f"&before={page['page']['previous']}"

    async def line_where(self, conversation: str, fits: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The newest line that fits, once there is one."""
        end = time.monotonic() + PATIENCE_S
        while True:
            lines = (await self.get(f"/v1/conversations/{conversation}/messages?limit=200"))["data"]
            if found := [line for line in lines if fits(line)]:
                return found[-1]
            assert time.monotonic() < end, lines
            await asyncio.sleep(0.02)

    async def feed(self) -> list[dict[str, Any]]:
        """Everything that ever happened, as an integrator reads it."""
        found: list[dict[str, Any]] = []
        cursor = "start"
        while True:
            page = await self.get(f"/v1/events?after={cursor}&wait=0&limit=500")
            if not page["data"]:
                return found
            found += page["data"]
            cursor = page["page"]["next"]

    async def settled(self) -> list[dict[str, Any]]:
        """The feed, once no message is under way any more."""
        end = time.monotonic() + PATIENCE_S
        while True:
            books = Books(await self.feed())
            under_way = [one for one, status in books.status.items() if status not in FINAL]
            if not under_way:
                return books.feed
            assert time.monotonic() < end, f"still under way: {under_way[:5]}"
            await asyncio.sleep(0.2)
