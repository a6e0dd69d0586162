"""Two numbers of WhatsApp behind one hook, and their customers."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, FormData
from journeys.graph import APP, PICTURE, WORD, calls, refusal, signed, written
from journeys.programs import Gateway
from journeys.standin import PUBLIC, Heard, Standin, Street, Told, as_agent, standing, street

TOKENS = {"1001": "EAAW1token1of1number1one", "1002": "EAAW2token2of2number2two"}
ANN, BOB, EVA = "whatsapp:FR.7001", "tel:+33600007002", "tel:+33600007003"
"""One has a user id beside her number, the others are known by their numbers alone."""
FROM = {
    ANN: {"from": "33600007001", "from_user_id": "FR.7001"},
    BOB: {"from": "33600007002"},
    EVA: {"from": "33600007003"},
}
HOME = {ANN: "1001", BOB: "1002", EVA: "1001"}


def cloud() -> Callable[[Heard], Told]:
    """The part of the Cloud API that the gateway asks."""
    numbers = itertools.count(1)

    def usual(call: Heard) -> Told:  # noqa: PLR0911 - one for each thing that is asked
        owner = next((one for one, token in TOKENS.items() if call.headers["Authorization"] == f"Bearer {token}"), "")
        if call.path == "/cdn/1" and owner:
            return Told(PICTURE, mime="image/png")
        match call.method, call.path.removeprefix("/v26.0/").split("/"):
            case "GET", [number] if number == owner:
                return Told({"display_phone_number": "+33 1 02", "verified_name": "Shop", "quality_rating": "GREEN"})
            case "GET", ["5005"] if call.query == {"phone_number_id": owner}:
                host = call.headers["Host"]
                return Told({"url": f"http://{host}/cdn/1", "mime_type": "image/png", "file_size": 9, "id": "5005"})
            case "POST", [number, "media"] if number == owner:
                return Told({"id": "9090"})
            case "POST", [number, "messages"] if number == owner and "status" in call.json:
                return Told({"success": True})
            case "POST", [number, "messages"] if number == owner:
                return Told({"messaging_product": "whatsapp", "messages": [{"id": f"wamid.sent{next(numbers)}"}]})
            case _:
                return refusal(100, 33)

    return usual


@pytest.fixture
async def numbers(session: ClientSession, gateways: Callable[..., Gateway]) -> AsyncIterator[Street]:
    async with standing(cloud()) as standin:
        gateway = gateways(accounts(standin), http={"port": 0, "public_url": PUBLIC})
        async with street(session, gateway, standin, (APP, WORD, *TOKENS.values())) as found:
            await found.post("wa", *told(*(says(who, f"wamid.{who}", "Hello?") for who in (ANN, BOB))))
            yield found


def accounts(standin: Standin) -> dict[str, Any]:
    common = {"connector": "whatsapp", "hook": "wa", "app_secret": APP, "verify_token": WORD}
    return {
        name: {**common, "phone_number_id": number, "token": TOKENS[number], "api": f"{standin.url}/v26.0"}
        for name, number in (("shop", "1001"), ("repairs", "1002"))
    }


# What WhatsApp tells.


def told(*changes: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """A webhook and its headers."""
    body = written(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "800", "changes": [{"field": "messages", "value": one} for one in changes]}],
        }
    )
    return body, signed(body)


def value(number: str, **what: Any) -> dict[str, Any]:
    meta = {"display_phone_number": "33102", "phone_number_id": number}
    return {"messaging_product": "whatsapp", "metadata": meta, **what}


def did(who: str, wamid: str, kind: str, ago: timedelta = timedelta(), **what: Any) -> dict[str, Any]:
    """A customer did something; names and ids stand beside it."""
    names = {"wa_id": FROM[who]["from"]} | ({"user_id": FROM[who]["from_user_id"]} if who == ANN else {})
    said = {**FROM[who], "id": wamid, "timestamp": str(int(time.time() - ago.total_seconds())), "type": kind, **what}
    return value(HOME[who], contacts=[{"profile": {"name": "Zoé"}, **names}], messages=[said])


def says(who: str, wamid: str, text: str, ago: timedelta = timedelta()) -> dict[str, Any]:
    return did(who, wamid, "text", ago, text={"body": text})


def status(who: str, wamid: str, word: str, ref: str = "", **more: Any) -> dict[str, Any]:
    """Word of a message of ours."""
    ref_back = {"biz_opaque_callback_data": ref} if ref else {}
    now = str(int(time.time()))
    return value(HOME[who], statuses=[{"id": wamid, "status": word, "timestamp": now, **ref_back, **more}])


async def replied(street: Street, who: str, *parts: str | dict[str, Any], **more: Any) -> str:
    return await street.api.replied(await street.conversation(who), *parts, **more)


def bodies(street: Street, number: str, what: str = '"type"') -> list[dict[str, Any]]:
    """What was sent from a number."""
    return [call.json for call in street.standin.sent(calls(number, what))]


async def test_a_conversation(numbers: Street) -> None:
    await heard(numbers)
    await answered(numbers)
    await picked(numbers)
    await files(numbers)
    await changed(numbers)


async def heard(street: Street) -> None:
    """The hook is ours, and only what Meta signed is taken: each number's to its account."""
    address = f"{street.gateway.url}/hooks/wa"
    asked = {"hub.mode": "subscribe", "hub.verify_token": WORD, "hub.challenge": "42"}
    for word, expected in ((WORD, (200, "42")), ("another", (403, ""))):
        async with street.session.get(address, params={**asked, "hub.verify_token": word}) as answer:
            assert (answer.status, await answer.text() if answer.status == 200 else "") == expected
    body, headers = told(says(ANN, "wamid.forged", "x"))
    await street.post("wa", body + b" ", headers, 401)
    body, headers = told(says(ANN, "wamid.nobody", "x"))
    elsewhere = body.replace(b'"1001"', b'"1009"')
    await street.post("wa", elsewhere, signed(elsewhere))
    await street.post("wa", b"{", signed(b"{"))
    assert len(street.kept()) == 2
    for who, account in ((ANN, "shop"), (BOB, "repairs")):
        line = await street.line(who, f"wamid.{who}")
        assert (line["account"], line["author"]["name"], line["identity"]) == (account, "Zoé", who)
        assert len(await street.api.lines(await street.conversation(who))) == 1
    person = (await street.api.get("/v1/people?q=7001"))["data"][0]
    assert {*person["identities"]} == {ANN, "tel:+33600007001"}
    await street.post("wa", *told(did(BOB, "wamid.poll", "poll_creation", poll_creation={"name": "?"})))
    assert (await street.line(BOB, "wamid.poll"))["parts"] == [{"kind": "unsupported", "what": "poll_creation"}]


