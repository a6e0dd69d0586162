"""A page and an account of Instagram at the simulator, behind one hook of one app."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from journeys.api import Api
from journeys.phones import Phones, Shop
from journeys.programs import Gateway, Simulator

APP, WORD = "app-secret-of-the-shop", "word-of-the-hook"
ENDS = {
    "messenger": ("1040000000000001", "EAAGtokenOfThePage"),
    "instagram": ("17840000000000001", "IGAAtokenOfTheAccount"),
}
_numbers = itertools.count(8_000_000_000)


@pytest.fixture
async def shops(simulator: Simulator, session: ClientSession, gateways: Callable[..., Gateway]) -> dict[str, Shop]:
    gateway = gateways({name: account(simulator, name) for name in ENDS})
    await gateway.add_key()
    await gateway.up()
    found = {}
    for name, (end, token) in ENDS.items():
        phones = Phones(simulator, name, end)
        await phones.configure(webhook=f"{gateway.url}/hooks/meta", secret=APP, token=token, delivered_after=0)
        found[name] = Shop(phones, Api(session, gateway), gateway, simulator)
    return found


def account(simulator: Simulator, name: str) -> dict[str, Any]:
    end, token = ENDS[name]
    number = {"page_id": end} if name == "messenger" else {"account_id": end}
    api = f"{simulator.url}{name}/v26.0"
    return {
        "connector": name,
        "hook": "meta",
        **number,
        "token": token,
        "app_secret": APP,
        "verify_token": WORD,
        "api": api,
    }


async def customer(shop: Shop, text: str = "Hello?", name: str = "Ann Lee") -> tuple[str, str]:
    """A new customer who has written: their chat and their conversation."""
    number = str(next(_numbers))
    chat = await shop.phones.person(name, id=number)
    await shop.phones.does(chat, text=text)
    return chat, await shop.conversation(f"{shop.phones.channel}:{shop.phones.account}:{number}")


async def test_conversations_on_two_products(shops: dict[str, Shop]) -> None:
    for shop in shops.values():
        await both_sides_talk(shop)
        await a_customer_sends_files(shop)
        await what_is_changed(shop)
        await a_question_is_answered(shop)
        await our_files_arrive(shop)
        await an_answer_from_elsewhere_is_shown(shop)
        await what_is_shared_is_fetched(shop)
        await another_app_has_the_conversation(shop)
    await stories_are_answered(shops["instagram"])
    await news_are_asked_for(shops["messenger"])


async def test_what_goes_wrong(shops: dict[str, Shop]) -> None:
    for shop in shops.values():
        await outside_the_window(shop)
        await who_blocked_us(shop)
        await a_throttled_page(shop)
        await receipts_in_disorder(shop)
        await doubt_ends_with_the_echo(shop)


async def both_sides_talk(shop: Shop) -> None:
    chat, talk = await customer(shop, "Salut, ça va ? a/b", "Zoé Lee")
    theirs = await shop.api.line_where(talk, lambda line: line["parts"][0].get("text") == "Salut, ça va ? a/b")
    reply = await shop.api.replied(talk, "Bonjour Zoé", reply_to=theirs["id"])
    seen = await shop.phones.shown(chat, "Bonjour")
    assert seen["reply_to"]["text"] == "Salut, ça va ? a/b"
    await shop.api.becomes(reply, "delivered" if shop.phones.channel == "messenger" else "sent")
    await shop.phones.does(chat, "open")
    await shop.api.becomes(reply, "read")
    assert len(await shop.api.lines(talk)) == 2, "our own echo is no line"
    named = await shop.api.get("/v1/people?q=Zo%C3%A9")
    assert named["data"][0]["name"].lower() in ("zoé lee", "zoé")


async def a_customer_sends_files(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.does(chat, photo="sample")
    picture = await shop.api.line_where(talk, lambda line: line["parts"][0].get("media_type") == "image")
    said = await shop.api.ask("GET", f"/v1/media/{picture['parts'][0]['media']}")
    assert (said.status, said.headers["Content-Type"].partition("/")[0]) == (200, "image")
    await shop.phones.does(chat, voice="sample")
    await shop.api.line_where(talk, lambda line: line["parts"][0].get("media_type") in ("audio", "voice"))
    album = [{"type": "photo", "media": "sample"}, {"type": "photo", "media": "sample"}]
    await shop.phones.does(chat, album=album)
    await shop.api.line_where(talk, lambda line: len(line["parts"]) == 2)


async def what_is_changed(shop: Shop) -> None:
    chat, talk = await customer(shop, "one")
    first = (await shop.phones.sees(chat))[0]["message_id"]
    await shop.phones.does(chat, "edit", message_id=first, text="won")
    await shop.api.line_where(talk, lambda line: line["parts"] == [{"kind": "text", "text": "won"}])
    await shop.api.replied(talk, "thanks")
    ours = await shop.phones.shown(chat, "thanks")
    await shop.phones.does(chat, "react", message_id=ours["message_id"], emoji="❤️")
    await shop.api.line_where(talk, lambda line: line["reactions"])
    if shop.phones.channel == "instagram":
        await shop.phones.does(chat, "delete", message_id=first)
        await shop.api.line_where(talk, lambda line: line["deleted_at"])


async def a_question_is_answered(shop: Shop) -> None:
    chat, talk = await customer(shop)
    asked = [{"id": f"c{one}", "label": f"Choice {one}"} for one in (1, 2)]
    sent = await shop.api.replied(talk, {"kind": "choices", "text": "Which?", "choices": asked})
    seen = await shop.phones.shown(chat, "Which?")
    await shop.api.becomes(sent, "sent", "delivered")
    assert seen["parts"][-1]["kind"] == "quick_replies"
    await shop.phones.does(chat, "press", message_id=seen["message_id"], data="c2")
    line = await shop.api.line_where(talk, lambda line: line["parts"][0]["kind"] == "choice")
    assert (line["parts"][0]["id"], line["parts"][0]["label"]) == ("c2", "Choice 2")


async def our_files_arrive(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.does(chat, photo="sample")
    line = await shop.api.line_where(talk, lambda line: line["parts"][0].get("media_type") == "image")
    page = await shop.api.ask("GET", f"/v1/media/{line['parts'][0]['media']}")
    made = await shop.api.ask("POST", "/v1/attachments", data={"file": io.BytesIO(page.body)})
    picture = {"kind": "media", "media_type": "image", "media": made.json["media"]}
    if shop.phones.channel == "instagram":  # it takes no uploads, and the gateway has no public address here
        said = await shop.api.reply(talk, picture)
        sent = said.json["id"]
        assert (await shop.api.becomes(sent, "failed"))["failure"]["reason"] == "media_unsupported"
        return
    sent = await shop.api.replied(talk, picture)
    await shop.api.becomes(sent, "sent", "delivered")
    ours = [one for one in await shop.phones.sees(chat) if one["direction"] == "out"]
    assert (ours[0]["parts"][0]["as"], ours[0]["parts"][0]["bytes"]) == ("photo", len(page.body))


async def an_answer_from_elsewhere_is_shown(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.does(chat, "elsewhere", text="from Meta's own inbox")
    line = await shop.api.line_where(talk, lambda line: line["direction"] == "out")
    assert (line["parts"][0]["text"], line["status"]) == ("from Meta's own inbox", "sent")


async def what_is_shared_is_fetched(shop: Shop) -> None:
    chat, talk = await customer(shop)
    for what in ("post", "reel"):
        await shop.phones.does(chat, "share", what=what, title=f"A {what}")
        line = await shop.api.line_where(talk, lambda line, what=what: line["parts"][0].get("alt") == f"A {what}")
        said = await shop.api.ask("GET", f"/v1/media/{line['parts'][0]['media']}")
        assert said.headers["Content-Type"].partition("/")[0] == {"post": "image", "reel": "video"}[what]


async def another_app_has_the_conversation(shop: Shop) -> None:
    """What they write meanwhile is there; what we write is refused until we have it back."""
    chat, talk = await customer(shop)
    await shop.phones.does(chat, "handover", value="take")
    await shop.phones.does(chat, text="to the other one")
    await shop.api.line_where(talk, lambda line: line["parts"][0].get("text") == "to the other one")
    sent = await shop.api.replied(talk, "and we?")
    assert (await shop.api.becomes(sent, "failed"))["failure"]["provider_code"] == "10/2018300"
    await shop.phones.does(chat, "handover", value="pass")
    await shop.api.becomes(await shop.api.replied(talk, "we again"), "sent", "delivered")


async def stories_are_answered(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.does(chat, "story", text="So nice!")
    line = await shop.api.line_where(talk, lambda line: line["parts"][0].get("text") == "So nice!")
    assert line["referral"]["source"] == "STORY"
    await shop.phones.does(chat, "mention")
    await shop.api.line_where(talk, lambda line: line["parts"][0].get("alt") == "story_mention")


async def news_are_asked_for(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.does(chat, "optin", title="Garden")
    line = await shop.api.line_where(talk, lambda line: line.get("referral"))
    assert (line["referral"]["source"], line["referral"]["id"]) == ("optin", "GARDEN")


async def outside_the_window(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.does(chat, "silence", hours=200)  # the provider's clock, not ours: its word is taken
    late = await shop.api.replied(talk, "too late")
    assert (await shop.api.becomes(late, "failed"))["failure"]["reason"] == "window_closed"


async def who_blocked_us(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.does(chat, "block")
    sent = await shop.api.replied(talk, "are you there?")
    assert (await shop.api.becomes(sent, "failed"))["failure"]["reason"] == "unreachable"


async def a_throttled_page(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.goes_wrong("too_many_requests", count=1, retry_after=1)
    sent = [await shop.api.replied(talk, f"part {number}") for number in range(3)]
    for one in sent:
        await shop.api.becomes(one, "sent", "delivered")
    texts = [line["text"] for line in await shop.phones.sees(chat) if line["direction"] == "out"]
    assert texts == ["part 0", "part 1", "part 2"]


async def receipts_in_disorder(shop: Shop) -> None:
    """The echo and the marks overtake each other, and come twice: the message ends as read, and is there once."""
    _, talk = await customer(shop)
    await shop.phones.configure(read_after=0)
    marks = 3 if shop.phones.channel == "messenger" else 2  # the echo, delivered (Messenger), read
    told = "echo,status.*"
    shuffled = await shop.phones.goes_wrong("webhook_reorder", method=told, count=marks, hold=marks, seconds=20, seed=3)
    twice = await shop.phones.goes_wrong("webhook_duplicate", method=told, count=marks)
    sent = await shop.api.replied(talk, "in any order")
    await shop.api.becomes(sent, "read")
    assert [line["direction"] for line in await shop.api.lines(talk)] == ["in", "out"]
    await shop.phones.configure(read_after=None)
    for fault in (shuffled, twice):
        await shop.phones.lift(fault)


async def doubt_ends_with_the_echo(shop: Shop) -> None:
    chat, talk = await customer(shop)
    await shop.phones.goes_wrong("accept_then_drop", method="messages", count=1)
    sent = await shop.api.replied(talk, "did it go?")
    await shop.api.becomes(sent, "sent", "delivered")
    assert len([line for line in await shop.phones.sees(chat) if line["direction"] == "out"]) == 1
