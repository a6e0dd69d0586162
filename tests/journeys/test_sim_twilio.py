"""A number at the simulated Twilio, with a real gateway: all that a customer and an agent do, and all that fails."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from journeys.programs import Gateway, Simulator, eventually
from journeys.standin import Standin, Street, Told, street

SID, TOKEN = "AC00000000000000000000000000000001", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SHOP, NUMBER = "+15550006789", "15550006789"
ANN, BOB, CAT, DAN = "15550007001", "15550007002", "15550007003", "15550007004"
BY_WHATSAPP = "whatsapp:"
"""Before a number: the customer who writes from it by WhatsApp."""
PICTURE_HEAD = b"\xff\xd8\xff"


@dataclass
class Town:
    """The simulated Twilio, the gateway, and what both have in words of this number."""

    simulator: Simulator
    street: Street

    async def does(self, who: str, what: str, **fields: Any) -> Any:
        return await self.simulator.control("POST", f"twilio/{NUMBER}/chats/{who}/{what}", json=fields)

    async def phone(self, who: str) -> list[dict[str, Any]]:
        """Everything on a customer's phone."""
        return (await self.simulator.control("GET", f"twilio/{NUMBER}/chats/{who}/messages"))["data"]

    async def seen(self, who: str, fits: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """A message of ours on a customer's phone, once there is one that fits."""

        async def found() -> dict[str, Any] | None:
            ours = (line for line in await self.phone(who) if line["direction"] == "out" and fits(line))
            return next(ours, None)

        return await eventually(found, f"{who} sees it")

    async def says(self, who: str, **what: Any) -> dict[str, Any]:
        """A customer writes; the line that comes of it in the gateway."""
        made = await self.does(who, "messages", **what)
        sid = next(line["id"] for line in await self.phone(who) if line["message_id"] == made["message_id"])
        return await self.street.line(identity(who), sid)

    async def replies(self, who: str, *parts: str | dict[str, Any], **more: Any) -> str:
        return await self.street.api.replied(await self.street.conversation(identity(who)), *parts, **more)

    async def order(self, kind: str, **more: Any) -> int:
        fields = {"kind": kind, "channel": "twilio", **more}
        return (await self.simulator.control("POST", "faults", json=fields))["id"]

    async def lift(self, fault: int) -> None:
        await self.simulator.control("DELETE", f"faults/{fault}")


def identity(who: str) -> str:
    """How the gateway names a customer: the same by both ways."""
    return f"tel:+{who.removeprefix(BY_WHATSAPP)}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def town(session: ClientSession, simulator: Simulator, gateways: Callable[..., Gateway]) -> AsyncIterator[Town]:
    port = free_port()  # what the gateway says of itself to Twilio must hold: Twilio calls it
    here = f"http://127.0.0.1:{port}"
    common = {"hook": "twilio", "account_sid": SID, "auth_token": TOKEN, "api": f"{simulator.url}twilio"}
    accounts = {
        "sms": {"connector": "twilio", "sender": SHOP, **common},
        "whatsapp": {"connector": "twilio_whatsapp", "sender": SHOP, **common},
    }
    about = {"webhook": f"{here}/hooks/twilio", "secret": TOKEN, "account_sid": SID, "delivered_after": 0}
    await simulator.control("POST", f"twilio/{NUMBER}", json=about)
    for who in (ANN, BOB, f"{BY_WHATSAPP}{ANN}", f"{BY_WHATSAPP}{CAT}", f"{BY_WHATSAPP}{DAN}"):
        await simulator.control("POST", f"twilio/{NUMBER}/people", json={"name": "Ann", "id": who})
    gateway = gateways(accounts, http={"port": port, "public_url": here}, media={"allow": ["127.0.0.0/8"]})
    async with street(session, gateway, Standin(lambda _: Told()), (TOKEN,)) as found:
        yield Town(simulator, found)


async def test_a_conversation_by_sms_and_by_whatsapp(town: Town) -> None:
    await a_text_and_its_answer(town)
    for who in (ANN, f"{BY_WHATSAPP}{CAT}"):
        await receipts_in_disorder(town, who)
        await pictures(town, who)
    await choices(town)
    await two_channels_of_one_person(town)


async def a_text_and_its_answer(town: Town) -> None:
    """A text in, a reply out, word of its delivery."""
    line = await town.says(ANN, text="Hello? ça va")
    assert (line["parts"], line["account"]) == ([{"kind": "text", "text": "Hello? ça va"}], "sms")
    ours = await town.replies(ANN, "Bonjour 👋")
    await town.street.api.becomes(ours, "delivered")
    seen = await town.seen(ANN, lambda one: one["text"] == "Bonjour 👋")
    assert (seen["segments"], seen["status"]) == (1, "delivered")


async def receipts_in_disorder(town: Town, who: str) -> None:
    """They come in another order and twice; by WhatsApp there is also one that it was read."""
    await town.says(who, text="and now?")
    last, several = ("read", 3) if who.startswith(BY_WHATSAPP) else ("delivered", 2)
    await town.simulator.control("POST", f"twilio/{NUMBER}", json={"read_after": 0})
    shuffled = await town.order("webhook_reorder", method="status.*", hold=several, seconds=20, count=several, seed=3)
    twice = await town.order("webhook_duplicate", method="status.*", times=2, count=several)
    ours = await town.replies(who, "mixed up")
    await town.street.api.becomes(ours, last)
    await town.simulator.control("POST", f"twilio/{NUMBER}", json={"read_after": None})
    for fault in (shuffled, twice):
        await town.lift(fault)


async def pictures(town: Town, who: str) -> None:
    """Theirs comes by way of Twilio's store; ours is fetched from the gateway."""
    line = await town.says(who, photo="sample", caption="broken")
    *words, part = line["parts"]  # an MMS has its words beside the picture, WhatsApp below it
    said = words[0]["text"] if words else part["caption"]
    assert (said, part["media_type"], bool(words)) == ("broken", "image", not who.startswith(BY_WHATSAPP))

    async def got() -> bytes | None:
        given = await town.street.api.ask("GET", f"/v1/media/{part['media']}")
        return given.body if given.status == 200 else None

    assert (await eventually(got, "the picture is here"))[:3] == PICTURE_HEAD
    back = {"kind": "media", "media_type": "image", "media": part["media"], "caption": "like this one?"}
    ours = await town.replies(who, back)
    await town.street.api.becomes(ours, "delivered")
    seen = await town.seen(who, lambda one: one["text"] == "like this one?")
    file = next(one["file"] for one in seen["parts"] if one["kind"] == "media")
    address = f"{town.simulator.url}api/twilio/{NUMBER}/files/{file}"
    async with town.street.session.get(address) as answer:
        assert (await answer.read())[:3] == PICTURE_HEAD


async def choices(town: Town) -> None:
    """An SMS has no buttons: the answers are numbered, and a number is an answer."""
    offered = [{"id": "r", "label": "Red"}, {"id": "b", "label": "Blue"}]
    asked = await town.replies(ANN, {"kind": "choices", "text": "Which?", "choices": offered})
    await town.seen(ANN, lambda one: one["text"] == "Which?\n1. Red\n2. Blue")
    await town.street.api.becomes(asked, "delivered")
    line = await town.says(ANN, text="2")
    assert line["parts"] == [{"kind": "choice", "id": "b", "label": "Blue", "of": asked}]


async def two_channels_of_one_person(town: Town) -> None:
    """The same number by WhatsApp is the same person: voice, templates with buttons, ticks when it is read."""
    by = f"{BY_WHATSAPP}{ANN}"
    before = await town.street.conversation(f"tel:+{ANN}")
    line = await town.says(by, voice="sample")
    assert (line["conversation"], line["account"]) == (before, "whatsapp")
    assert [part["media_type"] for part in line["parts"]] == ["voice"]
    ours = await town.replies(ANN, "here too")
    await town.street.api.becomes(ours, "delivered")
    await town.does(by, "open")
    await town.street.api.becomes(ours, "read")
    template = {"kind": "template", "name": "delivery_day", "language": "en", "parameters": {"1": "4711"}}
    await town.replies(ANN, template)
    seen = await town.seen(by, lambda one: "4711" in one["text"])
    pressed = await town.does(by, "press", message_id=seen["message_id"], text="Tomorrow")
    assert pressed["update_id"]
    found = await town.street.api.line_where(
        before, lambda one: one["parts"][0]["kind"] == "choice" and one["account"] == "whatsapp"
    )
    assert (found["parts"][0]["id"], found["parts"][0]["label"]) == ("tomorrow", "Tomorrow")


async def test_what_does_not_go(town: Town) -> None:
    await town.says(ANN, text="Hello?")
    await town.says(BOB, text="Hello?")
    await opted_out(town)
    await not_delivered(town)
    await nobody_knew(town)
    await slowed_down(town, ANN, BOB)
    await slowed_down(town, f"{BY_WHATSAPP}{CAT}", f"{BY_WHATSAPP}{DAN}")
    await outside_the_window(town)
    await no_longer_ours(town)


async def opted_out(town: Town) -> None:
    """Whoever wrote STOP cannot be written to until they write START; nothing of it reaches Twilio."""
    conversation = await town.street.conversation(f"tel:+{ANN}")
    await town.says(ANN, text="Stop")
    said = await town.street.api.reply(conversation, "but")
    assert (said.status, said.json["code"]) == (422, "opted_out")
    await town.says(ANN, text="START")
    await town.street.api.becomes(await town.replies(ANN, "welcome back"), "delivered")
    assert not any(line["text"] == "but" for line in await town.phone(ANN))


async def not_delivered(town: Town) -> None:
    """Twilio takes it, and says later that it was lost; or refuses at once."""
    await town.order("undelivered", count=1, code=30005)
    ours = await town.replies(ANN, "lost")
    failure = (await town.street.api.becomes(ours, "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("invalid_recipient", "30005")
    await town.order("error", count=1, code=21408, method="Messages.create")
    ours = await town.replies(ANN, "abroad")
    failure = (await town.street.api.becomes(ours, "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("account_restricted", "21408")


async def nobody_knew(town: Town) -> None:
    """The connection is cut after Twilio took it: word of it settles what was uncertain, and it went once."""
    hold = await town.order("receipt_hold")
    await town.order("accept_then_drop", count=1, method="Messages.create")
    ours = await town.replies(ANN, "perhaps")
    await town.street.api.becomes(ours, "uncertain")
    await town.lift(hold)
    await town.street.api.becomes(ours, "delivered")
    assert [line["text"] for line in await town.phone(ANN)].count("perhaps") == 1


async def slowed_down(town: Town, one: str, other: str) -> None:
    """Too many calls at a time, for one customer; the other is not held up for ever, and nothing goes twice."""
    for who in (one, other):
        await town.says(who, text="Are you there?")
    await town.order("too_many_requests", count=1, retry_after=1, scope="chat", chat=one, method="Messages.create")
    slow = await town.replies(one, "slow")
    await town.street.api.becomes(await town.replies(other, "quick"), "delivered")
    await town.street.api.becomes(slow, "delivered")
    assert [line["text"] for line in await town.phone(one)].count("slow") == 1


async def outside_the_window(town: Town) -> None:
    """WhatsApp takes no free text a day later, by Twilio's clock and not ours; a template goes."""
    by = f"{BY_WHATSAPP}{CAT}"
    await town.says(by, text="Hello?")
    await town.does(by, "silence", hours=25)
    failure = (await town.street.api.becomes(await town.replies(CAT, "too late"), "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("window_closed", "63016")
    template = {"kind": "template", "name": "order_update", "language": "en", "parameters": {"1": "4711", "2": "today"}}
    await town.street.api.becomes(await town.replies(CAT, template), "delivered")
    assert (await town.seen(by, lambda one: "4711" in one["text"]))["status"] == "delivered"


async def no_longer_ours(town: Town) -> None:
    """The token ends: the account is down, and says why."""
    await town.order("revoked_token")
    failed = await town.street.api.becomes(await town.replies(ANN, "expired"), "failed")
    assert failed["failure"]["reason"] == "auth_expired"
    assert "20003" in (await town.street.account("sms", "down"))["why"]
