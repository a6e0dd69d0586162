"""A number of WhatsApp at the simulator: what customers and agents do reaches the other side, whatever goes wrong."""

from __future__ import annotations

import asyncio
import io
import itertools
import socket
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from journeys.api import Api
from journeys.phones import Phones, Shop
from journeys.programs import Gateway, Simulator, eventually

NUMBER, WABA = "106540352242922", "1065"
_numbers = itertools.count(33_600_001_000)
APP, WORD, TOKEN = "app-secret-of-the-shop", "word-of-the-hook", "EAAtokenOfTheShop"
SMS, SID, SECRET = "15550006789", "AC00000000000000000000000000000001", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
"""The shop's number for SMS, which is Twilio's."""


@pytest.fixture
async def shop(simulator: Simulator, session: ClientSession, gateways: Callable[..., Gateway]) -> Shop:
    account = {
        "connector": "whatsapp",
        "phone_number_id": NUMBER,
        "waba_id": WABA,
        "token": TOKEN,
        "app_secret": APP,
        "verify_token": WORD,
        "api": f"{simulator.url}whatsapp/v26.0",
    }
    sms = {
        "connector": "twilio",
        "sender": f"+{SMS}",
        "account_sid": SID,
        "auth_token": SECRET,
        "api": f"{simulator.url}twilio",
    }
    port = free_port()  # Twilio signs the address that it calls, and calls it for word of our messages
    here = f"http://127.0.0.1:{port}"
    gateway = gateways({"wa": account, "sms": sms}, http={"port": port, "public_url": here})
    await Phones(simulator, "twilio", SMS).configure(
        webhook=f"{here}/hooks/sms", secret=SECRET, account_sid=SID, delivered_after=0
    )
    await gateway.add_key()
    await gateway.up()
    phones = Phones(simulator, "whatsapp", NUMBER)
    await phones.configure(
        webhook=f"{gateway.url}/hooks/wa", secret=APP, token=TOKEN, waba_id=WABA, verify_token=WORD, delivered_after=0
    )
    return Shop(phones, Api(session, gateway), gateway, simulator)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ann(shop: Shop, text: str = "Hello?") -> tuple[str, str]:
    """A new customer who has written: their chat and their conversation."""
    number = next(_numbers)
    chat = await shop.phones.person("Ann Lee", id=str(number))
    await shop.phones.does(chat, text=text)
    return chat, await shop.conversation(f"tel:+{number}")


async def test_a_conversation(shop: Shop) -> None:
    await both_sides_talk(shop)
    await a_customer_sends_everything_the_app_can(shop)
    await what_a_customer_changes_is_changed(shop)
    await buttons_and_lists_are_pressed(shop)
    await files_arrive(shop)
    await a_file_whose_address_ended_is_asked_for_again(shop)
    await orders_and_forms_arrive(shop)
    await our_voice_is_played(shop)
    await a_hidden_number_and_a_changed_one(shop)
    await two_channels_of_one_person(shop)


async def test_what_goes_wrong(shop: Shop, session: ClientSession) -> None:
    await outside_the_window_templates_go(shop)
    await who_blocked_us_is_not_reached(shop)
    await who_stopped_offers_gets_answers(shop)
    await a_throttled_number_waits_and_sends_once(shop)
    await receipts_in_disorder_end_at_the_highest(shop)
    for fault in ("accept_then_drop", "accept_then_proxy_error"):
        await doubt_ends_with_the_word_of_a_receipt(shop, fault)
    await templates_are_listed_and_a_hook_is_registered(shop, session)


async def both_sides_talk(shop: Shop) -> None:
    chat, talk = await ann(shop)
    theirs = (await shop.api.lines(talk))[0]
    assert (theirs["author"]["name"], theirs["parts"]) == ("Ann Lee", [{"kind": "text", "text": "Hello?"}])
    reply = await shop.api.replied(talk, "*Bonjour*, Ann", reply_to=theirs["id"])
    seen = await shop.phones.shown(chat, "Bonjour")
    assert seen["reply_to"]["text"] == "Hello?"
    await shop.api.becomes(reply, "delivered")
    await shop.phones.does(chat, "open")
    await shop.api.becomes(reply, "read")
    assert (await shop.phones.shown(chat, "Bonjour"))["status"] == "read"


