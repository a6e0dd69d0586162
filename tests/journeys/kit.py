"""Who takes part: a provider that repeats itself, agents by the API; and the books that must balance in the end."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import ClientSession
from journeys.programs import KEY, PATIENCE_S, SECRET, Gateway

from gateway import frames

LOST = (aiohttp.ClientError, OSError, TimeoutError)
"""What a client raises when the server is not there any more, or not yet."""
FINAL = {"sent", "failed", "uncertain"}


class Provider:
    """Tells what customers write. Whatever is not answered 200 it tells again, as providers do.

    ``told`` are the messages answered 200, as the store must know them; ``answers`` counts every answer by status.
    """

    def __init__(self, session: ClientSession, gateway: Gateway, hook: str = "bot") -> None:
        self._session, self._gateway, self._hook = session, gateway, hook
        self.told: dict[str, str] = {}
        self.answers: Counter[int | str] = Counter()

    def update(self, chat: int, number: int, text: str) -> dict[str, Any]:
        """An update as Telegram writes it. Numbers start where the simulator's own never get to."""
        who = {"id": chat, "first_name": f"Customer {chat}", "is_bot": False}
        said = {"message_id": 1_000_000 + number, "date": int(time.time()), "text": text}
        return {
            "update_id": chat * 1_000_000 + number,
            "message": {**said, "from": who, "chat": {**who, "type": "private"}},
        }

    async def post(self, update: dict[str, Any]) -> tuple[int, dict[str, str]]:
        """One try: the status and the headers."""
        url = f"{self._gateway.url}/hooks/{self._hook}"
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with self._session.post(url, json=update, headers=headers) as answer:
            await answer.read()
            self.answers[answer.status] += 1
            return answer.status, dict(answer.headers)

    async def write(self, chat: int, number: int, text: str) -> None:
        """A customer writes; returns once that has been answered 200."""
        update = self.update(chat, number, text)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            await self._gateway.there.wait()
            try:
                status, _ = await self.post(update)
            except LOST:
                self.answers["none"] += 1
            else:
                if status == 200:
                    self.told[f"{chat}:{1_000_000 + number}"] = text
                    return
            await asyncio.sleep(0.02)
        raise AssertionError(f"never answered 200: {text}")


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


@dataclass
class Books:
    """The feed, added up."""

    feed: list[dict[str, Any]]
    received: Counter[str] = field(default_factory=Counter)
    queued: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    failure: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.feed:
            data = one["data"]
            match one["kind"]:
                case "message.received":
                    self.received.update(data["message"]["provider_ids"])
                case "message.queued":
                    self.queued[data["message"]["id"]] = data["message"]
                    self.status[data["message"]["id"]] = "queued"
                case "message.sent" | "message.failed" | "message.uncertain" | "message.deferred":
                    self.status[data["message"]] = data["status"]
                    self.failure[data["message"]] = data["failure"]

    def without_gaps(self) -> None:
        """The feed is dense from its first record on, and so is every stream."""
        assert [frames.place(one["cursor"]) for one in self.feed] == list(range(1, len(self.feed) + 1))
        streams = defaultdict(list)
        for one in self.feed:
            streams[one["stream"]].append(one["seq"])
        for stream, numbers in streams.items():
            assert numbers == list(range(1, len(numbers) + 1)), stream
        assert len({one["id"] for one in self.feed}) == len(self.feed)

    def received_once(self, told: dict[str, str]) -> None:
        """Exactly what a provider has told, each once."""
        assert dict.fromkeys(told, 1) == dict(self.received)

    def balanced(self, sent: list[str]) -> Counter[str]:
        """No reply went out twice, and each says truly what became of it. Counts how they ended.

        ``sent`` is what the provider accepted; every reply has one text part, unlike any other's.
        """
        went = Counter(sent)
        assert not [text for text, times in went.items() if times > 1], "sent twice"
        texts = {one: message["parts"][0]["text"] for one, message in self.queued.items()}
        assert set(went) <= set(texts.values()), "sent though nobody queued it"
        ends: Counter[str] = Counter()
        for message, text in texts.items():
            status, failure = self.status[message], self.failure[message]
            assert status in FINAL, (text, status)
            if status != "sent":
                assert failure is not None
                assert failure["reason"], text
            if status != "uncertain":
                assert went[text] == (status == "sent"), (text, status)
            ends[status if status != "uncertain" else f"uncertain, {'' if went[text] else 'not '}accepted"] += 1
        return ends


def kept(db: Path) -> sqlite3.Connection:
    """The store's file, to be read beside a server or after it."""
    return sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=30)


def whole(db: Path) -> list[tuple[Any, ...]]:
    """The store's file is sound, and what is in it adds up; gives its records."""
    with closing(kept(db)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        records = file.execute("SELECT feed, stream, seq, key, kind FROM records ORDER BY feed").fetchall()
        assert [one[0] for one in records] == list(range(1, len(records) + 1))
        gaps = "SELECT stream FROM records GROUP BY stream HAVING max(seq) <> count(*) OR min(seq) <> 1"
        assert file.execute(gaps).fetchall() == []
        assert file.execute("SELECT key FROM records GROUP BY key HAVING count(*) > 1").fetchall() == []
        again = """
            SELECT later.id FROM attempts AS later JOIN attempts AS earlier
            ON earlier.message = later.message AND earlier.step = later.step AND earlier.number < later.number
            WHERE NOT earlier.never_sent AND (earlier.status IS NULL OR earlier.status = 200)
        """
        assert file.execute(again).fetchall() == [], "tried again though it may have been accepted"
        assert file.execute("SELECT count(*) FROM unsettled").fetchone() == (0,)
        assert file.execute("SELECT feed FROM folded").fetchone() == (len(records),)
    return records


def attempts(db: Path) -> dict[str, list[tuple[int, int | None]]]:
    """By text of its first part, the number and the status of each try of a message."""
    found: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    with closing(kept(db)) as file:
        rows = file.execute(
            """
            SELECT json_extract(records.data, '$.message.parts[0].text'), attempts.number, attempts.status
            FROM attempts JOIN records ON records.kind = 'message.queued'
            AND json_extract(records.data, '$.message.id') = attempts.message ORDER BY step, number
            """
        )
        for text, number, status in rows:
            found[text].append((number, status))
    return found
