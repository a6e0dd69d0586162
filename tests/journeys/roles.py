"""Processes with one role each, on one database and one broker."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession
from journeys.programs import KEY, SECRET, TOKEN, Program, until

from agent_api.auth import digest
from gateway.adapters.mongo import MongoStore
from gateway.adapters.system import SystemClock
from gateway.ports import Key

TAKEOVER_S = 5


class Role(Program):
    """``passerelle serve --only``; ``held`` are the leases that it says it has."""

    def __init__(self, folder: Path, name: str, config: Path, *only: str) -> None:
        roles = ["--only", ",".join(only)] if only else []
        super().__init__(folder, name, ["gateway.main", "serve", "--config", str(config), *roles])

    def lines(self) -> list[dict[str, Any]]:
        """What it has said since it was last started."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    @property
    def held(self) -> set[str]:
        if self.process is None or self.process.poll() is not None:
            return set()
        found: set[str] = set()
        for line in self.lines():
            if line["event"] == "leases taken":
                found.update(line["names"])
            elif line["event"] == "leases let go":
                found.difference_update(line["names"])
        return found


def written(folder: Path, store: str, broker: str, accounts: Mapping[str, str], **more: Any) -> Path:
    """A configuration that all roles share; ``accounts`` are bots of Telegram by their ``api``."""
    bot = {"connector": "telegram", "token": TOKEN, "secret": SECRET}
    content = {
        "http": {"port": 0},
        "store": store,
        "broker": broker,
        "takeover": f"{TAKEOVER_S}s",
        "accounts": {
            name: {**bot, "api": api, "pace": {"per_second": 10_000, "per_chat": 10_000}}
            for name, api in accounts.items()
        },
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "passerelle.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


async def add_key(store_url: str) -> None:
    """What ``passerelle key create`` does."""
    clock = SystemClock()
    store = MongoStore(store_url, clock)
    await store.start()
    try:
        assert await store.add_key(Key(clock.new_id("key"), "journeys", digest(KEY), "agent", None, clock.now()))
    finally:
        await store.stop()


async def holder(roles: list[Role], name: str, but: Role | None = None) -> Role:
    """Who holds a lease, once somebody else than ``but`` does."""

    def found() -> Role | None:
        return next((one for one in roles if one is not but and name in one.held), None)

    one: Role = await until(found, f"somebody holds {name}")
    return one


async def ready(session: ClientSession, role: Role) -> tuple[int, dict[str, Any]]:
    """What a role says of itself."""
    async with session.get(f"{role.url}/readyz") as answer:
        return answer.status, await answer.json()


async def waiting(session: ClientSession, edge: Role) -> float:
    """How many webhooks are in an edge's journal, by its figures."""
    async with session.get(f"{edge.url}/metrics") as answer:
        said = await answer.text()
    found = re.search(r"^passerelle_journal_waiting_webhooks (\S+)$", said, re.MULTILINE)
    assert found is not None
    return float(found[1])
