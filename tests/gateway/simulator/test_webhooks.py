"""Updates reach the webhook: once acknowledged never again, otherwise until they are, restarts included."""

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from simulator_kit import TOKEN, Hook, Simulator, running, until, until_told
from telegram import Bot, ReactionTypeEmoji, Update
from toys.pictures import png

SECRET = "s3cret_token-A"


async def connect(simulator: Simulator, hook: Hook, **more: Any) -> None:
    status, body = await simulator.call("setWebhook", url=hook.url, secret_token=SECRET, **more)
    assert (status, body["result"]) == (200, True)


async def nothing_waits(simulator: Simulator) -> bool:
    _, info = await simulator.call("getWebhookInfo")
    return bool(info["result"]["pending_update_count"] == 0)


async def test_every_update_is_readable(simulator: Simulator, bot: Bot, hook: Hook) -> None:
    kinds = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
    await connect(simulator, hook, allowed_updates=kinds)
    chat = await simulator.started("Zoë Ng", last_name="", username="zoe")
    place = f"/api/telegram/1234/chats/{chat}"
    button = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    _, sent = await simulator.call("sendMessage", chat_id=chat, text="Press", reply_markup=button)
    number = sent["result"]["message_id"]
    await simulator.post(f"{place}/press", message_id=number, data="go")
    await simulator.post(f"{place}/edit", message_id=1, text="hello /start https://a.example")
    await simulator.post(f"{place}/react", message_id=number, emoji="❤️")
    await simulator.say(chat, location={"latitude": 1.5, "longitude": 2.5}, reply_to=number)
    await simulator.say(chat, contact={"phone_number": "+33612345678", "user_id": chat})
    for field, name, kind in (
        ("photo", "p.png", "image/png"),
        ("document", "d.pdf", "application/pdf"),
        ("voice", "v.ogg", "audio/ogg"),
    ):
        form = aiohttp.FormData({"caption": "look"})
        form.add_field(field, BytesIO(png() if field == "photo" else b"some bytes"), filename=name, content_type=kind)
        status, _ = await simulator.ask("POST", f"{place}/messages", data=form)
        assert status == 201
    await simulator.post(f"{place}/block")
    await simulator.post(f"{place}/unblock")
    await until(lambda: len(hook.updates) == 11)
    read = [Update.de_json(dict(update), bot) for update in sorted(hook.updates, key=lambda u: u["update_id"])]
    assert all(update.effective_user and update.effective_user.full_name == "Zoë Ng" for update in read)
    assert read[1].callback_query is not None
    assert read[2].edited_message is not None
    assert read[2].edited_message.edit_date is not None
    assert [str(e.type) for e in read[2].edited_message.entities] == ["bot_command", "url"]
    assert read[3].message_reaction is not None
    assert read[3].message_reaction.new_reaction == (ReactionTypeEmoji("❤"),)
    assert read[4].message is not None
    assert read[4].message.reply_to_message is not None
    assert read[6].message is not None
    assert read[6].message.photo[-1].width == 640
    assert [u.my_chat_member.new_chat_member.status for u in read[-2:] if u.my_chat_member] == ["kicked", "member"]
    assert set(hook.secrets) == {SECRET}


