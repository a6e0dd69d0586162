"""The control API: customers, what was accepted, what passed; and strangers kept out."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from simulator_kit import TOKEN, Simulator, running
from toys.pictures import png


async def test_customers(simulator: Simulator) -> None:
    ann = await simulator.post("/api/telegram/1234/people", name="Ann", last_name="Lee")
    bob = await simulator.post("/api/telegram/1234/people", first_name="", id=42)
    assert (ann["name"], ann["started"], bob["id"], bob["name"]) == ("Ann Lee", False, 42, "")
    people = (await simulator.get("/api/telegram/1234/people"))["data"]
    assert {person["id"] for person in people} == {ann["id"], 42}
    state = await simulator.get("/api/state")
    (bot,) = state["channels"][0]["accounts"]
    assert (bot["id"], len(bot["people"]), bot["webhook"]) == ("1234", 2, "")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/pigeon/1/people", {"name": "x"}, 404),
        ("/api/telegram/abc/people", {"name": "x"}, 404),
        ("/api/telegram/1234/people", {}, 422),
        ("/api/telegram/1234/people", {"name": "x", "id": -4}, 422),
        ("/api/telegram/1234/people", {"name": "x", "id": 7}, 409),
        ("/api/telegram/1234/chats/8/messages", {"text": "x"}, 404),
        ("/api/telegram/1234/chats/7/dance", {}, 404),
        ("/api/telegram/1234/chats/7/messages", {"text": ""}, 422),
        ("/api/telegram/1234/chats/7/messages", {"text": "x" * 4097}, 422),
        ("/api/telegram/1234/chats/7/messages", {"text": "x", "repeat": 0}, 422),
        ("/api/telegram/1234/chats/7/messages", {"photo": "x"}, 422),
        ("/api/telegram/1234/chats/7/messages", {"location": "x"}, 400),
        ("/api/telegram/1234/chats/7/messages", {"location": {}}, 422),
        ("/api/telegram/1234/chats/7/messages", {"contact": {}}, 422),
        ("/api/telegram/1234/chats/7/messages", {"text": "x", "reply_to": 99}, 404),
        ("/api/telegram/1234/chats/7/press", {"message_id": 1, "data": "x"}, 404),
        ("/api/telegram/1234/chats/7/edit", {"message_id": 2, "text": "x"}, 422),
        ("/api/telegram/1234/chats/7/edit", {"message_id": 1, "text": ""}, 422),
    ],
)
async def test_what_customers_cannot_do(simulator: Simulator, path: str, body: dict[str, object], status: int) -> None:
    await simulator.started("Ann", id=7)
    await simulator.call("sendMessage", chat_id=7, text="from the bot")
    heard, answer = await simulator.ask("POST", path, json=body)
    assert (heard, bool(answer["error"])) == (status, True), answer


async def test_a_customer_who_blocked_must_unblock_to_write(simulator: Simulator) -> None:
    chat = await simulator.started()
    assert (await simulator.post(f"/api/telegram/1234/chats/{chat}/block"))["update_id"]
    assert (await simulator.post(f"/api/telegram/1234/chats/{chat}/block"))["update_id"] is None
    status, _ = await simulator.ask("POST", f"/api/telegram/1234/chats/{chat}/messages", json={"text": "x"})
    assert status == 409


async def test_everything_in_a_chat(simulator: Simulator) -> None:
    chat = await simulator.started()
    await simulator.call("sendMessage", chat_id=chat, text="welcome")
    path = f"/api/telegram/1234/chats/{chat}/messages"
    seen = (await simulator.get(path))["data"]
    assert [(m["message_id"], m["direction"], m["text"]) for m in seen] == [(1, "in", "hello"), (2, "out", "welcome")]
    assert [m["message_id"] for m in (await simulator.get(f"{path}?after=1"))["data"]] == [2]
    assert [m["message_id"] for m in (await simulator.get(f"{path}?limit=1"))["data"]] == [2]
    assert (await simulator.ask("GET", f"{path}?limit=x"))[0] == 422


async def test_pictures_are_shown_and_harmless(simulator: Simulator) -> None:
    chat = await simulator.person()
    for name, data, kind, shown in (
        ("photo", png(), "image/png", "inline"),
        ("document", b"<script>", "text/html", "attachment"),
    ):
        form = aiohttp.FormData()
        form.add_field(name, data, filename="f", content_type=kind)
        await simulator.ask("POST", f"/api/telegram/1234/chats/{chat}/messages", data=form)
        message = (await simulator.get(f"/api/telegram/1234/chats/{chat}/messages"))["data"][-1]["message"]
        file = message["photo"][-1] if name == "photo" else message["document"]
        async with simulator.session.get(f"{simulator.url}/api/telegram/1234/files/{file['file_id']}") as answer:
            assert await answer.read() == data
            assert answer.headers["Content-Disposition"] == shown
            assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (await simulator.ask("GET", "/api/telegram/1234/files/none"))[0] == 404


async def test_secrets_are_not_shown(simulator: Simulator) -> None:
    secret = "hook-secret-value"
    await simulator.call("setWebhook", url="http://127.0.0.1:1/hook", secret_token=secret)
    await simulator.ask("GET", f"/telegram/bot{TOKEN}/getMe?token={TOKEN}")
    await simulator.started(f"{secret} {TOKEN}")
    await asyncio.sleep(0.1)
    text = json.dumps(await simulator.get("/api/traffic?after=0")) + json.dumps(await simulator.get("/api/state"))
    assert "getMe" in text
    assert TOKEN.partition(":")[2] not in json.dumps(await simulator.get("/api/traffic"))
    assert secret not in json.dumps(await simulator.get("/api/traffic"))


async def test_traffic_since(simulator: Simulator) -> None:
    await simulator.call("getMe")
    first = await simulator.get("/api/traffic")
    assert [(e["name"], e["status"], e["outcome"]) for e in first["data"]] == [("getMe", 200, "accepted")]
    assert (await simulator.get(f"/api/traffic?after={first['next']}"))["data"] == []
    assert (await simulator.ask("DELETE", "/api/traffic"))[0] == 204
    assert (await simulator.get("/api/traffic"))["data"] == []


async def test_the_live_stream_and_its_end(tmp_path: Path) -> None:
    heard: list[str] = []
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        async with running(tmp_path) as simulator:
            answer = await session.get(f"{simulator.url}/api/live")
            assert answer.content_type == "text/event-stream"
            await simulator.started()
            while "message" not in heard:
                line = await answer.content.readline()
                if line.startswith(b"data: "):
                    heard.append(json.loads(line[6:])["what"])
        await answer.read()  # ends with the simulator
    assert heard[0] == "hello"
    assert {"chat", "account"} <= set(heard)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {"Host": "evil.example"}, 403),
        ("GET", "/api/state", {"Host": "evil.example:80"}, 403),
        ("GET", "/api/state", {"Host": "localhost:80"}, 200),
        ("GET", "/api/state", {"Host": "[::1]:80"}, 200),
        ("POST", "/api/faults", {"Origin": "https://evil.example"}, 403),
        ("POST", "/api/faults", {"Origin": "null"}, 403),
        ("POST", "/api/faults", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("DELETE", "/api/faults", {"Origin": "http://localhost:9999"}, 403),
        ("GET", f"/telegram/bot{TOKEN}/getMe", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", f"/telegram/bot{TOKEN}/getMe", {"Origin": "https://evil.example"}, 403),
    ],
)
async def test_strangers(simulator: Simulator, method: str, path: str, headers: dict[str, str], status: int) -> None:
    assert (await simulator.ask(method, path, headers=headers))[0] == status


async def test_the_page_runs_nothing_from_elsewhere(simulator: Simulator) -> None:
    for path in ("/", "/static/style.css", "/static/main.js", "/static/locales/en.json", "/missing"):
        async with simulator.session.get(f"{simulator.url}{path}") as answer:
            assert answer.status == (404 if path == "/missing" else 200)
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            text = await answer.text()
            assert "//cdn" not in text
    async with simulator.session.get(simulator.url, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, "/simulator/")
