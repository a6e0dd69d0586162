"""A server that stands in for a provider, and the street on which a gateway stands between it and the agents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientSession, web
from journeys.api import Api, Said
from journeys.books import Books, kept, whole
from journeys.programs import Gateway, eventually, until

from agent_api.auth import digest
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock
from gateway.ports import Agent, Session

PUBLIC = "https://chat.example.com"
"""How providers call the gateway, as far as it knows."""
COOKIE = "a-session-of-the-agent-Eve"


@dataclass
class Heard:
    """A call that the stand-in got."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


@dataclass
class Told:
    """What the stand-in answers, once it may (``when``); ``drop`` closes the connection instead.

    ``mime`` is for bytes, else it is JSON.
    """

    said: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    mime: str = ""
    drop: bool = False
    when: asyncio.Event | None = None


Usual = Callable[[Heard], Told]


class Standin:
    """Keeps every call, and answers as it was told for a path, else as ``usual`` does."""

    def __init__(self, usual: Usual) -> None:
        self.usual, self.url = usual, ""
        self.calls: list[Heard] = []
        self._orders: list[tuple[Callable[[Heard], Any], Told]] = []

    def order(self, where: Callable[[Heard], Any], *told: Told) -> None:
        """Have the next calls of a kind answered so, one after the other."""
        self._orders += [(where, one) for one in told]

    def sent(self, where: Callable[[Heard], Any]) -> list[Heard]:
        """The calls of a kind, in order."""
        return [call for call in self.calls if where(call)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any call of anything."""
        heard = Heard(request.method, request.path, dict(request.query), request.headers, await request.read())
        self.calls.append(heard)
        found = next((one for one in self._orders if one[0](heard)), None)
        if found is not None:
            self._orders.remove(found)
        told = found[1] if found else self.usual(heard)
        if told.when is not None:
            await told.when.wait()
        if told.drop and request.transport is not None:
            request.transport.abort()
        body = told.said if told.mime else json.dumps(told.said).encode()
        return web.Response(
            body=body, status=told.status, headers={"Content-Type": told.mime or "application/json", **told.headers}
        )


@asynccontextmanager
async def standing(usual: Usual) -> AsyncIterator[Standin]:
    """A stand-in on a free port."""
    found = Standin(usual)
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", found.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield found
    finally:
        await runner.cleanup()


@dataclass
class Street:
    """Everybody who takes part."""

    standin: Standin
    gateway: Gateway
    api: Api
    session: ClientSession

    async def post(self, hook: str, body: bytes, headers: Mapping[str, str], status: int = 200) -> Said:
        """The provider calls our hook, ``hook`` with its query."""
        address = f"{self.gateway.url}/hooks/{hook}"
        async with self.session.post(address, data=body, headers=headers) as answer:
            said = Said(answer.status, dict(answer.headers), await answer.read())
        assert said.status == status, said
        return said

    async def conversation(self, identity: str) -> str:
        """The conversation of an identity, once there is one."""

        async def found() -> str | None:
            page = await self.api.get("/v1/conversations?limit=200")
            return next((one["id"] for one in page["data"] if identity in one["person"]["identities"]), None)

        return await eventually(found, f"a conversation with {identity}")

    async def line(self, identity: str, provider_id: str) -> dict[str, Any]:
        """What somebody said, by the provider's name of it."""
        conversation = await self.conversation(identity)
        return await self.api.line_where(conversation, lambda line: provider_id in line["provider_ids"])

    async def says(self, identity: str, provider_id: str, fits: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The same line, once it fits."""
        conversation = await self.conversation(identity)
        return await self.api.line_where(conversation, lambda line: provider_id in line["provider_ids"] and fits(line))

    async def account(self, name: str, state: str) -> dict[str, Any]:
        """An account, once it is in a state."""

        async def found() -> dict[str, Any] | None:
            shown = await self.api.get(f"/v1/accounts/{name}")
            return shown if shown["state"] == state else None

        return await eventually(found, f"{name} is {state}")

    async def heard(self, where: Callable[[Heard], Any], what: str) -> Heard:
        """The newest call of a kind, once there is one."""
        return (await until(lambda: self.standin.sent(where), what))[-1]

    async def file(self, link: str) -> bytes:
        """What the provider gets by a link that it was given."""
        assert link.startswith(f"{PUBLIC}/media/"), link
        async with self.session.get(
            self.gateway.url + urlsplit(link)._replace(scheme="", netloc="").geturl()
        ) as answer:
            assert answer.status == 200
            return await answer.read()

    def kept(self) -> list[str]:
        """Why requests were kept for the operator."""
        file = kept(self.gateway.db)
        try:
            return [why for (why,) in file.execute("SELECT why FROM kept ORDER BY id")]
        finally:
            file.close()


@asynccontextmanager
async def street(
    session: ClientSession, gateway: Gateway, standin: Standin, secrets: Sequence[str]
) -> AsyncIterator[Street]:
    """A gateway that runs, and whose books are looked through in the end: for what adds up, and for ``secrets``."""
    await gateway.add_key()
    await _sign_in(gateway)
    await gateway.up()
    api = Api(session, gateway)
    api.heard = []
    yield Street(standin, gateway, api, session)
    Books(await api.settled()).without_gaps()
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)
    written = {str(file): file.read_bytes() for file in gateway.data.rglob("*") if file.is_file()}
    assert any(name.endswith(".db") for name in written)
    said = {**written, "the log": gateway.log.read_bytes(), "the API's answers": b"".join(api.heard)}
    for where, text in said.items():
        for secret in secrets:
            assert secret.encode() not in text, where


async def _sign_in(gateway: Gateway) -> None:
    """An agent, and a session that is open already."""
    clock = SystemClock()
    store = SqliteStore(gateway.db, clock)
    await store.start()
    try:
        eve = Agent(clock.new_id("agt"), "eve@example.com", "Eve", "agent", "no password is this")
        assert await store.add_agent(eve)
        await store.add_session(Session(digest(COOKIE), eve.id, clock.now() + timedelta(days=1)))
    finally:
        await store.stop()


def as_agent(street: Street) -> Api:
    """The API as Eve has it, who is a person."""
    found = Api(street.session, street.gateway)
    found.headers, found.heard = {"Cookie": f"__Host-passerelle_session={COOKIE}", "Origin": PUBLIC}, street.api.heard
    return found
