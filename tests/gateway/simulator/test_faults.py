"""Each fault does what it says: whether the call was accepted, and what its caller gets to hear."""

import asyncio
from typing import Any

import aiohttp
import pytest
from simulator_kit import Simulator


async def send(simulator: Simulator, chat: int, text: str = "hi") -> tuple[int, Any]:
    return await simulator.call("sendMessage", chat_id=chat, text=text)


@pytest.mark.parametrize(
    ("order", "status", "accepted"),
    [
        ({"kind": "server_error"}, 500, 0),
        ({"kind": "server_error", "status": 503}, 503, 0),
        ({"kind": "proxy_error"}, 502, 0),
        ({"kind": "accept_then_proxy_error"}, 502, 1),
        ({"kind": "blocked"}, 403, 0),
        ({"kind": "revoked_token"}, 401, 0),
        ({"kind": "migrate", "to": -100}, 400, 0),
        ({"kind": "too_many_requests", "retry_after": 1}, 429, 0),
        ({"kind": "delay", "seconds": 0.05}, 200, 1),
    ],
)
async def test_what_the_caller_hears(simulator: Simulator, order: dict[str, Any], status: int, accepted: int) -> None:
    chat = await simulator.started()
    fault = await simulator.fault(**order, method="sendMessage", count=1)
    heard, body = await send(simulator, chat)
    assert heard == status
    assert ("<html>" in body) == order["kind"].endswith("proxy_error")
    assert (await simulator.accepted())["count"] == accepted
    (now,) = (await simulator.get("/api/faults"))["data"]
    assert (now["id"], now["hits"], now["done"]) == (fault["id"], 1, True)


@pytest.mark.parametrize(("kind", "accepted"), [("drop", 0), ("accept_then_drop", 1)])
async def test_dropped_connections(simulator: Simulator, kind: str, accepted: int) -> None:
    chat = await simulator.started()
    await simulator.fault(kind, count=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send(simulator, chat)
    assert (await simulator.accepted())["count"] == accepted
    assert (await send(simulator, chat))[0] == 200


async def test_waiting_is_enforced(simulator: Simulator) -> None:
    ann, bob = await simulator.started("Ann"), await simulator.started("Bob")
    await simulator.fault("too_many_requests", chat=ann, scope="chat", count=1, retry_after=1)
    assert (await send(simulator, ann))[1]["parameters"] == {"retry_after": 1}
    assert (await send(simulator, ann))[0] == 429
    assert (await send(simulator, bob))[0] == 200
    await asyncio.sleep(1.05)
    assert (await send(simulator, ann))[0] == 200
    await simulator.fault("too_many_requests", chat=ann, count=1, retry_after=9)
    assert [(await send(simulator, chat))[0] for chat in (ann, bob)] == [429, 429]
    assert (await simulator.ask("DELETE", "/api/faults"))[0] == 204
    assert (await send(simulator, ann))[0] == 200


@pytest.mark.parametrize("kind", ["server_error", "delay", "too_many_requests", "blocked", "revoked_token"])
async def test_a_fault_that_is_counted_is_not_spent_on_what_is_asked_meanwhile(simulator: Simulator, kind: str) -> None:
    chat = await simulator.started()
    fault = await simulator.fault(kind, count=1, seconds=0)
    assert (await simulator.call("getChat", chat_id=chat))[0] == 200
    assert (await simulator.call("sendChatAction", chat_id=chat, action="typing"))[0] == 200
    assert (await simulator.get("/api/faults"))["data"][0]["hits"] == 0
    await send(simulator, chat)
    assert (await simulator.get("/api/faults"))["data"] == [{**fault, "hits": 1, "done": True}]


async def test_a_fault_that_names_a_call_is_spent_on_it(simulator: Simulator) -> None:
    chat = await simulator.started()
    await simulator.fault("server_error", count=1, method="getChat")
    assert [(await simulator.call("getChat", chat_id=chat))[0] for _ in range(2)] == [500, 200]


async def test_a_fault_without_a_count_meets_every_call(simulator: Simulator) -> None:
    chat = await simulator.started()
    await simulator.fault("revoked_token")
    assert (await simulator.call("getChat", chat_id=chat))[0] == 401
    assert (await send(simulator, chat))[0] == 401


async def test_a_fault_meets_only_whom_it_names(simulator: Simulator) -> None:
    ann, bob = await simulator.started("Ann"), await simulator.started("Bob")
    fault = await simulator.fault("blocked", bot=1234, chat=ann, method="sendPhoto, sendM*")
    await simulator.fault("blocked", bot=9, method="send*")
    assert [(await send(simulator, chat))[0] for chat in (ann, bob)] == [403, 200]
    assert (await simulator.call("getMe"))[0] == 200
    assert (await simulator.ask("DELETE", f"/api/faults/{fault['id']}"))[0] == 204
    assert (await send(simulator, ann))[0] == 200
    assert (await simulator.ask("DELETE", f"/api/faults/{fault['id']}"))[0] == 404


async def test_published_rates(simulator: Simulator) -> None:
    chat = await simulator.started()
    await simulator.fault("rate_limits", burst=3, per_chat=0.01)
    answers = [(await send(simulator, chat))[0] for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert (await simulator.call("sendChatAction", chat_id=chat, action="typing"))[0] == 200


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "nonsense"},
        {"kind": "delay", "secnds": 1},
        {"kind": "delay", "count": 0},
        {"kind": "migrate"},
        {"kind": "delay", "channel": "pigeon"},
    ],
)
async def test_orders_that_make_no_sense(simulator: Simulator, order: dict[str, Any]) -> None:
    status, body = await simulator.ask("POST", "/api/faults", json=order)
    assert status == 422
    assert body["error"]


async def test_stopping_ends_a_delayed_call(simulator: Simulator) -> None:
    chat = await simulator.started()
    await simulator.fault("delay", seconds=600)
    task = asyncio.create_task(send(simulator, chat))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
