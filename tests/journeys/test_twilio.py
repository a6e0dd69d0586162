"""Two numbers at Twilio, one of them on WhatsApp too, and their customers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, FormData
from journeys.api import Said
from journeys.graph import PICTURE
from journeys.programs import Gateway
from journeys.standin import PUBLIC, Heard, Standin, Street, Told, standing, street

SID, SECRET = "AC00000000000000000000000000000001", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
BASIC = "Basic " + base64.b64encode(f"{SID}:{SECRET}".encode()).decode()
SHOP, REPAIRS = "+15550006789", "+15550006790"
ANN, BOB = "+15550007001", "+15550007002"
ROOT = f"/2010-04-01/Accounts/{SID}"
HOOK = f"{PUBLIC}/hooks/twilio"


def twilio() -> Callable[[Heard], Told]:
    """The part of Twilio that the gateway asks."""
    numbers = itertools.count(1)

    def usual(call: Heard) -> Told:
        if call.headers.get("Authorization") != BASIC:
            return refusal(20003, 401)
        match call.method, call.path.removeprefix(ROOT):
            case "GET", ".json":
                return Told({"status": "active", "friendly_name": "Ours"})
            case "GET", "/IncomingPhoneNumbers.json":
                return Told({"incoming_phone_numbers": [{"sid": "PN1", "sms_url": HOOK}]})
            case "POST", "/Messages.json":
                return Told({"sid": f"SM{next(numbers):032}", "status": "queued", "error_code": None}, 201)
            case _:
                return refusal(20404, 404)

    return usual


def store(call: Heard) -> Told:
    """Where Twilio keeps what customers sent: no credentials of ours may come here."""
    assert "Authorization" not in call.headers
    return Told(PICTURE, mime="image/png")


def refusal(code: int, status: int) -> Told:
    return Told(
        {"code": code, "message": "No", "more_info": "https://www.twilio.com/docs/errors", "status": status}, status
    )


@pytest.fixture
async def numbers(session: ClientSession, gateways: Callable[..., Gateway]) -> AsyncIterator[Street]:
    async with standing(twilio()) as standin:
        gateway = gateways(accounts(standin), http={"port": 0, "public_url": PUBLIC}, media={"allow": ["127.0.0.0/8"]})
        async with street(session, gateway, standin, (SECRET, BASIC.removeprefix("Basic "))) as found:
            yield found


def accounts(standin: Standin) -> dict[str, Any]:
    common = {"hook": "twilio", "account_sid": SID, "auth_token": SECRET, "api": standin.url}
    return {
        "shop": {"connector": "twilio", "sender": SHOP, **common},
        "repairs": {"connector": "twilio", "sender": REPAIRS, **common},
        "shop-whatsapp": {"connector": "twilio_whatsapp", "sender": SHOP, **common},
    }


# What Twilio tells.


def signature(url: str, fields: dict[str, str], key: str = SECRET) -> str:
    said = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(key.encode(), said.encode(), hashlib.sha1).digest()).decode()


async def told(street: Street, fields: dict[str, str], query: str = "", status: int = 200, key: str = SECRET) -> Said:
    """Twilio calls the address that it knows."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature(HOOK + query, fields, key),
    }
    return await street.post(f"twilio{query}", urlencode(fields).encode(), headers, status)


def message(who: str, sid: str, body: str, to: str = SHOP, **more: str) -> dict[str, str]:
    """What comes with a message; some fields are blank, and count."""
    return {
        "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": SID, "From": who, "To": to, "Body": body,
        "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01", "FromCity": "", **more,
    }  # fmt: skip


async def says(street: Street, who: str, sid: str, body: str, **more: Any) -> dict[str, Any]:
    """A customer writes; the line that comes of it."""
    await told(street, message(who, sid, body, **more))
    return await street.line(f"tel:{who.removeprefix('whatsapp:')}", sid)


def word(sid: str, status: str, to: str = ANN, **more: str) -> dict[str, str]:
    """What becomes of a message of ours."""
    return {
        "MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "SmsStatus": status, "AccountSid": SID, "To": to,
        "From": SHOP, "ApiVersion": "2010-04-01", **more,
    }  # fmt: skip


def messages(what: str = "") -> Callable[[Heard], bool]:
    """Calls that send a text."""
    return lambda call: call.method == "POST" and call.form.get("Body", "").startswith(what)


async def replied(street: Street, who: str, *parts: str | dict[str, Any], **more: Any) -> str:
    return await street.api.replied(await street.conversation(f"tel:{who}"), *parts, **more)


