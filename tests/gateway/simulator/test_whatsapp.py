"""The simulated WhatsApp against our connector: what it tells is signed and read, what it refuses has Meta's codes."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData
from meta_kit import APP, BEARER, TOKEN, WORD, Shop, opened, settled
from simulator_kit import Simulator, until

from connectors.api import Accepted, Deferred, Refused, Uncertain
from connectors.whatsapp import connector

NUMBER, WABA = "106540352242922", "102290129340398"
ANN = "33612345678"
JPEG = b"\xff\xd8\xff" + b"x" * 100


@pytest.fixture
async def shop(simulator: Simulator) -> AsyncIterator[Shop]:
    """A number, and Ann, who has written."""
    settings = {"phone_number_id": NUMBER, "waba_id": WABA}
    async with opened(simulator, connector, NUMBER, settings, waba_id=WABA, verify_token=WORD) as found:
        await found.person(name="Ann Lee", id=ANN)
        await found.does(ANN, text="Hello? ça va/bien 👋")
        await found.tells("message")
        yield found


def said(**more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": ANN, "type": "text", "text": {"body": "Hi"}, **more}


def code_of(answer: Any) -> int:
    return int(answer["error"]["code"])


def buttons(*titles: str, body: str = "Which?") -> dict[str, Any]:
    shown = [{"type": "reply", "reply": {"id": f"b{place}", "title": title}} for place, title in enumerate(titles)]
    asked = {"type": "button", "body": {"text": body}, "action": {"buttons": shown}}
    return said(type="interactive", interactive=asked)


def rows(count: int, label: str = "Choose", section: str = "", sections: int = 1, about: str = "") -> dict[str, Any]:
    listed = [{"id": f"r{place}", "title": f"Row {place}", "description": about} for place in range(count)]
    parted = [{"title": section, "rows": listed[place::sections]} for place in range(sections)]
    asked = {"type": "list", "body": {"text": "Which?"}, "action": {"button": label, "sections": parted}}
    return said(type="interactive", interactive=asked)


def template(name: str = "order_update", *blanks: str, language: str = "en") -> dict[str, Any]:
    given = [{"type": "body", "parameters": [{"type": "text", "text": blank} for blank in blanks]}] if blanks else []
    return said(type="template", template={"name": name, "language": {"code": language}, "components": given})


async def test_what_a_customer_writes_is_signed_and_read(shop: Shop) -> None:
    heard = await shop.tells("message")
    assert (heard.to, heard.name, heard.parts[0].text) == (NUMBER, "Ann Lee", "Hello? ça va/bien 👋")
    assert (heard.identity, heard.aliases) == (f"whatsapp:FR.{ANN}", (f"tel:+{ANN}",))
    place = {"latitude": 48.85, "longitude": 2.35, "title": "Louvre", "address": "Paris"}
    for count, (fields, kind) in enumerate(
        (
            ({"photo": "sample", "caption": "look"}, "image"),
            ({"video": "sample"}, "video"),
            ({"audio": "sample"}, "audio"),
            ({"voice": "sample"}, "voice"),
            ({"document": "sample"}, "file"),
            ({"sticker": "👍"}, "sticker"),
            ({"location": place}, "location"),
            ({"contact": {"phone_number": "+33600000043", "first_name": "Bob"}}, "contact"),
        ),
        start=2,
    ):
        await shop.does(ANN, **fields)
        (part,) = (await shop.tells("message", count)).parts
        assert getattr(part, "media_type", part.kind) == kind
    await shop.does(ANN, album=[{"type": "photo", "media": "sample"}, {"type": "photo", "media": "sample"}])
    await shop.tells("message", count + 2)


async def test_what_a_customer_does_is_signed_and_read(shop: Shop) -> None:
    first = await shop.tells("message")
    (wamid,) = first.provider_ids
    status, sent = await shop.send(said(context={"message_id": wamid}))
    ours = sent["messages"][0]["id"]
    assert (status, shop.means(status, sent)) == (200, Accepted((ours,)))
    line = await settled(shop, ANN, ["delivered"])
    assert line["reply_to"]["id"] == wamid
    await shop.does(ANN, "react", message_id=line["message_id"], emoji="👍")
    assert (await shop.tells("reaction", provider_id=ours)).emojis == ("👍",)
    await shop.does(ANN, "react", message_id=line["message_id"])
    assert (await shop.tells("reaction", 2, provider_id=ours)).emojis == ()
    await shop.does(ANN, "edit", message_id=1, text="Hello again")
    assert (await shop.tells("edit", provider_id=wamid)).parts[0].text == "Hello again"
    await shop.does(ANN, "delete", message_id=1)
    await shop.tells("deletion", provider_id=wamid)
    await shop.does(ANN, "open")
    await shop.tells("receipt", provider_id=ours, status="read")
    for body, data in ((buttons("Red", "Blue"), "b1"), (rows(5), "r3")):
        asked = (await shop.send(body))[1]["messages"][0]["id"]
        line = await settled(shop, ANN, ["delivered"])
        await shop.does(ANN, "press", message_id=line["message_id"], data=data)
        heard = await shop.tells("message", 2 if data == "b1" else 3)
        assert (heard.parts[0].id, heard.parts[0].of) == (data, asked)
    await shop.send(template("still_there"))
    assert code_of((await shop.send(template("still_there")))[1]) == 132000


async def test_a_number_changes_and_people_hide_it(shop: Shop) -> None:
    hidden = await shop.person(name="Bob", id="33600000050", hidden="yes")
    await shop.does(hidden, text="who am I?")
    heard = await shop.tells("message", 2)
    assert (heard.identity, heard.aliases) == ("whatsapp:FR.33600000050", ())
    sent = await shop.send(
        {"messaging_product": "whatsapp", "recipient": hidden, "type": "text", "text": {"body": "Bob"}}
    )
    assert "wa_id" not in sent[1]["contacts"][0]
    receipt = await shop.tells("receipt", provider_id=sent[1]["messages"][0]["id"], status="delivered")
    assert receipt.identity == "whatsapp:FR.33600000050"
    await shop.does(ANN, "renumber", id="33699999999")
    changed = await shop.tells("identity")
    assert (changed.previous, changed.identity) == (f"whatsapp:FR.{ANN}", "whatsapp:FR.33699999999")
    assert "tel:+33699999999" in changed.aliases
    before = len(shop.events)
    await shop.does(ANN, "marketing", value="stop")
    await until(lambda: "user_preferences" in str(shop.bodies[-1]))
    assert len(shop.events) == before, "it is about offers alone"


async def test_receipts_carry_our_word_and_say_why(shop: Shop) -> None:
    sent = (await shop.send(said(biz_opaque_callback_data="msg_1")))[1]["messages"][0]["id"]
    for status in ("sent", "delivered"):
        assert (await shop.tells("receipt", provider_id=sent, status=status)).ref == "msg_1"
    await shop.does(ANN, "block")
    lost = (await shop.send(said()))[1]["messages"][0]["id"]
    failed = await shop.tells("receipt", provider_id=lost, status="failed")
    assert (failed.failure.reason, failed.failure.provider_code) == ("unreachable", "131026")
    (trouble,) = shop.bodies[-1]["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"]
    assert {"code", "title", "message", "error_data", "href"} == set(trouble)
    await shop.does(ANN, "unblock")
    await shop.fault("undelivered", count=1, code=131049)
    lost = (await shop.send(said()))[1]["messages"][0]["id"]
    failed = await shop.tells("receipt", provider_id=lost, status="failed")
    assert (failed.failure.reason, failed.failure.provider_code) == ("rate_limited", "131049")
    hold = await shop.fault("receipt_hold")
    held = (await shop.send(said()))[1]["messages"][0]["id"]
    await until(lambda: any(one.kind == "receipt" for one in shop.events))
    assert not any(getattr(one, "provider_id", "") == held for one in shop.events)
    await shop.simulator.ask("DELETE", f"/api/faults/{hold['id']}")
    await shop.tells("receipt", provider_id=held, status="delivered")


async def test_a_voice_message_of_ours_is_played(shop: Shop) -> None:
    there = f"{shop.simulator.url}/static/samples/voice.ogg"
    sent = (await shop.send(said(type="audio", audio={"link": there})))[1]["messages"][0]["id"]
    line = await settled(shop, ANN, ["delivered"])
    await shop.does(ANN, "listen", message_id=line["message_id"])
    assert (await shop.tells("receipt", id=f"receipt:{sent}:played")).status == "read"
    status, answer = await shop.simulator.ask(
        "POST", f"/api/whatsapp/{NUMBER}/chats/{ANN}/listen", json={"message_id": 1}
    )
    assert (status, "no voice" in answer["error"]) == (409, True)


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (100, {"type": "text", "text": {"body": "Hi"}, "to": ANN}),  # whose product is not said
        (131008, said(to="")),
        (131030, said(to="33600000099")),
        (131008, said(text={"body": ""})),
        (100, said(text={"body": "x" * 4097})),
        (131009, said(type="dance", dance={})),
        (131009, said(type="image", image={"link": "https://example.com/a.png", "caption": "x" * 1025})),
        (131009, said(type="audio", audio={"link": "https://example.com/a.ogg", "caption": "no"})),
        (131008, said(type="image", image={})),
        (100, said(type="image", image={"id": "4711"})),
        (131008, said(type="location", location={"latitude": 1})),
        (131008, said(type="contacts", contacts=[])),
        (131008, said(type="contacts", contacts=[{"name": {}}])),
        (100, said(biz_opaque_callback_data="x" * 513)),
        (131009, buttons("1", "2", "3", "4")),
        (131009, buttons("Same", "Same")),
        (100, buttons("x" * 21)),
        (100, buttons("1", body="x" * 1025)),
        (131009, rows(11)),
        (131009, rows(1, about="x" * 73)),
        (131009, rows(2, section="x" * 25)),
        (100, rows(1, label="x" * 21)),
        (131009, said(type="reaction", reaction={"message_id": "wamid.none", "emoji": "👍"})),
        (131009, {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.none"}),
        (132001, template("none")),
        (132001, template("order_update", "a", "b", language="xx")),
        (132000, template("order_update", "Ann")),
    ],
)
async def test_refusals_have_metas_codes(shop: Shop, code: int, body: dict[str, Any]) -> None:
    status, answer = await shop.send(body)
    assert (status, code_of(answer)) == (404 if code == 132001 else 400, code)
    assert {"message", "type", "code", "fbtrace_id"} <= set(answer["error"])
    assert answer["error"]["error_data"]["messaging_product"] == "whatsapp"
    assert isinstance(shop.means(status, answer), Refused)
    assert len(await shop.phone(ANN)) == 1


async def test_the_longest_of_everything_is_taken(shop: Shop) -> None:
    for body in (
        said(text={"body": "x" * 4096}),
        buttons("x" * 20, "y" * 20, "z" * 20, body="x" * 1024),
        rows(10, label="x" * 20, section="x" * 24, about="x" * 72),
        said(biz_opaque_callback_data="x" * 512),
    ):
        status, answer = await shop.send(body)
        assert status == 200, answer


async def test_only_the_right_token_calls(shop: Shop) -> None:
    for headers in ({"Authorization": "Bearer another"}, {}):
        status, answer = await shop.ask("POST", f"{NUMBER}/messages", json=said(), headers=headers)
        assert (status, code_of(answer)) == (401, 190)
        assert shop.means(status, answer).code == "auth_expired"
    proof = hmac.new(APP.encode(), TOKEN.encode(), sha256).hexdigest()
    for given, expected in ((proof, 200), ("0" * 64, 400)):
        assert (await shop.ask("POST", f"{NUMBER}/messages?appsecret_proof={given}", json=said()))[0] == expected
    status, answer = await shop.ask("GET", "99999")
    assert (status, answer["error"]["error_subcode"]) == (400, 33)
    assert (await shop.ask("GET", NUMBER))[1]["quality_rating"] == "GREEN"


async def test_outside_the_window_only_templates_go(shop: Shop) -> None:
    await shop.does(ANN, "silence", hours=25)
    status, answer = await shop.send(said())
    assert (code_of(answer), shop.means(status, answer).code) == (131047, "window_closed")
    assert (await shop.send(template("order_update", "Ann", "4711")))[0] == 200
    line = await settled(shop, ANN, ["delivered"])
    assert "order 4711 has left us" in line["text"]
    await shop.does(ANN, "react", message_id=line["message_id"], emoji="👍")  # a sign of life
    assert (await shop.send(said()))[0] == 200


async def test_who_stopped_offers_gets_everything_else(shop: Shop) -> None:
    offer = template("autumn_offer", "Ann")
    assert (await shop.send(offer))[0] == 200
    await shop.does(ANN, "marketing", value="stop")
    status, answer = await shop.send(offer)
    assert (code_of(answer), shop.means(status, answer).code) == (131050, "opted_out")
    assert (await shop.send(said()))[0] == 200
    await shop.does(ANN, "marketing", value="resume")
    assert (await shop.send(offer))[0] == 200


async def test_templates_come_in_pages(shop: Shop) -> None:
    names: list[tuple[str, str]] = []
    after, pages = "", 0
    while pages < 10:
        path = f"{WABA}/message_templates?limit=3" + (f"&after={after}" if after else "")
        page = (await shop.ask("GET", path))[1]
        names += [(one["name"], one["language"]) for one in page["data"]]
        pages += 1
        if "next" not in page["paging"]:
            break
        after = page["paging"]["cursors"]["after"]
    assert pages == 2
    assert names == [("order_update", "en"), ("order_update", "fr"), ("still_there", "en"), ("autumn_offer", "en")]
    paused = {"name": "one", "language": "en", "status": "PAUSED", "components": [{"type": "BODY", "text": "No"}]}
    await shop.configure(templates=[paused])
    assert [one["status"] for one in (await shop.ask("GET", f"{WABA}/message_templates"))[1]["data"]] == ["PAUSED"]
    assert code_of((await shop.send(template("one")))[1]) == 132015


async def upload(shop: Shop, content: bytes, mime: str, name: str = "file") -> tuple[int, Any]:
    form = FormData({"messaging_product": "whatsapp", "type": mime})
    form.add_field("file", BytesIO(content), filename=name, content_type=mime)
    return await shop.ask("POST", f"{NUMBER}/media", data=form)


async def test_files_go_up_and_come_down(shop: Shop) -> None:
    name = (await upload(shop, JPEG, "image/jpeg"))[1]["id"]
    about = (await shop.ask("GET", f"{name}?phone_number_id={NUMBER}"))[1]
    assert (about["file_size"], about["sha256"]) == (len(JPEG), b64encode(sha256(JPEG).digest()).decode())
    for headers, expected in ((BEARER, 200), ({}, 401)):
        async with shop.simulator.session.get(about["url"], headers=headers) as answer:
            assert answer.status == expected
            assert (await answer.read() == JPEG) is (expected == 200)
    assert (await shop.ask("GET", f"{name}?phone_number_id=1"))[0] == 400
    assert (await shop.send(said(type="image", image={"id": name, "caption": "ours"})))[0] == 200
    assert (await settled(shop, ANN, ["delivered"]))["parts"][0]["bytes"] == len(JPEG)


@pytest.mark.parametrize(
    ("code", "head", "size", "mime"),
    [
        (131053, JPEG, 5 << 20, "image/jpeg"),
        (131053, b"ID3", 16 << 20, "audio/mpeg"),
        (131053, b"RIFF\x00\x00\x00\x00WEBPVP8 ", 100 << 10, "image/webp"),
        (100, b"GIF89a", 0, "image/gif"),
        (100, b"MZ", 0, "text/html"),
    ],
)
async def test_files_that_whatsapp_does_not_take(shop: Shop, code: int, head: bytes, size: int, mime: str) -> None:
    status, answer = await upload(shop, head + bytes(size), mime)
    assert (status, code_of(answer)) == (400, code)


async def test_a_moving_sticker_may_be_larger(shop: Shop) -> None:
    moving = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02" + bytes(100 << 10)
    assert (await upload(shop, moving, "image/webp"))[0] == 200
    assert (await upload(shop, moving + bytes(400 << 10), "image/webp"))[0] == 400


@pytest.mark.parametrize(("kind", "file"), [("image", "none.jpg"), ("image", "voice.ogg"), ("video", "garden.jpg")])
async def test_files_that_cannot_be_had_or_shown_fail_later(shop: Shop, kind: str, file: str) -> None:
    there = f"{shop.simulator.url}/static/samples/{file}"
    status, sent = await shop.send({**said(type=kind), kind: {"link": there}})
    assert status == 200
    failed = await shop.tells("receipt", provider_id=sent["messages"][0]["id"], status="failed")
    assert (failed.failure.reason, failed.failure.provider_code) == ("media_unsupported", "131053")


@pytest.mark.parametrize(
    ("kind", "more", "code", "means"),
    [
        ("too_many_requests", {"retry_after": 1, "scope": "account"}, 130429, Deferred),
        ("too_many_requests", {"retry_after": 1, "scope": "chat"}, 131056, Deferred),
        ("server_error", {"status": 503}, 2, Deferred),
        ("revoked_token", {}, 190, Refused),
        ("blocked", {}, 131026, Refused),
        ("error", {"code": 131031}, 131031, Refused),
        ("error", {}, 131000, Deferred),
    ],
)
async def test_faults_speak_as_meta_does(shop: Shop, kind: str, more: Any, code: int, means: type) -> None:
    await shop.fault(kind, count=1, method="messages", **more)
    status, answer = await shop.send(said())
    assert code_of(answer) == code
    outcome = shop.means(status, answer)
    assert isinstance(outcome, means), outcome
    if kind == "too_many_requests":
        assert (outcome.reason, outcome.scope) == ("rate_limited", "account" if code == 130429 else "conversation")


async def test_a_proxy_says_nothing_of_metas(shop: Shop) -> None:
    await shop.fault("accept_then_proxy_error", count=1, method="messages")
    status, answer = await shop.send(said())
    assert isinstance(shop.means(status, answer), Uncertain)
    assert (await settled(shop, ANN, ["delivered"]))["text"] == "Hi"


async def test_reading_and_typing_are_one_call(shop: Shop) -> None:
    (wamid,) = (await shop.tells("message")).provider_ids
    mark = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": wamid,
        "typing_indicator": {"type": "text"},
    }
    assert await shop.send(mark) == (200, {"success": True})
    assert (await shop.phone(ANN))[0]["status"] == "read"


async def test_a_hook_is_asked_before_it_is_told(shop: Shop) -> None:
    for word, expected in ((WORD, 200), ("another", 400)):
        told = {"override_callback_uri": shop.url, "verify_token": word}
        assert (await shop.ask("POST", f"{WABA}/subscribed_apps", json=told))[0] == expected


# What else people do there.


async def test_orders_and_forms_are_read(shop: Shop) -> None:
    await shop.does(ANN, "order", text="By Friday, please")
    kind, words = (await shop.tells("message", 2)).parts
    assert (kind.what, words.text.splitlines()[0]) == ("order", "By Friday, please")
    assert words.text.splitlines()[1:] == ["2 x BEANS-1KG (18.5 EUR)", "1 x FILTERS-100 (4.9 EUR)"]
    asked = (await shop.send(said()))[1]["messages"][0]["id"]
    ours = await settled(shop, ANN, ["delivered"])
    await shop.does(ANN, "fill", message_id=ours["message_id"], name="Ann", seats=2)
    filled = await shop.tells("message", 3)
    assert (filled.parts[1].text, filled.reply_to) == ("Sent\nname: Ann\nseats: 2", asked)
    shown = [line["parts"][0] for line in await shop.phone(ANN) if line["direction"] == "in"]
    assert [one.get("as") for one in shown] == [None, "order", "form"]
    assert shown[1]["rows"][0] == ["BEANS-1KG", "2 x 18.5 EUR"]


async def test_who_comes_by_an_advertisement_can_be_answered_for_longer(shop: Shop) -> None:
    await shop.does(ANN, "arrive", text="I saw it", source="ad", headline="Chat with us")
    led = await shop.tells("message", 2)
    assert (led.parts[0].text, led.referral.source, led.referral.title) == ("I saw it", "ad", "Chat with us")
    for hours, expected in ((71, 200), (73, 400)):
        await shop.does(ANN, "silence", hours=hours)
        assert (await shop.send(said()))[0] == expected


async def test_what_is_said_in_a_group_is_told_and_not_read(shop: Shop) -> None:
    await shop.does(ANN, "group", text="Hello everybody")
    await until(lambda: "group_id" in str(shop.bodies[-1]))
    await shop.does(ANN, text="and to you")
    assert (await shop.tells("message", 2)).parts[0].text == "and to you"
    assert [line["text"] for line in await shop.phone(ANN)] == ["Hello? ça va/bien 👋", "and to you"]


@pytest.mark.parametrize(
    ("deed", "fields"),
    [
        ("order", {"items": [{"quantity": 1}]}),
        ("fill", {}),
        ("arrive", {"text": "Hi", "source": "friend"}),
        ("arrive", {"text": ""}),
        ("group", {}),
    ],
)
async def test_what_nobody_can_do_is_refused(shop: Shop, deed: str, fields: dict[str, Any]) -> None:
    status, _ = await shop.simulator.ask("POST", f"/api/whatsapp/{NUMBER}/chats/{ANN}/{deed}", json=fields)
    assert status == 422
    assert len(await shop.phone(ANN)) == 1


async def test_the_address_of_a_file_ends_and_is_asked_for_again(shop: Shop) -> None:
    name = (await upload(shop, JPEG, "image/jpeg"))[1]["id"]
    for lasts, expected in ((0, 404), (300, 200)):
        await shop.configure(media_lasts=lasts)
        about = (await shop.ask("GET", name))[1]
        async with shop.simulator.session.get(about["url"], headers=BEARER) as answer:
            assert answer.status == expected
    async with shop.simulator.session.get(about["url"].partition("?")[0], headers=BEARER) as answer:
        assert answer.status == 404
