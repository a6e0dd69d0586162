"""Two customers and an agent, by the API against the simulated provider: everything that a day at the shop brings."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, FormData
from journeys.api import Api
from journeys.books import Books, whole
from journeys.programs import BOT, PRIVATE, SECRET, TOKEN, Gateway, Simulator, eventually

from gateway.simulator.pictures import blank

ANN, BOB = 1001, 1002
PICTURE, OURS = blank(40, 30), blank(64, 48)


@dataclass
class Shop:
    """Everybody who takes part; ``ann`` and ``bob`` are their conversations."""

    simulator: Simulator
    gateway: Gateway
    api: Api
    session: ClientSession
    ann: str = ""
    bob: str = ""

    async def says(self, chat: int, text: str) -> dict[str, Any]:
        """A customer writes; the line that comes of it."""
        await self.simulator.deed(chat, "messages", text=text)
        conversation = self.ann if chat == ANN else self.bob
        return await self.api.line_where(conversation, lambda line: text_of(line) == text)

    async def reaches(self, message: str, status: str = "sent") -> dict[str, Any]:
        return await self.api.becomes(message, status)

    async def hears_of(self, kind: str) -> None:
        """Returns once there is a record of this kind."""

        async def told() -> bool:
            return kind in {one["kind"] for one in await self.api.feed()}

        await eventually(told, kind)

    async def accepted(self, text: str) -> list[float]:
        """When the provider accepted a text, each time."""
        calls = [call for call in await self.simulator.accepted() if call["params"]["text"] == text]
        return [datetime.fromisoformat(call["at"]).timestamp() for call in calls]


def kind_of(line: dict[str, Any]) -> str:
    return line["parts"][0]["kind"] if line["parts"] else ""


def text_of(line: dict[str, Any]) -> str:
    return line["parts"][0].get("text", "") if line["parts"] else ""


@pytest.fixture
async def shop(session: ClientSession, simulator: Simulator, gateways: Callable[..., Gateway]) -> AsyncIterator[Shop]:
    gateway = gateways({"bot": simulator.api})
    await gateway.add_key()
    await gateway.up()
    api = Api(session, gateway)
    api.heard = []
    await simulator.call("setWebhook", url=f"{gateway.url}/hooks/bot", secret_token=SECRET)
    await simulator.person(ANN, "Ann Lee")
    await simulator.person(BOB, "Bob Roy")

    async def both() -> dict[str, str] | None:
        found = await api.conversations()
        return found if len(found) == 2 else None

    found = await eventually(both, "both have written")
    shop = Shop(simulator, gateway, api, session, found[f"telegram:{ANN}"], found[f"telegram:{BOB}"])
    yield shop
    books = Books(await api.settled())
    books.without_gaps()
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)
    nothing_secret_is_kept(gateway, api.heard)


def nothing_secret_is_kept(gateway: Gateway, heard: list[bytes]) -> None:
    """Neither the token nor the secret is in anything that was written, logged or answered."""
    written = {str(file): file.read_bytes() for file in gateway.data.rglob("*") if file.is_file()}
    assert any(name.endswith(".db") for name in written)
    assert heard
    said = {"the log": gateway.log.read_bytes(), "the API's answers": b"".join(heard)}
    for where, text in {**written, **said}.items():
        for private in (TOKEN, PRIVATE, SECRET, quote(TOKEN, safe="")):
            assert private.encode() not in text, where


async def test_a_day_at_the_shop(shop: Shop) -> None:
    await refused(shop)
    await said_and_shown(shop)
    await waiting(shop)


async def said_and_shown(shop: Shop) -> None:
    """Texts, pictures both ways, buttons, an edit."""
    simulator, api = shop.simulator, shop.api
    line = await shop.says(ANN, "Hello, is my parcel there?")
    assert (line["author"]["name"], line["identity"], line["channel"]) == ("Ann Lee", f"telegram:{ANN}", "telegram")
    await shop.says(BOB, "Hi!")

    # A picture comes in, is fetched and given out, as what it is.
    form = FormData({"caption": "broken"})
    form.add_field("photo", io.BytesIO(PICTURE), filename="x.png", content_type="image/png")
    await simulator.control("POST", f"telegram/{BOT}/chats/{ANN}/messages", data=form)
    line = await api.line_where(shop.ann, lambda line: kind_of(line) == "media")
    part = line["parts"][0]
    assert (part["media_type"], part["caption"], part["media"][:4]) == ("image", "broken", "med_")
    given = await api.ask("GET", f"/v1/media/{part['media']}")
    assert (given.status, given.body) == (200, PICTURE)
    wanted = {
        "Content-Type": "image/png",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    assert {name: given.headers[name] for name in wanted} == wanted
    assert given.headers["Content-Disposition"].startswith("inline")

    # Buttons go out, and a press comes back as the choice of one.
    asked = {
        "kind": "choices",
        "text": "Which one?",
        "choices": [{"id": "red", "label": "The red one"}, {"id": "blue", "label": "The blue one"}],
    }
    question = await api.replied(shop.ann, asked)
    await shop.reaches(question)
    shown = (await simulator.chat(ANN))[-1]
    assert [row[0]["text"] for row in shown["message"]["reply_markup"]["inline_keyboard"]] == [
        "The red one", "The blue one",
    ]  # fmt: skip
    await simulator.deed(ANN, "press", message_id=shown["message_id"], text="The blue one")
    line = await api.line_where(shop.ann, lambda line: kind_of(line) == "choice")
    assert line["parts"] == [{"kind": "choice", "id": "blue", "label": "The blue one", "of": question}]
    assert line["direction"] == "in"
    await eventually(lambda: simulator.accepted(ANN, "answerCallbackQuery"), "the phone's clock stops")

    # What was said is changed.
    line = await shop.says(BOB, "I am in Pariz")
    number = int(line["provider_ids"][0].split(":")[1])
    await simulator.deed(BOB, "edit", message_id=number, text="I am in Paris")
    changed = await api.line_where(shop.bob, lambda line: text_of(line) == "I am in Paris")
    assert changed["id"] == line["id"]
    assert changed["edited_at"] is not None

    # The agent's picture arrives as it is, in answer to what was said.
    file = FormData()
    file.add_field("file", io.BytesIO(OURS), filename="label.png", content_type="image/png")
    kept = await api.ask("POST", "/v1/attachments", data=file)
    assert (kept.status, kept.json["media_type"], kept.json["mime"]) == (201, "image", "image/png")
    picture = {"kind": "media", "media_type": "image", "media": kept.json["media"], "caption": "the label"}
    sent = await shop.reaches(await api.replied(shop.bob, picture, reply_to=line["id"]))
    shown = (await simulator.chat(BOB))[-1]
    assert sent["provider_ids"] == [f"{BOB}:{shown['message_id']}"]
    assert (shown["text"], shown["message"]["reply_to_message"]["message_id"]) == ("the label", number)
    largest = shown["message"]["photo"][-1]["file_id"]
    async with shop.session.get(f"{simulator.url}api/telegram/{BOT}/files/{largest}") as answer:
        assert await answer.read() == OURS
    people = {one["name"] for one in (await api.get("/v1/people"))["data"]}
    assert people == {"Ann Lee", "Bob Roy"}


async def refused(shop: Shop) -> None:
    """A block that we know of and one that we do not, and answers that say nothing."""
    simulator, api = shop.simulator, shop.api
    await simulator.deed(ANN, "block")
    await shop.hears_of("identity.blocked")
    said = await api.reply(shop.ann, "are you there?")
    assert (said.status, said.json["code"]) == (422, "unreachable")
    await simulator.deed(ANN, "unblock")
    await shop.hears_of("identity.unblocked")
    await shop.reaches(await api.replied(shop.ann, "welcome back"))

    # Only the provider knows; and once it takes messages again, what failed goes again.
    await simulator.order("blocked", count=1, chat=ANN)
    failed = await shop.reaches(await api.replied(shop.ann, "first try"), "failed")
    assert (failed["failure"]["reason"], failed["failure"]["provider_code"]) == ("unreachable", "403")
    resent = await api.ask("POST", f"/v1/messages/{failed['id']}/resend")
    assert (resent.status, resent.json["resend_of"]) == (202, failed["id"])
    await shop.reaches(resent.json["id"])
    assert len(await shop.accepted("first try")) == 1

    # Accepted, and then a page of a proxy: nobody knows, until an agent says.
    await simulator.order("accept_then_proxy_error", count=2, method="sendMessage")
    one, two = await api.replied(shop.ann, "perhaps"), await api.replied(shop.bob, "maybe")
    for message in (one, two):
        assert (await shop.reaches(message, "uncertain"))["failure"]["reason"] == "unknown"
    behind = await api.replied(shop.ann, "not held up")
    await shop.reaches(behind)
    settled = await api.ask("POST", f"/v1/messages/{one}/settle", json={"status": "sent"})
    assert (settled.status, settled.json["status"], settled.json["failure"]) == (200, "sent", None)
    again = await api.ask("POST", f"/v1/messages/{one}/settle", json={"status": "failed"})
    assert (again.status, again.json["code"]) == (409, "not_uncertain")
    resent = await api.ask("POST", f"/v1/messages/{two}/resend")
    await shop.reaches(resent.json["id"])
    assert (len(await shop.accepted("perhaps")), len(await shop.accepted("maybe"))) == (1, 2)  # twice, as asked for


async def waiting(shop: Shop) -> None:
    """A 429 holds its own conversation, for as long as it says; a provider that is down holds what it gets later."""
    simulator, api = shop.simulator, shop.api
    await simulator.order("too_many_requests", count=1, chat=ANN, scope="chat", retry_after=2)
    began = time.time()
    slow, after = await api.replied(shop.ann, "slow"), await api.replied(shop.ann, "after it")
    quick = await api.replied(shop.bob, "quick")
    await shop.reaches(quick)
    assert (await api.message(slow))["status"] == "queued"
    await shop.reaches(after)
    (slow_at,), (after_at,), (quick_at,) = [await shop.accepted(one) for one in ("slow", "after it", "quick")]
    assert quick_at < began + 2 <= slow_at <= after_at
    calls = (await simulator.control("GET", "traffic", params={"account": BOT}))["data"]
    assert len([call for call in calls if call["status"] == 429]) == 1, "asked again before its time"

    # The provider is gone for a while. Customers' words wait there, and ours here.
    await simulator.stop()
    down = await api.replied(shop.ann, "while you were away")
    await asyncio.sleep(3)
    assert (await api.message(down))["status"] == "queued"
    async with shop.session.get(f"{shop.gateway.url}/readyz") as answer:
        assert answer.status == 200  # hooks can be accepted, whatever a provider does
    await simulator.again()
    await shop.reaches(down)
    assert len(await shop.accepted("while you were away")) == 1
    await shop.says(BOB, "and you?")


def test_the_log_is_where_secrets_are_looked_for(tmp_path: Path) -> None:
    """The search itself: what is put there is found."""
    gateway = Gateway(tmp_path, {"bot": "http://127.0.0.1:9"})
    gateway.data.mkdir()
    (gateway.data / "x.db").write_text("nothing")
    gateway.log.write_text(f"calling /bot{TOKEN}/getMe")

    with pytest.raises(AssertionError, match="the log"):
        nothing_secret_is_kept(gateway, [b"x"])
