"""What the simulator's tests share: a running simulator, a gateway's hook that records, a picture, patience."""

import asyncio
import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import web
from telegram import Bot
from telegram.request import HTTPXRequest

from gateway.simulator import Pace, create_app

ROOT = Path(__file__).parents[3]
TOKEN = "1234:abcdefghijklmnopqrstuvwxyz"
BRISK = Pace(first=0.02, longest=0.1, timeout=30)


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Simulator:
    """The simulator's address, and the control API in few words."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with self.session.request(method, f"{self.url}{path}", **more) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else text

    async def get(self, path: str) -> Any:
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def post(self, path: str, **body: Any) -> Any:
        status, answer = await self.ask("POST", path, json=body)
        assert status == 201, answer
        return answer

    async def call(self, method: str, **params: Any) -> tuple[int, Any]:
        return await self.ask("POST", f"/telegram/bot{TOKEN}/{method}", json=params)

    async def person(self, name: str = "Ann", **more: Any) -> int:
        made = await self.post("/api/telegram/1234/people", name=name, **more)
        return int(made["id"])

    async def say(self, chat: int, **what: Any) -> Any:
        return await self.post(f"/api/telegram/1234/chats/{chat}/messages", **what)

    async def started(self, name: str = "Ann", **more: Any) -> int:
        chat = await self.person(name, **more)
        await self.say(chat, text="hello")
        return chat

    async def fault(self, kind: str, **more: Any) -> Any:
        return await self.post("/api/faults", kind=kind, **more)

    async def accepted(self, method: str = "sendMessage") -> Any:
        return await self.get(f"/api/telegram/1234/accepted?method={method}")

    def bot(self, token: str = TOKEN) -> Bot:
        base = f"{self.url}/telegram"
        plain, polling = (HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2))  # no TLS: quick to build
        return Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=plain,
            get_updates_request=polling,
        )


@asynccontextmanager
async def running(folder: Path, pace: Pace = BRISK) -> AsyncIterator[Simulator]:
    app = web.Application()
    app.add_subapp("/simulator", create_app(folder, clock=lambda: datetime.now(UTC), pace=pace))
    async with served(app) as url, aiohttp.ClientSession() as session:
        yield Simulator(f"{url}/simulator", session)


class Hook:
    """A gateway's end: what was posted, and what it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.updates: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.answers: list[int] = []
        self.reply: dict[str, Any] | None = None
        self.gate: asyncio.Event | None = None

    async def post(self, request: web.Request) -> web.Response:
        self.updates.append(await request.json())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if self.gate is not None:
            await self.gate.wait()
        status = self.answers.pop(0) if self.answers else 200
        return web.json_response(self.reply, status=status) if self.reply else web.Response(status=status)

    @property
    def ids(self) -> list[int]:
        return [update["update_id"] for update in self.updates]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [update[kind] for update in self.updates if kind in update]


async def until(true: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def until_told(true: Callable[[], Awaitable[Any]], seconds: float = 5.0) -> None:
    """Wait until somebody says that something holds."""
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.02)


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "gateway.simulator", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+/simulator/)\n", line)
    assert found, line
    return process, found[1]


def post(url: str, /, **body: Any) -> Any:
    where = urlsplit(url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.request("POST", where.path, json.dumps(body), {"Content-Type": "application/json"})
    try:
        return json.load(connection.getresponse())
    finally:
        connection.close()


def form(url: str, **fields: str) -> Any:
    """A call of the simulated Twilio, by an account that is new to it."""
    where = urlsplit(url)
    basic = b64encode(f"AC{'1' * 32}:any-token".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.request("POST", where.path, urlencode(fields), headers)
    try:
        return json.load(connection.getresponse())
    finally:
        connection.close()