async def answered(street: Street) -> None:
    """A reply goes with our name for it, and word of it comes in any order, and again."""
    theirs = await street.line(ANN, f"wamid.{ANN}")
    message = await replied(street, ANN, "Bonjour, ça va ?", reply_to=theirs["id"])
    wamid = (await street.api.becomes(message, "sent"))["provider_ids"][0]
    assert bodies(street, "1001") == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "recipient": "FR.7001",
            "type": "text",
            "text": {"body": "Bonjour, ça va ?"},
            "biz_opaque_callback_data": message,
            "context": {"message_id": f"wamid.{ANN}"},
        }
    ]
    await street.post("wa", *told(status(ANN, wamid, "read", message)))
    await street.api.becomes(message, "read")
    await street.post("wa", *told(*(status(ANN, wamid, word, message) for word in ("delivered", "sent", "read"))))
    assert (await street.api.message(message))["status"] == "read"
    lost = await replied(street, BOB, "lost")
    wamid = (await street.api.becomes(lost, "sent"))["provider_ids"][0]
    assert bodies(street, "1002")[-1]["to"] == "33600007002"
    errors = [{"code": 131026, "title": "Message undeliverable"}]
    await street.post("wa", *told(status(BOB, wamid, "failed", lost, errors=errors)))
    failure = (await street.api.becomes(lost, "failed"))["failure"]
    assert (failure["reason"], failure["provider_code"]) == ("unreachable", "131026")


