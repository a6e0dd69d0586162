"""A store that goes away, a journal that is killed, and entries for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.api import Request
from gateway.adapters.journal import FileJournal
from gateway.adapters.sqlite import SqliteStore
from gateway.config import Account
from gateway.intake import Intake
from gateway.journalling import Journalling
from gateway.ports import Unavailable
from gateway.ports.journal import Entry
from gateway.taking import Heard, Taking
from normalizer.event import Event
from toys.engine import Engine

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
WRITES = ("append", "bind", "keep", "keep_unmatched", "kept_one", "message_of", "matched", "unmatched", "ready")


class Moody:
    """A store that is ``up``, away, or writes and is away before it has said so (``half``), so often as it is told."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.up = True
        self.half = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if name not in WRITES:
            return real

        async def asked(*args: Any, **more: Any) -> Any:
            if not self.up:
                if name == "ready":
                    return "away"
                raise Unavailable("away")
            done = await real(*args, **more)
            if self.half and name in {"append", "bind", "keep"}:
                self.half -= 1
                raise Unavailable("away before it said so")
            return done

        return asked


def body(*events: Event) -> bytes:
    return json.dumps([json.loads(event.model_dump_json()) for event in events]).encode()


def heard(made: Engine, content: bytes, *accounts: Account, hook: str = "toy-one", **more: Any) -> Heard:
    url = f"https://chat.example.com/hooks/{hook}"
    request = Request("POST", url, {"Content-Type": "application/json"}, made.clock.now(), body=content)
    for name, value in more.items():
        object.__setattr__(request, name, value)
    return Heard(request, hook, accounts or (made.account,), made.clock.new_id("req"))


def journalling(made: Engine, store: Any, path: Path, **more: Any) -> Journalling:
    intake = Intake(store, made.http, made.clock)  # type: ignore[arg-type] # downloads nothing
    return Journalling(Taking(intake, store, made.clock), FileJournal(path, **more), made.accounts, store, made.clock)


async def kill(given: Journalling) -> None:
    """Stop as a killed process does: nothing is finished, only the lock and the files are let go."""
    journal: Any = given._journal
    await given._draining.stop()
    await journal._run(journal._close)
    journal._closed = True
    journal._thread.shutdown()


def entry(number: int, content: bytes = b"[]", **more: Any) -> Entry:
    given = {"id": f"req_{number}", "hook": "bot", "method": "POST", "path": "/hooks/bot", "query": {}, "headers": {},
             "body": content, "received_at": AT, "accounts": ("bot",)}  # fmt: skip
    return Entry(**(given | more))


def ids(entries: Sequence[Entry]) -> list[str]:
    return [one.id for one in entries]