async def test_reactions_come_only_when_asked_for(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    chat = await simulator.started()
    reacted = await simulator.post(f"/api/telegram/1234/chats/{chat}/react", message_id=1, emoji="👍")
    assert reacted["update_id"] is None
    await connect(simulator, hook, allowed_updates=["callback_query"])
    await connect(simulator, hook)  # the list is remembered
    _, info = await simulator.call("getWebhookInfo")
    assert info["result"]["allowed_updates"] == ["callback_query"]
    assert (await simulator.say(chat, text="unheard"))["update_id"] is None


async def test_repeats_until_acknowledged(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    hook.answers = [503, 500, 302, 401]
    await simulator.started()
    await until(lambda: len(hook.updates) == 5)
    await until_told(lambda: nothing_waits(simulator))
    _, info = await simulator.call("getWebhookInfo")
    assert info["result"]["last_error_message"] == "Wrong response from the webhook: 401 Unauthorized"
    assert len(set(hook.ids)) == 1
    passed = [e for e in (await simulator.get("/api/traffic"))["data"] if e["direction"] == "webhook"]
    assert [(e["attempt"], e["status"]) for e in passed] == [(1, 503), (2, 500), (3, 302), (4, 401), (5, 200)]


async def test_one_connection_keeps_the_order_of_a_chat(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook, max_connections=1)
    hook.answers = [503, 503]
    chat = await simulator.started()
    await simulator.say(chat, text="{n}", repeat=20)
    await until(lambda: len(hook.updates) == 23)
    acknowledged = hook.ids[2:]
    assert acknowledged == sorted(acknowledged)


async def test_many_connections_are_used_and_kept_to(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook, max_connections=3)
    hook.gate = asyncio.Event()
    chat = await simulator.person()
    await simulator.say(chat, text="{n}", repeat=6)
    await until(lambda: len(hook.updates) == 3)
    await asyncio.sleep(0.05)
    assert len(hook.updates) == 3
    hook.gate.set()
    await until(lambda: len(hook.updates) == 6)


async def test_the_acknowledgement_may_be_a_call(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    chat = await simulator.person(id=77)
    hook.reply = {"method": "sendMessage", "chat_id": 77, "text": "at once"}
    await simulator.say(chat, text="hello")

    async def answered() -> bool:
        return bool((await simulator.accepted())["count"] == 1)

    await until_told(answered)


async def test_duplicates(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    await simulator.fault("webhook_duplicate", times=3, count=1)
    chat = await simulator.started()
    await simulator.say(chat, text="once")
    await until(lambda: len(hook.updates) == 4)
    await asyncio.sleep(0.05)
    assert sorted(map(hook.ids.count, set(hook.ids))) == [1, 3]


async def test_disorder_is_the_same_for_the_same_seed(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    chat = await simulator.started()
    await until(lambda: len(hook.updates) == 1)
    orders = []
    await simulator.fault("webhook_reorder", hold=4, seed=3, count=4)
    await simulator.say(chat, text="{n}", repeat=4)
    await until(lambda: len(hook.updates) == 5)
    orders = hook.ids[1:]
    assert sorted(orders) != orders
    assert len(set(orders)) == 4


async def test_held_updates_go_in_the_end(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    await simulator.fault("webhook_reorder", hold=10, seconds=0.1)
    chat = await simulator.started()
    await simulator.say(chat, text="two")
    await until(lambda: len(hook.updates) == 2)


async def test_an_ignored_acknowledgement(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    await simulator.fault("webhook_ignore_ack", count=2)
    await simulator.started()
    await until(lambda: len(hook.updates) == 3)
    await until_told(lambda: nothing_waits(simulator))
    assert len(set(hook.ids)) == 1


async def test_a_late_webhook(simulator: Simulator, hook: Hook) -> None:
    await connect(simulator, hook)
    await simulator.fault("webhook_delay", method="message", seconds=0.4, count=1)
    chat = await simulator.started()
    await simulator.say(chat, text="overtakes")
    await until(lambda: len(hook.updates) == 2)
    assert hook.ids == sorted(hook.ids, reverse=True)


async def test_a_restart_forgets_nothing(tmp_path: Path, hook: Hook) -> None:
    async with running(tmp_path) as simulator:
        await connect(simulator, hook)
        hook.answers = [503] * 1000
        chat = await simulator.started()
        await simulator.say(chat, text="two")
        _, sent = await simulator.call("sendMessage", chat_id=chat, text="three")
        _, photo = await simulator.ask("POST", f"/telegram/bot{TOKEN}/sendPhoto", data=_form(chat))
        assert (sent["result"]["message_id"], photo["result"]["message_id"]) == (3, 4)
        fault = await simulator.fault("delay", seconds=0)
        refused = set(hook.ids)
    hook.answers.clear()
    hook.updates.clear()
    async with running(tmp_path) as simulator:
        await until(lambda: len(hook.updates) == 2)
        assert set(hook.ids) == refused
        assert set(hook.secrets) == {SECRET}
        await until_told(lambda: nothing_waits(simulator))
        again = await simulator.say(chat, text="later")
        assert again["message_id"] == 5
        assert again["update_id"] == max(refused) + 1
        _, second = await simulator.ask("POST", f"/telegram/bot{TOKEN}/sendPhoto", data=_form(chat))
        old = {size["file_id"] for size in photo["result"]["photo"]}
        assert old.isdisjoint(size["file_id"] for size in second["result"]["photo"])
        assert (await simulator.call("getFile", file_id=old.pop()))[0] == 200
        assert (await simulator.accepted())["count"] == 1
        assert [f["id"] for f in (await simulator.get("/api/faults"))["data"]] == [fault["id"]]


def _form(chat: int) -> aiohttp.FormData:
    form = aiohttp.FormData({"chat_id": str(chat), "photo": "attach://mine"})
    form.add_field("mine", png(), filename="p.png", content_type="image/png")
    return form


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"url": "http://bot.example/hook"}, "An HTTPS URL must be provided"),
        ({"url": "https://bot.example:9000/hook"}, "only on ports 80, 88, 443 or 8443"),
        ({"url": "https:///hook"}, "URL host is empty"),
        ({"url": "https://bot.example:x/hook"}, "URL is invalid"),
        ({"url": "https://bot.example/", "secret_token": "no spaces"}, "unallowed characters"),
        ({"url": "https://bot.example/", "secret_token": "s" * 257}, "too long"),
        ({"url": "https://bot.example/", "allowed_updates": "{"}, "can't parse allowed updates"),
    ],
)
async def test_webhooks_that_cannot_be_set(simulator: Simulator, params: dict[str, str], why: str) -> None:
    status, body = await simulator.call("setWebhook", **params)
    assert status == 400
    assert why in body["description"]


async def test_deleting_and_dropping(simulator: Simulator, hook: Hook) -> None:
    await simulator.started()
    assert not await nothing_waits(simulator)
    await connect(simulator, hook, drop_pending_updates=True, max_connections=1000)
    assert await nothing_waits(simulator)
    _, info = await simulator.call("getWebhookInfo")
    assert info["result"]["max_connections"] == 100
    await simulator.call("deleteWebhook")
    _, info = await simulator.call("getWebhookInfo")
    assert info["result"]["url"] == ""
    assert not hook.updates


async def test_a_second_poller_ends_the_first(simulator: Simulator) -> None:
    first = asyncio.create_task(simulator.call("getUpdates", timeout=10))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(simulator.call("getUpdates", timeout=10))
    status, body = await first
    assert (status, "terminated by other getUpdates" in body["description"]) == (409, True)
    await simulator.started()
    assert [update["message"]["text"] for update in (await second)[1]["result"]] == ["hello"]


async def test_a_waiting_poll_does_not_hold_the_end(tmp_path: Path) -> None:
    async with asyncio.timeout(30), running(tmp_path) as simulator:
        poll = asyncio.create_task(simulator.call("getUpdates", timeout=50))
        await asyncio.sleep(0.05)
    await asyncio.gather(poll, return_exceptions=True)