async def sent(street: Street, who: str, *parts: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """A reply that Twilio took."""
    return await street.api.becomes(await replied(street, who, *parts, **more), "sent")


async def test_a_conversation(numbers: Street) -> None:
    await heard(numbers)
    await answered(numbers)
    await picked(numbers)
    await files(numbers)
    await over_whatsapp(numbers)


async def heard(street: Street) -> None:
    """Only what Twilio signed is taken, and nothing that we answer goes to a customer."""
    hello = message(ANN, "SM01", "Hello? ça va")
    await told(street, hello, status=401, key="another")
    await told(street, {**hello, "Body": "forged"}, "?x=1", 401, key="")
    await street.post("twilio", b"{}", {"X-Twilio-Signature": signature(HOOK, {"{}": ""})}, 415)
    assert (await street.api.get("/v1/conversations"))["data"] == []
    for _ in range(2):
        said = await told(street, hello)
        assert (said.body, said.headers["Content-Type"].split(";")[0]) == (b"<Response></Response>", "text/xml")
    await told(street, {"AccountSid": SID, "Body": "nobody"})
    await told(street, message(ANN, "SM02", "for others", "+15550009999"))
    kept = street.kept()
    assert any("malformed" in why for why in kept), kept
    assert any("unrouted" in why for why in kept), kept
    line = await street.line(f"tel:{ANN}", "SM01")
    assert (line["parts"], line["account"]) == ([{"kind": "text", "text": "Hello? ça va"}], "shop")
    assert len(await street.api.lines(line["conversation"])) == 1
    assert (await says(street, BOB, "SM03", "Hi", to=REPAIRS))["account"] == "repairs"


async def answered(street: Street) -> None:
    """A reply goes as a form; word of it comes before the answer, in any order, and again."""
    may = asyncio.Event()
    street.standin.order(messages("Bonjour"), Told({"sid": "SM10", "status": "queued"}, 201, when=may))
    ours = await replied(street, ANN, "Bonjour, ça va ?")
    call = await street.heard(messages("Bonjour"), "it is being sent")
    back = f"?ref={ours}"
    assert call.headers["Authorization"] == BASIC
    assert call.form == {"To": ANN, "From": SHOP, "Body": "Bonjour, ça va ?", "StatusCallback": HOOK + back}
    await told(street, word("SM10", "delivered"), back)
    may.set()
    await street.api.becomes(ours, "delivered")
    for status in ("queued", "sent", "delivered"):
        said = await told(street, word("SM10", status), back)
        assert said.body == b"<Response></Response>"
    assert (await street.api.message(ours))["status"] == "delivered"
    lost = await sent(street, ANN, "lost")
    await told(street, word(lost["provider_ids"][0], "undelivered", ErrorCode="30003"), f"?ref={lost['id']}")
    failure = (await street.api.becomes(lost["id"], "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("unreachable", "30003")
    await told(street, word("SM10", "read"), back, 401, key="another")


async def picked(street: Street) -> None:
    """An SMS has no buttons: the answers are numbered, and a number is an answer."""
    choices = [{"id": "r", "label": "Red"}, {"id": "b", "label": "Blue"}]
    asked = await sent(street, ANN, {"kind": "choices", "text": "Which?", "choices": choices})
    assert street.standin.sent(messages("Which?"))[0].form["Body"] == "Which?\n1. Red\n2. Blue"
    line = await says(street, ANN, "SM20", "2")
    assert line["parts"] == [{"kind": "choice", "id": "b", "label": "Blue", "of": asked["id"]}]


async def files(street: Street) -> None:
    """A picture comes by way of Twilio's store, and ours is fetched from us."""
    async with standing(store) as elsewhere:
        there = f"{ROOT}/Messages/MM21/Media/ME1"
        street.standin.order(
            lambda call: call.path == there and call.headers["Authorization"] == BASIC,
            Told({}, 307, {"Location": f"{elsewhere.url}/media/1.png"}),
        )
        more = {"NumMedia": "1", "MediaUrl0": street.standin.url + there, "MediaContentType0": "image/png"}
        line = await says(street, ANN, "MM21", "broken", **more)
        words, part = line["parts"]
        assert (words["text"], part["media_type"]) == ("broken", "image")
        given = await street.api.ask("GET", f"/v1/media/{part['media']}")
        assert (given.status, given.body) == (200, PICTURE)
    form = FormData()
    form.add_field("file", io.BytesIO(PICTURE), filename="label.png", content_type="image/png")
    ours = (await street.api.ask("POST", "/v1/attachments", data=form)).json["media"]
    await sent(street, ANN, {"kind": "media", "media_type": "image", "media": ours, "caption": "the label"})
    form_sent = street.standin.sent(messages("the label"))[0].form
    assert await street.file(form_sent["MediaUrl"]) == PICTURE


async def over_whatsapp(street: Street) -> None:
    """The same number writes by WhatsApp: it is the same person, and is answered there."""
    before = await street.conversation(f"tel:{ANN}")
    more = {"ProfileName": "Ann Lee", "WaId": ANN[1:], "to": f"whatsapp:{SHOP}"}
    line = await says(street, f"whatsapp:{ANN}", "SM30", "and now here", **more)
    assert (line["conversation"], line["account"]) == (before, "shop-whatsapp")
    await sent(street, ANN, "here too")
    form = street.standin.sent(messages("here too"))[0].form
    assert (form["To"], form["From"]) == (f"whatsapp:{ANN}", f"whatsapp:{SHOP}")
    await sent(street, ANN, "by SMS", via="shop")
    assert street.standin.sent(messages("by SMS"))[0].form["To"] == ANN
    late = await sent(street, ANN, "too late")
    told_late = word(late["provider_ids"][0], "undelivered", f"whatsapp:{ANN}", ErrorCode="63016")
    await told(street, {**told_late, "From": f"whatsapp:{SHOP}"}, f"?ref={late['id']}")
    assert (await street.api.becomes(late["id"], "failed"))["failure"]["reason"] == "window_closed"


async def test_what_does_not_go(numbers: Street) -> None:
    await says(numbers, ANN, "SM01", "Hello?")
    await says(numbers, BOB, "SM02", "Hello?", to=REPAIRS)
    await opted_out(numbers)
    await nobody_knew(numbers)
    await slowed_down(numbers)
    await no_longer_ours(numbers)


async def opted_out(street: Street) -> None:
    """STOP, by their word or by Twilio's, until START."""
    conversation = await street.conversation(f"tel:{ANN}")
    for stop, start in ((" Stop. ", "START"), ("arrêt", "unstop")):
        await says(street, ANN, f"SM{stop}", stop)
        said = await street.api.reply(conversation, "but")
        assert (said.status, said.json["code"]) == (422, "opted_out")
        await says(street, ANN, f"SM{start}", start)
        await sent(street, ANN, f"after {start}")
    assert not street.standin.sent(messages("but"))
    street.standin.order(messages("unheard"), refusal(21610, 400))
    failed = await street.api.becomes(await replied(street, ANN, "unheard"), "failed")
    assert (failed["failure"]["reason"], failed["failure"]["provider_code"]) == ("opted_out", "21610")
    said = await street.api.reply(conversation, "but")  # Twilio knew of a STOP that never reached us, and now we do
    assert (said.status, said.json["code"]) == (422, "opted_out")
    await says(street, ANN, "SMunheard", "START")
    await sent(street, ANN, "heard again")


async def nobody_knew(street: Street) -> None:
    """Twilio takes a message and the connection is cut: word of it says that it went, or that it failed."""
    ends = {"delivered": "delivered", "sent": "sent", "failed": "failed"}
    for status, end in ends.items():
        street.standin.order(messages(f"perhaps {status}"), Told(drop=True))
        ours = await replied(street, ANN, f"perhaps {status}")
        await street.api.becomes(ours, "uncertain")
        await told(street, word(f"SM{status}", status), f"?ref={ours}")
        assert (await street.api.becomes(ours, end))["provider_ids"] == [f"SM{status}"]
        assert len(street.standin.sent(messages(f"perhaps {status}"))) == 1
    await sent(street, ANN, "not held up")


async def slowed_down(street: Street) -> None:
    """One number has had enough for a while; the other goes on."""
    street.standin.order(messages("slow"), refusal(20429, 429), refusal(20500, 500))
    slow = await replied(street, ANN, "slow")
    await street.heard(messages("slow"), "it is tried")
    await sent(street, BOB, "quick")
    await street.api.becomes(slow, "sent")
    assert len(street.standin.sent(messages("slow"))) == 3


async def no_longer_ours(street: Street) -> None:
    """The token ends, as one number learns first."""
    street.standin.order(messages("expired"), refusal(20003, 401))
    failed = await street.api.becomes(await replied(street, ANN, "expired"), "failed")
    assert failed["failure"]["reason"] == "auth_expired"
    assert "20003" in (await street.account("shop", "down"))["why"]
    assert (await street.api.get("/v1/accounts/repairs"))["state"] == "ok"
    await sent(street, BOB, "still here")