async def picked(street: Street) -> None:
    """Few answers are buttons, more are a list; a press says what was asked."""
    asked = [{"id": f"c{one}", "label": f"Choice {one}"} for one in range(1, 6)]
    buttons = await replied(street, ANN, {"kind": "choices", "text": "Which?", "choices": asked[:2]})
    first = (await street.api.becomes(buttons, "sent"))["provider_ids"][0]
    rows = await replied(street, ANN, {"kind": "choices", "text": "Which?", "choices": asked})
    second = (await street.api.becomes(rows, "sent"))["provider_ids"][0]
    one, two = (body["interactive"] for body in bodies(street, "1001", '"interactive"'))
    assert (one["type"], one["body"]) == ("button", {"text": "Which?"})
    assert one["action"]["buttons"][1] == {"type": "reply", "reply": {"id": "c2", "title": "Choice 2"}}
    assert (two["type"], two["action"]["sections"][0]["rows"][4]) == ("list", {"id": "c5", "title": "Choice 5"})
    press = {"type": "button_reply", "button_reply": {"id": "c2", "title": "Choice 2"}}
    row = {"type": "list_reply", "list_reply": {"id": "c5", "title": "Choice 5", "description": ""}}
    await street.post("wa", *told(did(ANN, "wamid.b", "interactive", interactive=press, context={"id": first})))
    await street.post("wa", *told(did(ANN, "wamid.l", "interactive", interactive=row, context={"id": second})))
    expected = {"wamid.b": ("c2", "Choice 2", buttons), "wamid.l": ("c5", "Choice 5", rows)}
    for wamid, (name, label, of) in expected.items():
        parts = (await street.line(ANN, wamid))["parts"]
        assert parts == [{"kind": "choice", "id": name, "label": label, "of": of}]


async def files(street: Street) -> None:
    """A picture is fetched in two steps, and ours is put at WhatsApp first."""
    image = {"id": "5005", "mime_type": "image/png", "sha256": "x", "caption": "broken"}
    await street.post("wa", *told(did(ANN, "wamid.i", "image", image=image)))
    part = (await street.line(ANN, "wamid.i"))["parts"][0]
    assert (part["media_type"], part["caption"]) == ("image", "broken")
    given = await street.api.ask("GET", f"/v1/media/{part['media']}")
    assert (given.status, given.body) == (200, PICTURE)
    form = FormData()
    form.add_field("file", io.BytesIO(PICTURE), filename="label.png", content_type="image/png")
    media = (await street.api.ask("POST", "/v1/attachments", data=form)).json["media"]
    ours = {"kind": "media", "media_type": "image", "media": media, "caption": "the label"}
    await street.api.becomes(await replied(street, ANN, ours), "sent")
    (upload,) = street.standin.sent(lambda call: call.path == "/v26.0/1001/media")
    assert PICTURE in upload.body
    assert bodies(street, "1001", "9090")[0]["image"] == {"id": "9090", "caption": "the label"}