async def a_customer_sends_everything_the_app_can(shop: Shop) -> None:
    chat, talk = await ann(shop)
    for what in ({"photo": "sample", "caption": "look"}, {"voice": "sample"}, {"document": "sample"},
                 {"location": {"latitude": 48.85, "longitude": 2.35, "title": "Louvre"}},
                 {"contact": {"phone_number": "+33600000043", "first_name": "Bob"}}):  # fmt: skip
        await shop.phones.does(chat, **what)
    await shop.api.line_where(talk, lambda line: line["parts"] and line["parts"][0]["kind"] == "contact")
    kinds = {line["parts"][0].get("media_type", line["parts"][0]["kind"]) for line in await shop.api.lines(talk)}
    assert kinds == {"text", "image", "voice", "file", "location", "contact"}
    picture = await shop.api.line_where(talk, lambda line: line["parts"][0].get("media_type") == "image")
    said = await shop.api.ask("GET", f"/v1/media/{picture['parts'][0]['media']}")
    assert (said.status, said.headers["Content-Type"].partition("/")[0]) == (200, "image")


async def what_a_customer_changes_is_changed(shop: Shop) -> None:
    chat, talk = await ann(shop, "one")
    await shop.phones.does(chat, text="two")
    first, second = (line["message_id"] for line in await shop.phones.sees(chat))
    await shop.phones.does(chat, "edit", message_id=first, text="won")
    await shop.api.line_where(talk, lambda line: line["parts"] == [{"kind": "text", "text": "won"}])
    await shop.phones.does(chat, "delete", message_id=second)
    await shop.api.line_where(talk, lambda line: line["deleted_at"])
    await shop.api.replied(talk, "thanks")
    ours = await shop.phones.shown(chat, "thanks")
    await shop.phones.does(chat, "react", message_id=ours["message_id"], emoji="👍")
    await shop.api.line_where(talk, lambda line: line["reactions"])


async def buttons_and_lists_are_pressed(shop: Shop) -> None:
    chat, talk = await ann(shop)
    asked = [{"id": f"c{one}", "label": f"Choice {one}"} for one in range(1, 6)]
    for count, kind in ((2, "buttons"), (5, "list")):
        question = f"Which of {count}?"
        sent = await shop.api.replied(talk, {"kind": "choices", "text": question, "choices": asked[:count]})
        seen = await shop.phones.shown(chat, question)
        await shop.api.becomes(sent, "sent", "delivered")
        assert seen["parts"][-1]["kind"] == kind
        await shop.phones.does(chat, "press", message_id=seen["message_id"], data=f"c{count}")
        picked = {"kind": "choice", "id": f"c{count}", "label": f"Choice {count}", "of": sent}
        await shop.api.line_where(talk, lambda line, picked=picked: line["parts"] == [picked])


async def files_arrive(shop: Shop) -> None:
    chat, talk = await ann(shop)
    page = await shop.api.ask("GET", f"/v1/media/{await received(shop, chat, talk)}")
    made = await shop.api.ask("POST", "/v1/attachments", data={"file": io.BytesIO(page.body)})
    assert made.status == 201
    await shop.api.replied(
        talk, {"kind": "media", "media_type": "image", "media": made.json["media"], "caption": "ours"}
    )
    seen = await shop.phones.shown(chat, "ours")
    assert (seen["parts"][0]["as"], seen["parts"][0]["bytes"]) == ("photo", len(page.body))


async def a_file_whose_address_ended_is_asked_for_again(shop: Shop) -> None:
    """The address that the gateway was told ends before it comes: WhatsApp has no such file, and the next one is good."""
    chat, talk = await ann(shop)
    await shop.phones.configure(media_lasts=1)
    await shop.phones.goes_wrong("delay", method="file", seconds=2, count=1)
    media = await received(shop, chat, talk)

    async def here() -> bool:
        return (await shop.api.ask("GET", f"/v1/media/{media}")).status == 200

    await eventually(here, "the picture is here")
    await shop.phones.configure(media_lasts=None)
    passed = (await shop.simulator.control("GET", "traffic", params={"account": NUMBER}))["data"]
    assert 404 in [one["status"] for one in passed if one["name"] == "file"], "the first address had ended"


