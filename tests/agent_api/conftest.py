"""The agent API on real parts: an SQLite file, the in-process broker, the relay, and a client that checks answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from jsonschema import Draft202012Validator

from agent_api import app as agent_api
from agent_api.auth import digest
from agent_api.openapi import document
from agent_api.passwords import hashed
from connectors import api as connectors_api
from connectors.api import Call
from connectors.telegram import Settings, connector
from gateway.adapters.memory import MemoryBroker
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock
from gateway.amending import Amending
from gateway.config import Account
from gateway.following import Follower
from gateway.media import Media
from gateway.ports import Agent, Download, KeptFile, Key, NeverSent, Session
from gateway.replies import Replies
from gateway.states import States
from gateway.templates import Templates
from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import MessageReceived, ReachChanged
from normalizer.model import Failure, Part, Text
from normalizer.record import By, Record
from normalizer.sending import Settled, settled

PASSWORD = "correct horse battery staple"
HASHED = hashed(PASSWORD)
MAX_UPLOAD = 64 * 1024


class MovableClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


class Nobody:
    """A network that nobody answers on."""

    async def perform(self, _call: Call) -> connectors_api.Answer:
        raise NeverSent

    def download(self, _call: Call, **_: bool) -> AbstractAsyncContextManager[Download]:
        raise NeverSent


class Provider(Nobody):
    """A provider that answers what a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Call] = []
        self.answers: list[connectors_api.Answer | Exception] = []
        self.to: dict[str, list[connectors_api.Answer]] = {}

    async def perform(self, call: Call) -> connectors_api.Answer:
        self.asked.append(call)
        for piece, answers in self.to.items():  # what is meant for some calls only
            if piece in call.url:
                return answers.pop(0)
        answer = self.answers.pop(0) if self.answers else connectors_api.Answer(200, {}, b'{"ok":true,"result":true}')
        if isinstance(answer, Exception):
            raise answer
        return answer


class Files(Media):
    """The real one, with a say for the test in what a wait brings."""

    arrive: Callable[[str], Awaitable[None]] | None = None

    async def wait(self, media_id: str, _seconds: float) -> KeptFile | None:
        if self.arrive is not None:
            await self.arrive(media_id)
        return await super().wait(media_id, 0)


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any
    cookies: Mapping[str, Any]

    @property
    def pointers(self) -> list[str]:
        return [one["pointer"] for one in self.json["errors"]]

    @property
    def code(self) -> str:
        return self.json["code"]


