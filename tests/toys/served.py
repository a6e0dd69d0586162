"""The whole gateway in this process, with one bot of Telegram and a provider that takes whatever is sent."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from agent_api.auth import digest
from connectors.catalog import find
from gateway import assembly
from gateway.adapters.system import SystemClock
from gateway.config import load
from gateway.ports import Key, Store

BOT, TOKEN, SECRET = "bot", "4242:abcDEF-ghiJKL_0123456789mnopqrstuvw", "s3cret_of-the-hook"
KEY = "pk_a-key-of-this-test"


class Served:
    """A gateway at work. ``calls`` are the provider's, by name; it answers those of ``refused`` with 403."""

    def __init__(self, session: ClientSession) -> None:
        self._session, self._number = session, itertools.count(1)
        self.calls: list[str] = []
        self.refused: set[str] = set()
        self.url = ""
        self.store: Store

    async def provide(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        self.calls.append(name)
        body = await request.json() if request.can_read_body else {}
        if body.get("text") in self.refused:
            said = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
            return web.json_response(said, status=403)
        chat = {"id": 7, "type": "private"}
        made: Any = {"message_id": next(self._number), "date": 1, "chat": chat} if name == "sendMessage" else True
        return web.json_response({"ok": True, "result": made})

    async def write(self, text: str, chat: int = 7, *, hook: str = BOT, secret: str = SECRET) -> int:
        """A customer writes; the status that the webhook is answered."""
        number = next(self._number)
        who = {"id": chat, "first_name": "Ann", "is_bot": False}
        said = {"message_id": number, "date": 1_700_000_000, "text": text, "from": who}
        update = {"update_id": number, "message": {**said, "chat": {**who, "type": "private"}}}
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        async with self._session.post(f"{self.url}/hooks/{hook}", json=update, headers=headers) as answer:
            return answer.status

    async def ask(self, method: str, path: str, **given: Any) -> tuple[Mapping[str, str], Any]:
        """A call of the API: headers and body."""
        headers = {"Authorization": f"Bearer {KEY}", **given.pop("headers", {})}
        async with self._session.request(method, self.url + path, headers=headers, **given) as answer:
            body = await (answer.json() if "json" in answer.content_type else answer.text())
            return answer.headers.copy(), body

    async def conversation(self) -> str:
        """The newest."""
        _, found = await self.ask("GET", "/v1/conversations")
        return str(found["data"][0]["id"])

    async def reply(self, conversation: str, text: str, **headers: str) -> tuple[Mapping[str, str], Any]:
        """An agent replies: headers, and the message."""
        parts = {"parts": [{"kind": "text", "text": text}]}
        return await self.ask("POST", f"/v1/conversations/{conversation}/messages", json=parts, headers=headers)


@asynccontextmanager
async def served(folder: Path, **more: Any) -> AsyncIterator[Served]:
    """Started and stopped; ``more`` are sections of its configuration."""
    async with ClientSession() as session:
        found = Served(session)
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", found.provide)
        async with TestServer(app) as provider:
            api = str(provider.make_url("/")).rstrip("/")
            bot = {"connector": "telegram", "token": TOKEN, "secret": SECRET, "api": api}
            path = folder / "p.yaml"
            path.write_text(yaml.safe_dump({"http": {"port": 0}, "accounts": {BOT: bot}, **more}))
            async with assembly.running(load(path, {}, find())) as running:
                found.url, found.store = running.url, running.store
                clock = SystemClock()
                await running.store.add_key(Key(clock.new_id("key"), "test", digest(KEY), "agent", None, clock.now()))
                yield found