async def orders_and_forms_arrive(shop: Shop) -> None:
    """And who came by an advertisement can be answered two days later; what is said in a group starts nothing."""
    chat, talk = await ann(shop)
    await shop.phones.does(chat, "group", text="not for you")
    await shop.phones.does(chat, "order", text="By Friday, please")
    await shop.phones.does(chat, "fill", name="Ann", seats=2)
    await shop.phones.does(chat, "arrive", text="I saw your advertisement")
    line = await shop.api.line_where(talk, lambda line: line["parts"][0].get("text") == "I saw your advertisement")
    assert line["referral"]["source"] == "ad"
    words = [part["text"] for line in await shop.api.lines(talk) for part in line["parts"] if "text" in part]
    assert any("2 x BEANS-1KG (18.5 EUR)" in one for one in words)
    assert any("seats: 2" in one for one in words)
    assert "not for you" not in words
    await shop.phones.does(chat, "silence", hours=48)
    await shop.api.becomes(await shop.api.replied(talk, "still here"), "delivered")


async def our_voice_is_played(shop: Shop) -> None:
    """A voice goes both ways; that it was listened to counts as read."""
    chat, talk = await ann(shop)
    await shop.phones.does(chat, voice="sample")
    line = await shop.api.line_where(talk, lambda line: line["parts"][0].get("media_type") == "voice")
    media = line["parts"][0]["media"]

    async def here() -> bool:
        return (await shop.api.ask("GET", f"/v1/media/{media}")).status == 200

    await eventually(here, "the voice is here")
    sent = await shop.api.replied(talk, {"kind": "media", "media_type": "voice", "media": media})
    await shop.api.becomes(sent, "delivered")
    ours = [one for one in await shop.phones.sees(chat) if one["direction"] == "out"]
    await shop.phones.does(chat, "listen", message_id=ours[0]["message_id"])
    await shop.api.becomes(sent, "read")


async def two_channels_of_one_person(shop: Shop) -> None:
    """SMS and WhatsApp with one telephone number are one conversation, answered where they last wrote."""
    sms = Phones(shop.simulator, "twilio", SMS)
    for first in ("wa", "sms"):
        number = next(_numbers)
        there = {"wa": (shop.phones, str(number)), "sms": (sms, str(number))}
        for phones, chat in there.values():
            assert await phones.person("Ann Lee", id=chat) == chat
        order = ["wa", "sms", "wa"] if first == "wa" else ["sms", "wa", "sms"]
        talks = set()
        for turn, account in enumerate(order):
            phones, chat = there[account]
            words = f"turn {turn} by {account}"
            await asyncio.sleep(1.1)  # WhatsApp tells whole seconds: what is later by less is not known to be later
            await phones.does(chat, text=words)
            talk = await shop.conversation(f"tel:+{number}")
            talks.add(talk)
            theirs = await shop.api.line_where(talk, lambda line, words=words: line["parts"][0].get("text") == words)
            assert theirs["account"] == account
            sent = await shop.api.replied(talk, f"answer to {words}")
            assert (await shop.api.becomes(sent, "delivered"))["account"] == account
            await phones.shown(chat, f"answer to {words}")
        assert len(talks) == 1
        assert len(await shop.api.lines(talks.pop())) == 6


async def received(shop: Shop, chat: str, talk: str) -> str:
    """The id of a picture that came from the customer."""
    await shop.phones.does(chat, photo="sample")
    line = await shop.api.line_where(talk, lambda line: line["parts"][0].get("media_type") == "image")
    return str(line["parts"][0]["media"])