async def changed(street: Street) -> None:
    """Reactions both ways, an edit and a deletion, having read."""
    theirs, api = await street.line(BOB, f"wamid.{BOB}"), street.api
    ours = await api.becomes(await replied(street, BOB, "ours"), "sent")
    wamid = ours["provider_ids"][0]
    for number, emoji in enumerate(("👍", "")):
        put = {"message_id": wamid} | ({"emoji": emoji} if emoji else {})
        await street.post("wa", *told(did(BOB, f"wamid.r{number}", "reaction", reaction=put)))
        await street.says(BOB, wamid, lambda line, emoji=emoji: [one["emoji"] for one in line["reactions"]] == [*emoji])
    put = await api.ask("PUT", f"/v1/messages/{theirs['id']}/reactions/🎉")
    assert (put.status, put.json["reactions"][0]["emoji"]) == (200, "🎉")
    assert bodies(street, "1002", '"reaction"')[0]["reaction"] == {"message_id": f"wamid.{BOB}", "emoji": "🎉"}
    await street.post("wa", *told(says(BOB, "wamid.e", "at five", timedelta(seconds=2))))
    edit = {"original_message_id": "wamid.e", "message": {"type": "text", "text": {"body": "at six"}}}
    await street.post("wa", *told(did(BOB, "wamid.e2", "edit", edit=edit)))
    assert (await street.says(BOB, "wamid.e", lambda line: line["edited_at"]))["parts"][0]["text"] == "at six"
    await street.post("wa", *told(did(BOB, "wamid.e3", "revoke", revoke={"original_message_id": "wamid.e"})))
    assert (await street.says(BOB, "wamid.e", lambda line: line["deleted_at"]))["parts"] == []
    assert (await api.ask("DELETE", f"/v1/messages/{ours['id']}")).json["code"] == "unsupported"
    conversation = await street.conversation(BOB)
    assert (await api.ask("POST", f"/v1/conversations/{conversation}/read", json={"up_to": theirs["id"]})).status == 204
    mark = await street.heard(calls("1002", '"status"'), "the customer sees that it was read")
    assert mark.json["status"] == "read"


async def test_what_does_not_go(numbers: Street) -> None:
    await nobody_knew(numbers)
    await too_late(numbers)
    await slowed_down(numbers)
    await no_longer_ours(numbers)


async def nobody_knew(street: Street) -> None:
    """WhatsApp takes a message and the connection is cut: its first word says that it went, before or after."""
    street.standin.order(calls("1001", "perhaps"), Told(drop=True))
    message = await replied(street, ANN, "perhaps")
    await street.api.becomes(message, "uncertain")
    await street.api.becomes(await replied(street, ANN, "not held up"), "sent")
    await street.post("wa", *told(status(ANN, "wamid.perhaps", "delivered", message)))
    settled = await street.api.becomes(message, "delivered")
    assert (settled["provider_ids"], settled["failure"]) == (["wamid.perhaps"], None)
    assert len(bodies(street, "1001", "perhaps")) == 1


async def too_late(street: Street) -> None:
    """After a day only a template may go, whoever answers."""
    await street.post("wa", *told(says(EVA, "wamid.late", "Hello", timedelta(hours=25))))
    conversation = await street.conversation(EVA)
    for api in (street.api, as_agent(street)):
        said = await api.reply(conversation, "sorry")
        assert (said.status, said.json["code"], said.json["may_send"]) == (422, "window_closed", ["template"])
    template = {"kind": "template", "name": "back_soon", "language": "fr", "parameters": {"1": "Zoé"}}
    await street.api.becomes(await replied(street, EVA, template), "sent")
    sent = bodies(street, "1001", "back_soon")[0]["template"]
    assert (sent["name"], sent["language"]) == ("back_soon", {"code": "fr"})
    assert sent["components"][0]["parameters"][0]["text"] == "Zoé"
    street.standin.order(calls("1002", "by then"), refusal(131047))
    failed = await street.api.becomes(await replied(street, BOB, "by then"), "failed")
    assert failed["failure"]["reason"] == "window_closed"


async def slowed_down(street: Street) -> None:
    """One number has had enough for a while; the other goes on."""
    street.standin.order(calls("1001", "slow"), refusal(130429, status=429), refusal(131000, status=500))
    slow = await replied(street, ANN, "slow")
    await street.heard(calls("1001", "slow"), "it is tried")
    await street.api.becomes(await replied(street, BOB, "quick"), "sent")
    await street.api.becomes(slow, "sent")
    assert len(bodies(street, "1001", "slow")) == 3


async def no_longer_ours(street: Street) -> None:
    """The token of one number ends."""
    street.standin.order(calls("1001", "expired"), refusal(190, 463, 401))
    failed = await street.api.becomes(await replied(street, ANN, "expired"), "failed")
    assert failed["failure"]["reason"] == "auth_expired"
    assert "190" in (await street.account("shop", "down"))["why"]
    assert (await street.api.get("/v1/accounts/repairs"))["state"] == "ok"
    await street.api.becomes(await replied(street, BOB, "still here"), "sent")
