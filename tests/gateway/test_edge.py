"""What a provider sees of us."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from toys.channel import ToySettings, account, toy
from toys.engine import Engine, engine

from connectors.api import Rejected, Reply
from gateway.config import Account
from gateway.edge import MAX_BODY, Edge
from gateway.ports import Kept, Unavailable
from gateway.taking import Taking

SECRET = {"x-toy": "toy-secret", "content-type": "application/json"}


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Engine]:
    accounts = {"toy-one": account(), "shop-a": account("shop-a", hook="shop", own="a", secret="s-a"),
                "shop-b": account("shop-b", hook="shop", own="b", secret="s-b")}  # fmt: skip
    async with engine(tmp_path / "p.db", accounts=accounts) as running:
        yield running


@pytest.fixture
async def client(made: Engine) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application(client_max_size=MAX_BODY)
    Edge(
        made.accounts, Taking(made.intake, made.store, made.clock), made.store, made.clock, "https://chat.example.com"
    ).mount(app)
    async with TestClient(TestServer(app)) as running:
        yield running


def body(made: Engine, number: int = 1, **fields: Any) -> bytes:
    event = made.event(number, **fields)
    return json.dumps([json.loads(event.model_dump_json())]).encode()


async def test_a_webhook_is_answered_as_the_channel_wants_once_it_is_durable(made: Engine, client: TestClient) -> None:
    answer = await client.post("/hooks/toy-one", data=body(made), headers=SECRET)
    assert (answer.status, await answer.text()) == (200, "taken")
    assert len(made.records) == 1
    again = await client.post("/hooks/toy-one", data=body(made), headers=SECRET)
    assert again.status == 200
    assert len(made.records) == 1


@pytest.mark.parametrize(
    ("path", "headers", "content", "status"),
    [
        ("/hooks/nobody", SECRET, b"[]", 404),
        ("/hooks/nobody", {}, b"x" * (MAX_BODY + 1), 404),
        ("/hooks/toy-one", {}, b"x" * (MAX_BODY + 1), 413),
        ("/hooks/toy-one", {}, b"[]", 401),
        ("/hooks/toy-one", {"x-toy": "wrong", "content-type": "text/plain"}, b"[]", 401),
        ("/hooks/toy-one", SECRET | {"content-type": "text/plain"}, b"[]", 415),
        ("/hooks/toy-one", SECRET | {"content-type": "application/json; charset=utf-8"}, b"[]", 200),
    ],
)
async def test_what_is_wrong_is_told_in_this_order(
    client: TestClient, path: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    answer = await client.post(path, data=io.BytesIO(content), headers=headers)
    assert answer.status == status


async def test_a_body_without_a_length_is_cut_off_too(client: TestClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * (1 << 20)
            await asyncio.sleep(0)

    answer = await client.post("/hooks/toy-one", data=chunks(), headers=SECRET)
    assert answer.status == 413


async def test_a_refusal_says_nothing_of_what_would_be_right(client: TestClient) -> None:
    answer = await client.post("/hooks/toy-one", data=b"[]", headers={"x-toy": "wrong"})
    assert await answer.text() == "Unauthorized"


async def only_kept(made: Engine) -> Kept:
    (entry,) = await made.store.kept(10)
    kept = await made.store.kept_one(entry.id)
    assert kept is not None
    return kept


async def test_a_malformed_body_with_the_right_secret_is_kept_without_it(made: Engine, client: TestClient) -> None:
    headers = SECRET | {"x-hub-signature": "s3cret", "user-agent": "provider/1"}
    answer = await client.post("/hooks/toy-one", data=b"{not json", headers=headers)
    assert answer.status == 200
    kept = await only_kept(made)
    assert (kept.hook, kept.body, kept.method, kept.path) == ("toy-one", b"{not json", "POST", "/hooks/toy-one")
    assert kept.why.startswith("malformed for toy")
    assert kept.headers["user-agent"] == "provider/1"
    assert "s3cret" not in str(kept.headers)


async def test_what_another_connector_of_the_hook_takes_is_not_kept_as_unrouted(tmp_path: Path) -> None:
    first = account("one", hook="both", own="a")
    second = Account("two", replace(toy, name="toy-two"), ToySettings(name="two", connector="t", hook="both", own="b"))
    async with engine(tmp_path / "p.db", accounts={"one": first, "two": second}) as made:
        app = web.Application()
        Edge(made.accounts, Taking(made.intake, made.store, made.clock), made.store, made.clock, None).mount(app)
        async with TestClient(TestServer(app)) as client:
            for to in ("a", "b", "nobody"):
                sent = body(made, ord(to[0]), to=to)
                assert (await client.post("/hooks/both", data=sent, headers=SECRET)).status == 200
        assert sorted(record.account or "" for record in made.records) == ["one", "two"]
        assert [kept.why for kept in await made.store.kept(10)] == ["unrouted: no account here is nobody"]


async def test_a_shared_hook_gives_each_event_to_the_account_it_is_for(made: Engine, client: TestClient) -> None:
    for own in "ab":
        headers = SECRET | {"x-toy": f"s-{own}"}
        answer = await client.post("/hooks/shop", data=body(made, to=own), headers=headers)
        assert answer.status == 200
    assert [record.account for record in made.records] == ["shop-a", "shop-b"]


async def test_an_event_for_none_of_ours_is_kept_as_unrouted(made: Engine, client: TestClient) -> None:
    answer = await client.post("/hooks/shop", data=body(made, to="b"), headers=SECRET | {"x-toy": "s-a"})
    assert answer.status == 200
    assert made.records == []
    (kept,) = await made.store.kept(10)
    assert kept.why == "unrouted: no account here is b"


async def test_nothing_durable_is_503_and_nothing_is_lost(made: Engine, client: TestClient, monkeypatch) -> None:
    async def append(*_: object) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(made.store, "append", append)
        answer = await client.post("/hooks/toy-one", data=body(made), headers=SECRET)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert "disk" not in await answer.text()
    answer = await client.post("/hooks/toy-one", data=body(made), headers=SECRET)
    assert answer.status == 200
    assert len(made.records) == 1


async def test_verification_that_breaks_fails_closed(made: Engine, client: TestClient) -> None:
    def verify(*_: object) -> None:
        raise ValueError("a bug")

    object.__setattr__(made.accounts["toy-one"], "connector", _with(verify=verify))
    answer = await client.post("/hooks/toy-one", data=body(made), headers=SECRET)
    assert answer.status == 401
    assert made.records == []


async def test_a_get_is_the_providers_challenge(made: Engine, client: TestClient) -> None:
    assert (await client.get("/hooks/nobody")).status == 404
    assert (await client.get("/hooks/toy-one")).status == 405

    def challenge(request, _settings) -> Reply:
        if request.query.get("verify") != "right":
            raise Rejected
        return Reply(body=request.query["challenge"])

    object.__setattr__(made.accounts["toy-one"], "connector", _with(challenge=challenge))
    assert (await client.get("/hooks/toy-one?verify=wrong&challenge=1")).status == 403
    answer = await client.get("/hooks/toy-one?verify=right&challenge=42")
    assert (answer.status, await answer.text()) == (200, "42")


async def test_health_and_readiness(made: Engine, client: TestClient, monkeypatch) -> None:
    assert (await client.get("/healthz")).status == 200
    assert (await client.get("/readyz")).status == 200

    async def ready() -> str:
        return "the disk is full"

    monkeypatch.setattr(made.store, "ready", ready)
    answer = await client.get("/readyz")
    assert (answer.status, (await answer.json())["detail"]) == (503, "the disk is full")
    assert (await client.get("/healthz")).status == 200


def _with(**powers: Any):
    return replace(toy, **powers)


async def test_a_small_body_that_unfolds_into_a_huge_one_is_not_read(made: Engine, client: TestClient) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    headers = SECRET | {"Content-Encoding": "gzip"}
    answer = await client.post("/hooks/toy-one", data=io.BytesIO(bomb), headers=headers)
    assert answer.status in (400, 413)
    assert made.records == []


async def test_what_our_own_mistake_breaks_is_kept_and_not_repeated_for_ever(made: Engine, client: TestClient) -> None:
    def parse(*_: object) -> None:
        raise ZeroDivisionError

    object.__setattr__(made.accounts["toy-one"], "connector", _with(parse=parse))
    answer = await client.post("/hooks/toy-one", data=b'["poison"]', headers=SECRET)
    assert answer.status == 200
    kept = await only_kept(made)
    assert (kept.why, kept.body) == ("our mistake: ZeroDivisionError", b'["poison"]')


async def test_hooks_are_answered_before_the_router_and_the_rest_by_it(made: Engine) -> None:
    edge = Edge(made.accounts, Taking(made.intake, made.store, made.clock), made.store, made.clock, None)
    app = web.Application(client_max_size=MAX_BODY)
    edge.mount(app)
    async with TestServer(app) as server:
        server.handler.request_handler = edge.directly(server.handler.request_handler)
        async with TestClient(server) as client:
            assert (await client.post("/hooks/toy-one", data=body(made), headers=SECRET)).status == 200
            expecting = SECRET | {"Expect": "100-continue"}
            assert (await client.post("/hooks/toy-one", data=body(made, 2), headers=expecting)).status == 200
            for path in ("/hooks/nobody", "/hooks/", "/hooks/toy-one/more", "/elsewhere"):
                assert (await client.post(path, data=b"[]", headers=SECRET)).status == 404, path
            assert (await client.get("/hooks/toy-one")).status == 405
            assert (await client.get("/healthz")).status == 200
    assert len(made.records) == 2


async def test_a_provider_that_hangs_up_in_the_middle_is_no_mistake_of_ours(
    made: Engine, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", client.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in SECRET.items())
    writer.write(f"POST /hooks/toy-one HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n{head}\r\n[".encode())
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    await asyncio.sleep(0.2)
    assert (await client.post("/hooks/toy-one", data=body(made), headers=SECRET)).status == 200
    assert [line.getMessage() for line in caplog.records if line.name.startswith("aiohttp")] == []