@dataclass
class House:
    """One gateway with its agent API, and shortcuts for what customers and providers do."""

    folder: Path
    public_url: str | None = None
    answer_within: timedelta = timedelta(hours=1)
    host: str = "127.0.0.1"
    exits: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self) -> House:
        self.clock = MovableClock()
        self.store = SqliteStore(self.folder / "test.db", self.clock, timedelta(days=30))
        await self.store.start()
        self.exits.push_async_callback(self.store.stop)
        self.broker = MemoryBroker()
        self.follower = Follower(self.store, self.broker, self.clock)
        await self.follower.start()
        self.exits.push_async_callback(self.follower.stop)
        self.accounts = {
            name: Account(
                name, connector, Settings(name=name, connector="telegram", brand=brand, token="1:a", secret="b")
            )
            for name, brand in (("support", "main"), ("second", "main"), ("shop", "shop"))
        }
        self.media = Files(
            self.store, Nobody(), self.accounts, self.clock, folder=self.folder / "media", max_bytes=MAX_UPLOAD,
            public_url=self.public_url,
        )  # fmt: skip
        await self.media.start()
        self.exits.push_async_callback(self.media.stop)
        self.http_out = Provider()
        self.states = States(self.accounts, self.http_out, self.clock)
        self.replies = Replies(self.store, self.clock, self.accounts)
        inside = agent_api.Inside(
            store=self.store,
            broker=self.broker,
            replies=self.replies,
            amending=Amending(self.store, self.http_out, self.clock, self.accounts),
            states=self.states,
            media=self.media,
            clock=self.clock,
            accounts=self.accounts,
            answer_within=self.answer_within,
            public_url=self.public_url,
            listening=lambda: (self.host, self.server.port or 0),
            templates=Templates(self.http_out, self.clock),
        )
        self.app = web.Application()
        agent_api.mount(self.app, inside)
        self.server = TestServer(self.app, host=self.host)
        await self.server.start_server()
        self.exits.push_async_callback(self.server.close)
        self.http = await self.exits.enter_async_context(ClientSession(cookie_jar=CookieJar(unsafe=True)))
        return self

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.server.port}"

    def adopt(self) -> None:
        """Give accounts that a test has added a state, a window and a channel."""
        self.states.__init__(self.accounts, self.http_out, self.clock)  # type: ignore[misc] # as the process begins
        self.replies.__init__(self.store, self.clock, self.accounts)  # type: ignore[misc]

    # Who calls.

    async def key(self, name: str = "bot", scope: str = "agent", brands: Sequence[str] | None = None) -> Caller:
        secret = f"key-{name}"
        made = Key(
            self.clock.new_id("key"), name, digest(secret), scope, tuple(brands) if brands is not None else None,
            self.clock.now(),
        )  # fmt: skip
        assert await self.store.add_key(made)
        return Caller(self, made.id, {"Authorization": f"Bearer {secret}"}, name)

    async def agent(self, name: str = "Bea", role: str = "agent", brands: Sequence[str] | None = None) -> Agent:
        made = Agent(
            self.clock.new_id("agt"), f"{name.lower()}@example.com", name, role, HASHED,
            tuple(brands) if brands is not None else None,
        )  # fmt: skip
        assert await self.store.add_agent(made)
        return made

    async def browser(self, agent: Agent) -> Caller:
        secret = self.clock.secret()
        await self.store.add_session(Session(digest(secret), agent.id, self.clock.now() + timedelta(hours=1)))
        return Caller(self, agent.id, {"Cookie": f"passerelle_session={secret}", "Origin": self.origin}, agent.name)

    def nobody(self) -> Caller:
        return Caller(self, "", {}, "")

    # What customers and providers do.

    async def wrote(
        self, who: str = "42", *parts: Part, account: str = "support", name: str = "Ann Lee", at: datetime | None = None
    ) -> Record:
        place = await self.place(who, account)
        now = at or self.clock.now()
        number = self.clock.new_id("x")
        event = MessageReceived(
            id=f"message:{number}",
            identity=f"telegram:{who}",
            name=name,
            sent_at=now,
            parts=parts or (Text(text="hi"),),
            provider_ids=(f"{who}:{number}",),
        )
        kept = told.keep_files(event.parts, [self.clock.new_id("med") for _ in event.parts])
        stamp = Stamp(self.clock.new_id("rec"), By("person", place.person, name), now, self.accounts[account].brand)
        message_id = self.clock.new_id("msg")
        channel = Channel(account, self.accounts[account].channel)
        appended = await self.store.append(
            place.conversation, lambda _: told.received(event, place, channel, stamp, message_id, kept, None)
        )
        assert appended.record is not None
        return appended.record

    async def reached(self, change: Any, who: str = "42", account: str = "support") -> None:
        place = await self.place(who, account)
        event = ReachChanged(
            id=f"reach:{self.clock.new_id('x')}", identity=f"telegram:{who}", change=change, at=self.clock.now()
        )
        stamp = Stamp(self.clock.new_id("rec"), By("person", place.person), self.clock.now(), "main")
        await self.store.append(
            place.conversation, lambda _: told.reach_changed(event, place, Channel(account, "telegram"), stamp)
        )

    async def place(self, who: str, account: str) -> Place:
        proposal = Place(self.clock.new_id("per"), self.clock.new_id("cnv"))
        return await self.store.bind(self.accounts[account].brand, f"telegram:{who}", proposal)

    async def ended(self, message_id: str, how: Any, ids: Sequence[str] = (), part: int = 0) -> None:
        """Delivery's word on a message."""
        message = await self.store.message(message_id)
        assert message is not None
        stamp = Stamp(self.clock.new_id("rec"), By("system", "delivery"), self.clock.now(), "main")
        failure = Failure(reason="provider_down", part=part) if how in {"failed", "uncertain"} else None
        end = Settled(how, stamp.id, tuple(ids), failure)
        await self.store.append(message.conversation, lambda view: settled(view, message_id, end, stamp))


