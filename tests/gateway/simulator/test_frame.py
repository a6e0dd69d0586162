"""What all channels share, seen through one that is not Telegram: configuration, faults by channel, lines, old folders."""

import sqlite3
from pathlib import Path

import pytest
from simulator_kit import Hook, Simulator, running, until

from gateway.simulator import lines
from gateway.simulator.store import Store

NUMBER = "/api/twilio/15550006789"


async def test_the_state_says_what_each_channel_can_do(simulator: Simulator) -> None:
    channels = {one["name"]: one for one in (await simulator.get("/api/state"))["channels"]}
    assert list(channels)[:2] == ["telegram", "twilio"]
    for channel in channels.values():
        assert {
            "title",
            "provider",
            "dress",
            "says",
            "deeds",
            "asks",
            "configures",
            "faults",
            "sends",
        } <= channel.keys()
    assert "migrate" in channels["telegram"]["faults"]
    assert {"undelivered", "receipt_hold", "error"} <= set(channels["twilio"]["faults"])


async def test_null_forgets_what_was_configured(simulator: Simulator) -> None:
    for given, expected in (({"webhook": "http://127.0.0.1:9/x"}, "http://127.0.0.1:9/x"), ({"webhook": None}, "")):
        status, shown = await simulator.ask("POST", NUMBER, json=given)
        assert (status, shown["webhook"]) == (200, expected)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (NUMBER, {"webhok": "http://127.0.0.1/"}, 422, "webhok"),
        (NUMBER, {"delivered_after": -1}, 422, "delivered_after"),
        ("/api/twilio/PN12", {}, 404, "number"),
        ("/api/fax/1", {}, 404, "no channel is called fax"),
        (f"{NUMBER}/people", {}, 422, "name"),
        (f"{NUMBER}/people", {"name": "Ann", "id": "a/b"}, 422, "id"),
        (f"{NUMBER}/chats/1/messages", {"text": "x"}, 404, "no customer"),
        ("/api/faults", {"kind": "undelivered"}, 422, "telegram knows"),
    ],
)
async def test_mistakes_are_told(
    simulator: Simulator, path: str, body: dict[str, str], status: int, words: str
) -> None:
    found, answer = await simulator.ask("POST", path, json=body)
    assert (found, words in answer["error"]) == (status, True), answer


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"text": " "}, "text"),
        ({"photo": "nothing"}, "photo"),
        ({"contact": {"first_name": "Ann"}}, "phone_number"),
        ({"album": [{"type": "photo", "media": "sample"}]}, "album"),
        ({"text": "x", "repeat": 0}, "repeat"),
        ({"text": "x", "reply_to": 1}, "reply_to"),
        ({"sticker": "👍"}, "sticker"),
    ],
)
async def test_what_cannot_be_said_is_told(simulator: Simulator, body: dict[str, object], words: str) -> None:
    chat = (await simulator.post(f"{NUMBER}/people", name="Ann"))["id"]
    status, answer = await simulator.ask("POST", f"{NUMBER}/chats/{chat}/messages", json=body)
    assert (status, words in answer["error"]) == (422, True), answer
    assert (await simulator.get(f"{NUMBER}/chats/{chat}/messages"))["data"] == []


async def test_an_album_is_a_line_for_each_file_and_keeps_together(simulator: Simulator) -> None:
    chat = (await simulator.post(f"{NUMBER}/people", name="Ann"))["id"]
    album = [{"type": "photo", "media": "sample", "caption": "one"}, {"type": "video", "media": "sample"}]
    made = await simulator.post(f"{NUMBER}/chats/{chat}/messages", album=album)
    said = (await simulator.get(f"{NUMBER}/chats/{chat}/messages"))["data"]
    assert [line["message_id"] for line in said] == [one["message_id"] for one in made["data"]]
    assert len({line["group"] for line in said}) == 1
    (picture, words), (film,) = (line["parts"] for line in said)
    assert (picture["as"], picture["width"] > 0, words["text"], film["as"], film["seconds"] > 0) == (
        "photo",
        True,
        "one",
        "video",
        True,
    )
    async with simulator.session.get(f"{simulator.url}{NUMBER}/files/{picture['file']}") as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")


