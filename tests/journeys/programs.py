"""The gateway and the simulator as programs of their own, which no test outlives."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession, ClientTimeout

from agent_api.auth import digest
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock
from gateway.ports import Key

ROOT = Path(__file__).parents[2]
BOT = "4242"
PRIVATE = "abcDEF-ghiJKL_0123456789mnopqrstuvw"
TOKEN = f"{BOT}:{PRIVATE}"
SECRET = "s3cret_of-the-hook"
KEY = "pk_a-key-of-the-journeys"
PATIENCE_S = 180.0
"""How long anything may take on a machine that is busy with other tests; nothing waits so long in vain."""


async def until(found: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
    """What ``found`` finds, once it finds something."""
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.005)
    return result


async def eventually(found: Callable[[], Awaitable[Any]], what: str, seconds: float = PATIENCE_S) -> Any:
    """The same, where it takes a question to find it."""
    end = time.monotonic() + seconds
    while not (result := await found()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
    return result


class Program:
    """A program that is started, and started again after an end of any kind; what it says goes to one file."""

    def __init__(self, folder: Path, name: str, command: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self._command = name, [sys.executable, "-m", *command]
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.there = asyncio.Event()
        self.url = ""

    def spawn(self) -> None:
        """Start, without waiting for anything."""
        self._from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)

    async def up(self) -> None:
        """Start, and wait until it listens."""
        self.spawn()
        await self.ready()

    async def ready(self) -> None:
        """Wait until it listens."""
        self.url = await until(self._listening, f"{self.name} listens")
        self.there.set()

    def _listening(self) -> str | None:
        said = self.said()
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} ended: {said}"
        found = re.search(r"listening on (http://[^\"\s]+)[\"\s]", said)
        return found[1] if found else None

    def said(self) -> str:
        """What it has said since it was last started."""
        return self.log.read_bytes()[self._from :].decode()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        self.there.clear()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)

    async def stop(self) -> tuple[int, float]:
        """SIGTERM: its exit code, and how many seconds it took."""
        assert self.process is not None
        self.there.clear()
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.process.wait, PATIENCE_S)
        return code, time.monotonic() - began


def _bot(api: str, mode: str) -> dict[str, Any]:
    told = {"secret": SECRET} if mode == "webhook" else {"mode": mode}
    return {"connector": "telegram", "token": TOKEN, **told, "api": api}


class Gateway(Program):
    """``passerelle serve`` on a store of its own, with a key of scope agent.

    ``accounts`` by name: a bot of Telegram by its ``api``, any other as the configuration says it.
    """

    def __init__(
        self,
        folder: Path,
        accounts: Mapping[str, str | Mapping[str, Any]],
        *,
        data: Path | None = None,
        mode: str = "webhook",
        **more: Any,
    ) -> None:
        self.data = data or folder / "data"
        self.db = self.data / "passerelle.db"
        config = {
            "http": {"port": 0},
            "store": f"sqlite:{self.db}",
            "accounts": {
                name: {
                    **(_bot(said, mode) if isinstance(said, str) else said),
                    "pace": {"per_second": 10_000, "per_chat": 10_000},
                }
                for name, said in accounts.items()
            },
            **more,
        }
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "passerelle.yaml"
        file.write_text(yaml.safe_dump(config))
        super().__init__(folder, "gateway", ["gateway.main", "serve", "--config", str(file)])

    async def add_key(self) -> None:
        """What ``passerelle key create`` does, in less time."""
        clock = SystemClock()
        store = SqliteStore(self.db, clock)
        await store.start()
        try:
            assert await store.add_key(Key(clock.new_id("key"), "journeys", digest(KEY), "agent", None, clock.now()))
        finally:
            await store.stop()

    def lines(self, level: str = "error") -> list[dict[str, Any]]:
        """The lines of its log that are of this level."""
        found = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in found if line["level"] == level]


class Simulator(Program):
    """The providers, emulated, with the control API at hand. It keeps its port when it is started again."""

    def __init__(self, folder: Path, session: ClientSession) -> None:
        self._session, self._folder = session, folder / "simulator"
        super().__init__(folder, "simulator", self._with_port(0))

    def _with_port(self, port: int) -> list[str]:
        return ["gateway.simulator", "--port", str(port), "--data", str(self._folder)]

    async def again(self) -> None:
        """Start after an end, at the same address."""
        port = int(self.url.split(":")[2].split("/")[0])
        self._command = [sys.executable, "-m", *self._with_port(port)]
        await self.up()

    @property
    def api(self) -> str:
        """What a Telegram account has as ``api``."""
        return f"{self.url}telegram"

    async def control(self, method: str, path: str, **given: Any) -> Any:
        """Ask the control API."""
        async with self._session.request(method, f"{self.url}api/{path}", **given) as answer:
            body = await answer.read()
            assert answer.status < 300, body
            return json.loads(body) if body else None

    async def call(self, method: str, **fields: Any) -> Any:
        """Call a method of the bot, as the gateway would."""
        async with self._session.post(f"{self.api}/bot{TOKEN}/{method}", json=fields) as answer:
            said = await answer.json()
            assert said["ok"], said
            return said["result"]

    async def person(self, number: int, name: str) -> None:
        """A customer who can be written to."""
        await self.control("POST", f"telegram/{BOT}/people", json={"id": number, "name": name})
        await self.deed(number, "messages", text="/start")

    async def deed(self, chat: int, what: str, **fields: Any) -> Any:
        """A customer does something."""
        return await self.control("POST", f"telegram/{BOT}/chats/{chat}/{what}", json=fields)

    async def chat(self, chat: int) -> list[dict[str, Any]]:
        """Everything on a customer's phone."""
        return (await self.control("GET", f"telegram/{BOT}/chats/{chat}/messages"))["data"]

    async def accepted(self, chat: int | None = None, method: str = "sendMessage") -> list[dict[str, Any]]:
        """What it accepted, in order."""
        query = {"method": method} | ({} if chat is None else {"chat": str(chat)})
        return (await self.control("GET", f"telegram/{BOT}/accepted", params=query))["data"]

    async def texts(self, chat: int | None = None) -> list[str]:
        """The texts that it accepted, in order."""
        return [call["params"]["text"] for call in await self.accepted(chat)]

    async def order(self, kind: str, **more: Any) -> int:
        """Have something go wrong."""
        return (await self.control("POST", "faults", json={"kind": kind, "account": BOT, **more}))["id"]

    async def hits(self, fault: int) -> int:
        """How often what was ordered has gone wrong."""
        found = (await self.control("GET", "faults"))["data"]
        return sum(one["hits"] for one in found if one["id"] == fault)

    async def lift(self, fault: int | None = None) -> None:
        """Let this go wrong no more, or nothing."""
        await self.control("DELETE", "faults" if fault is None else f"faults/{fault}")


def client() -> ClientSession:
    """A session for tests: as many connections as it takes, and no answer waited for longer than a test would."""
    return ClientSession(timeout=ClientTimeout(total=PATIENCE_S))