async def outside_the_window_templates_go(shop: Shop) -> None:
    chat, talk = await ann(shop)
    await shop.phones.does(chat, "silence", hours=25)  # the provider's clock, not ours: its word is taken
    late = await shop.api.replied(talk, "too late")
    assert (await shop.api.becomes(late, "failed"))["failure"]["reason"] == "window_closed"
    blanks = {"1": "Ann", "2": "4711"}
    template = {"kind": "template", "name": "order_update", "language": "en", "parameters": blanks}
    sent = await shop.api.replied(talk, template)
    await shop.phones.shown(chat, "Hello Ann, your order 4711 has left us")
    await shop.api.becomes(sent, "delivered")
    wrong = await shop.api.replied(talk, {**template, "parameters": {"1": "Ann"}})
    failure = (await shop.api.becomes(wrong, "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("content_rejected", "132000")


async def who_blocked_us_is_not_reached(shop: Shop) -> None:
    chat, talk = await ann(shop)
    await shop.phones.does(chat, "block")
    sent = await shop.api.replied(talk, "are you there?")
    failure = (await shop.api.becomes(sent, "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("unreachable", "131026")


async def who_stopped_offers_gets_answers(shop: Shop) -> None:
    chat, talk = await ann(shop)
    offer = {"kind": "template", "name": "autumn_offer", "language": "en", "parameters": {"1": "Ann"}}
    await shop.api.becomes(await shop.api.replied(talk, offer), "delivered")
    await shop.phones.does(chat, "marketing", value="stop")
    failure = (await shop.api.becomes(await shop.api.replied(talk, offer), "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("opted_out", "131050")
    await shop.api.becomes(await shop.api.replied(talk, "but your answer is here"), "delivered")


async def a_throttled_number_waits_and_sends_once(shop: Shop) -> None:
    chat, talk = await ann(shop)
    await shop.phones.goes_wrong("too_many_requests", count=1, retry_after=1)
    sent = [await shop.api.replied(talk, f"part {number}") for number in range(3)]
    for one in sent:
        await shop.api.becomes(one, "sent", "delivered", "read")
    texts = [line["text"] for line in await shop.phones.sees(chat) if line["direction"] == "out"]
    assert texts == ["part 0", "part 1", "part 2"]


async def receipts_in_disorder_end_at_the_highest(shop: Shop) -> None:
    chat, talk = await ann(shop)
    await shop.phones.goes_wrong("webhook_reorder", method="status*", count=3, hold=3, seconds=1, seed=3)
    await shop.phones.configure(read_after=0)
    sent = await shop.api.replied(talk, "in any order")
    await shop.api.becomes(sent, "read")
    await shop.phones.configure(read_after=None)
    assert (await shop.phones.shown(chat, "in any order"))["status"] == "read"


async def doubt_ends_with_the_word_of_a_receipt(shop: Shop, fault: str) -> None:
    chat, talk = await ann(shop)
    await shop.phones.goes_wrong(fault, method="messages", count=1)
    sent = await shop.api.replied(talk, "did it go?")
    await shop.api.becomes(sent, "sent", "delivered", "read")
    assert len([line for line in await shop.phones.sees(chat) if line["direction"] == "out"]) == 1


async def a_hidden_number_and_a_changed_one(shop: Shop) -> None:
    hidden = await shop.phones.person("Bob", id="33600000050", hidden="yes")
    await shop.phones.does(hidden, text="who am I?")
    talk = await shop.conversation("whatsapp:FR.33600000050")
    await shop.api.replied(talk, "Bob")
    await shop.phones.shown(hidden, "Bob")
    chat, first = await ann(shop)
    await shop.phones.does(chat, "renumber", id=str(next(_numbers)))
    await shop.phones.does(chat, text="still me")
    await shop.api.line_where(first, lambda line: line["parts"] == [{"kind": "text", "text": "still me"}])


async def templates_are_listed_and_a_hook_is_registered(shop: Shop, session: ClientSession) -> None:
    base = f"{shop.simulator.url}whatsapp/v26.0"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with session.get(f"{base}/{WABA}/message_templates?limit=2", headers=headers) as answer:
        page: dict[str, Any] = await answer.json()
    assert [one["language"] for one in page["data"]] == ["en", "fr"]
    assert page["paging"]["next"]
    for word, expected in ((WORD, 200), ("another", 400)):
        told = {"override_callback_uri": f"{shop.gateway.url}/hooks/wa", "verify_token": word}
        async with session.post(f"{base}/{WABA}/subscribed_apps", headers=headers, json=told) as answer:
            assert answer.status == expected
    async with session.get(f"{base}/{NUMBER}", headers={"Authorization": "Bearer wrong"}) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (401, 190)