async def test_telegrams_messages_have_the_common_shape_too(simulator: Simulator) -> None:
    chat = await simulator.started()
    keyboard = {
        "inline_keyboard": [[{"text": "Yes", "callback_data": "y"}, {"text": "Web", "url": "https://example.com"}]]
    }
    await simulator.call("sendMessage", chat_id=chat, text="<b>Sure</b>?", parse_mode="HTML", reply_markup=keyboard)
    await simulator.say(chat, text="this one", reply_to=2, quote="Sure")
    await simulator.say(chat, contact={"phone_number": "+33612345678", "first_name": "Bob"})
    _, asked, answered, card = (await simulator.get(f"/api/telegram/1234/chats/{chat}/messages"))["data"]
    text, buttons = asked["parts"]
    assert (text["text"], [mark["type"] for mark in text["entities"]]) == ("Sure?", ["bold"])
    assert buttons["rows"] == [[{"text": "Yes", "data": "y"}, {"text": "Web", "url": "https://example.com"}]]
    assert (answered["reply_to"]["message_id"], answered["reply_to"]["text"]) == (2, "Sure")
    assert card["parts"] == [{"kind": "contact", "name": "Bob", "phones": ["+33612345678"], "mails": [], "vcard": ""}]
    assert [lines.kind_of(line["parts"]) for line in (asked, card)] == ["text", "contact"]


def test_every_choice_of_a_line_is_found() -> None:
    parts = [
        lines.text("?"),
        lines.buttons([[{"text": "One", "data": "1"}, {"text": "Web", "url": "https://example.com"}]]),
        lines.quick_replies([{"text": "Two", "data": "2"}]),
        lines.menu("More", [{"title": "", "rows": [{"text": "Three", "data": "3", "about": ""}]}]),
        lines.cards([{"title": "Card", "about": "", "rows": [[{"text": "Four", "data": "4"}]]}]),
    ]
    assert [one["kind"] for one in lines.choices(parts)] == ["button", "quick_reply", "row", "button"]
    for data, words in (("1", "One"), ("2", "Two"), ("3", "Three"), ("4", "Four")):
        assert lines.find_choice(parts, data, "") == lines.find_choice(parts, None, words) != None  # noqa: E711 - a chain
    assert lines.find_choice(parts, None, "Web") is None


async def test_a_folder_of_before_webhooks_had_their_own_address_still_opens(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    old = sqlite3.connect(folder / "simulator.db")
    old.execute(
        "CREATE TABLE waiting (account TEXT, id INTEGER, chat TEXT NOT NULL, body BLOB NOT NULL, at REAL NOT NULL, "
        "PRIMARY KEY (account, id)) WITHOUT ROWID"
    )
    old.execute("INSERT INTO waiting VALUES ('telegram/1', 7, '42', '{}', 1.0)")
    old.commit()
    old.close()
    store = Store(folder)
    store.open()
    try:
        assert (store.waiting("telegram/1", 0), store.waiting_url("telegram/1", 7)) == ([(7, "42")], "")
    finally:
        store.close()


async def test_webhooks_wait_until_somebody_says_where_they_go(tmp_path: Path, hook: Hook) -> None:
    """Also over a restart."""
    async with running(tmp_path) as simulator:
        chat = await simulator.started()
        assert hook.updates == []
    async with running(tmp_path) as simulator:
        assert (await simulator.get("/api/state"))["channels"][0]["accounts"][0]["waiting"] == 1
        await simulator.call("setWebhook", url=hook.url)
        await until(lambda: hook.of("message"))
        assert hook.of("message")[0]["chat"]["id"] == chat