DOCUMENT = document(agent_api.ROUTES, "0")


@dataclass
class Caller:
    """Somebody who calls, and whose answers are held against the OpenAPI document."""

    house: House
    id: str
    headers: dict[str, str]
    name: str

    async def __call__(
        self, method: str, path: str, json: Any = None, *, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"json": json} if json is not None else {"data": body}
        async with self.house.http.request(
            method,
            f"{self.house.origin}{path}",
            headers={**self.headers, **(headers or {})},
            allow_redirects=False,
            **sent,
        ) as answer:
            content = await answer.read()
            is_json = answer.content_type.endswith("json") and content
            found = Answer(
                answer.status, answer.headers, content, await answer.json(content_type=None) if is_json else None,
                dict(answer.cookies),
            )  # fmt: skip
        conforms(method, path.partition("?")[0], found)
        return found

    async def get(self, path: str, **more: Any) -> Answer:
        return await self("GET", path, **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> Answer:
        return await self("POST", path, json, **more)

    async def reply(self, conversation: str, text: str = "hello", **more: Any) -> Any:
        answer = await self.post(
            f"/v1/conversations/{conversation}/messages", {"parts": [{"kind": "text", "text": text}], **more}
        )
        assert answer.status == 202, answer
        return answer.json

    def live(self, after: str | None = None, **more: Any) -> Any:
        query = f"?after={after}" if after else ""
        return self.house.http.ws_connect(f"{self.house.origin}/v1/live{query}", headers=self.headers, **more)


def conforms(method: str, path: str, answer: Answer) -> None:
    """Whether the OpenAPI document foresaw this answer."""
    if answer.status >= 400:
        assert answer.headers["Content-Type"].startswith("application/problem+json"), answer
        assert {"type", "title", "status", "detail", "code", "request_id"} <= set(answer.json)
        assert answer.json["status"] == answer.status
        assert answer.headers["X-Request-Id"] == answer.json["request_id"]
        assert (answer.status == 422) == ("errors" in answer.json)
    operation = _operation(method, path)
    if operation is None:
        return
    told_ = operation["responses"].get(str(answer.status), operation["responses"]["default"])
    content = told_.get("content", {})
    if answer.status < 400:
        assert str(answer.status) in operation["responses"]
        assert all(name in answer.headers for name in told_.get("headers", {}))
    else:
        assert answer.status in {421, 405, 500, 503} or str(answer.status) in operation["responses"], answer
    schema = content.get(answer.headers.get("Content-Type", "").partition(";")[0], {}).get("schema")
    if schema is not None:
        Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer.json)


def _operation(method: str, path: str) -> Any:
    asked = path.split("/")
    for known, operations in DOCUMENT["paths"].items():
        pieces = known.split("/")
        if len(pieces) == len(asked) and all(a == b or a.startswith("{") for a, b in zip(pieces, asked, strict=True)):
            return operations.get(method.lower())
    return None


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    async with made.exits:
        yield await made.open()


@pytest.fixture
async def bot(house: House) -> Caller:
    return await house.key()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., House]:
    """Another house, with other settings; enter its ``exits``."""

    def made(**settings: Any) -> House:
        return House(tmp_path, **settings)

    return made


@pytest.fixture
def password() -> str:
    return PASSWORD


@pytest.fixture
def utc() -> Callable[[timedelta], str]:
    """A time from now, as RFC 3339."""
    return lambda ahead: (datetime.now(UTC) + ahead).isoformat(timespec="milliseconds").replace("+00:00", "Z")
