"""The simulated Messenger and Instagram against our connectors: what is told is signed and read, refusals have Meta's codes."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from typing import Any

import orjson
import pytest
from aiohttp import FormData
from meta_kit import APP, TOKEN, Shop, opened, settled
from simulator_kit import Simulator, until

from connectors.api import Accepted, Deferred, Refused, Uncertain
from connectors.instagram import connector as instagram
from connectors.messenger import connector as messenger

PAGE, ACCOUNT = "1040000000000001", "17840000000000001"
ANN = "7000000042"
JPEG = b"\xff\xd8\xff" + b"x" * 100


@pytest.fixture
async def page(simulator: Simulator) -> AsyncIterator[Shop]:
    """A page, and Ann, who has written."""
    async with opened(simulator, messenger, PAGE, {"page_id": PAGE}) as found:
        await begun(found)
        yield found


@pytest.fixture
async def gram(simulator: Simulator) -> AsyncIterator[Shop]:
    """An account of Instagram, and Ann, who has written."""
    async with opened(simulator, instagram, ACCOUNT, {"account_id": ACCOUNT}) as found:
        await begun(found)
        yield found


@pytest.fixture(params=["page", "gram"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Either of them."""
    found: Shop = request.getfixturevalue(request.param)
    return found


async def begun(shop: Shop) -> None:
    await shop.person(name="Ann Lee", id=ANN)
    await shop.does(ANN, text="Hello? ça va/bien 👋")
    await shop.tells("message")


def said(text: str = "Hi", /, **more: Any) -> dict[str, Any]:
    return {"recipient": {"id": ANN}, "messaging_type": "RESPONSE", "message": {"text": text}, **more}


def saying(**message: Any) -> dict[str, Any]:
    return {**said(), "message": message}


def error(answer: Any) -> tuple[int, int]:
    found = answer["error"]
    return found["code"], found.get("error_subcode", 0)


def offers(count: int, title: str = "Red", payload: str = "r") -> dict[str, Any]:
    replies = [{"content_type": "text", "title": title, "payload": payload} for _ in range(count)]
    return saying(text="Which?", quick_replies=replies)


def attached(kind: str = "image", **payload: Any) -> dict[str, Any]:
    return saying(attachment={"type": kind, "payload": payload})


def buttons(count: int, text: str = "Which?", title: str = "Go") -> dict[str, Any]:
    shown = [{"type": "postback", "title": title, "payload": f"p{place}"} for place in range(count)]
    return attached("template", template_type="button", text=text, buttons=shown)


async def test_what_a_customer_writes_is_signed_and_read(shop: Shop) -> None:
    heard = await shop.tells("message")
    assert (heard.to, heard.parts[0].text) == (shop.end, "Hello? ça va/bien 👋")
    assert heard.identity == f"{shop.connector.name}:{shop.end}:{ANN}"
    for count, (fields, kind) in enumerate(
        (({"photo": "sample"}, "image"), ({"video": "sample"}, "video"), ({"voice": "sample"}, "audio")), start=2
    ):
        await shop.does(ANN, **fields)
        (part,) = (await shop.tells("message", count)).parts
        assert part.media_type == kind
    await shop.does(ANN, album=[{"type": "photo", "media": "sample"}, {"type": "photo", "media": "sample"}])
    assert len((await shop.tells("message", 5)).parts) == 2
    await shop.does(ANN, "arrive", ref="spring", source="ADS")
    led = (await shop.tells("message", 6)).referral
    assert (led.source, led.id) == ("ADS", "spring")


async def test_files_and_stickers_of_messenger(page: Shop) -> None:
    await page.does(ANN, document="sample")
    assert (await page.tells("message", 2)).parts[0].media_type == "file"
    await page.does(ANN, sticker="❤")
    assert (await page.tells("message", 3)).parts[0].media_type == "sticker"
    await page.does(ANN, sticker="👍")
    assert (await page.tells("message", 4)).parts[0].text == "👍"


async def test_what_a_customer_does_is_signed_and_read(shop: Shop) -> None:
    (mid,) = (await shop.tells("message")).provider_ids
    status, sent = await shop.send(said(reply_to={"mid": mid}))
    ours = sent["message_id"]
    assert (status, sent["recipient_id"], shop.means(status, sent)) == (200, ANN, Accepted((ours,)))
    line = await settled(shop, ANN, ["sent", "delivered"])
    assert line["reply_to"]["id"] == mid
    for emoji, expected in (("❤️", "❤️"), ("🦊", "🦊")):
        await shop.does(ANN, "react", message_id=line["message_id"], emoji=emoji)
        await until(lambda expected=expected: any(getattr(one, "emojis", ()) == (expected,) for one in shop.events))
    await shop.does(ANN, "react", message_id=line["message_id"])
    await until(lambda: any(one.kind == "reaction" and one.emojis == () for one in shop.events))
    await shop.does(ANN, "edit", message_id=1, text="Hello again")
    assert (await shop.tells("edit", provider_id=mid)).parts[0].text == "Hello again"
    for body, data in ((offers(2), "r"), (buttons(2), "p1")):
        assert (await shop.send(body))[0] == 200
        line = await settled(shop, ANN, ["sent", "delivered"])
        await shop.does(ANN, "press", message_id=line["message_id"], data=data)
        await until(
            lambda data=data: any(
                one.kind == "message" and getattr(one.parts[0], "id", "") == data for one in shop.events
            )
        )


async def test_instagram_unsends(gram: Shop, page: Shop) -> None:
    (mid,) = (await gram.tells("message")).provider_ids
    await gram.does(ANN, "delete", message_id=1)
    await gram.tells("deletion", provider_id=mid)
    status, _ = await page.simulator.ask("POST", f"/api/messenger/{PAGE}/chats/{ANN}/delete", json={"message_id": 1})
    assert status == 404, "Messenger does not tell"


async def test_echoes_say_whose_they_are(shop: Shop) -> None:
    sent = (await shop.send(saying(text="Hi", metadata="msg_1")))[1]["message_id"]
    echo = await shop.tells("echo")
    assert (echo.provider_ids, echo.ref) == ((sent,), "msg_1")
    await shop.does(ANN, "elsewhere", text="from the page's own inbox")
    other = await shop.tells("echo", 2)
    assert (other.ref, other.name, other.parts[0].text) == ("", "app 901", "from the page's own inbox")


async def test_messenger_marks_up_to_a_moment(page: Shop) -> None:
    sent = (await page.send(said()))[1]["message_id"]
    await page.tells("receipt", provider_id=sent, status="delivered")
    await page.does(ANN, "open")
    assert (await page.tells("watermark", status="read")).identity == f"messenger:{PAGE}:{ANN}"


async def test_instagram_marks_up_to_a_message_and_tells_no_delivery(gram: Shop) -> None:
    sent = (await gram.send(said()))[1]["message_id"]
    await settled(gram, ANN, ["delivered"])
    await gram.does(ANN, "open")
    await gram.tells("receipt", provider_id=sent, status="read")
    assert not any(getattr(one, "status", "") == "delivered" for one in gram.events)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ((100, 2018001), {**said(), "recipient": {"id": "999"}}),
        ((100, 0), {"recipient": {"id": ANN}, "messaging_type": "RESPONSE"}),
        ((100, 0), said("")),
        ((100, 0), said("x" * 2000)),
        ((100, 0), saying(text="both", attachment={"type": "image", "payload": {}})),
        ((100, 0), saying(text="Hi", metadata="x" * 1001)),
        ((100, 0), offers(14)),
        ((100, 0), offers(1, title="")),
        ((100, 0), offers(1, payload="x" * 1001)),
        ((100, 0), buttons(4)),
        ((100, 0), buttons(1, text="x" * 641)),
        ((100, 0), buttons(1, title="x" * 21)),
        ((100, 0), attached("template", template_type="generic", elements=[{"title": "x"}] * 11)),
        ((100, 0), attached("template", template_type="none")),
        ((100, 0), attached("dance")),
        ((100, 0), said(reply_to={"mid": "m_none"})),
        ((100, 0), said(messaging_type="ANY")),
        ((100, 0), said(messaging_type="MESSAGE_TAG", tag="ACCOUNT_UPDATE")),
        ((100, 2018074), attached(attachment_id="4711")),
        ((100, 2018008), attached(url="http://127.0.0.1:9/none.jpg")),
        ((100, 0), {"recipient": {"id": ANN}, "sender_action": "dance"}),
        ((100, 0), {"recipient": {"id": ANN}, "sender_action": "react", "payload": {"message_id": "m_none"}}),
    ],
)
async def test_refusals_of_messenger_have_metas_codes(page: Shop, expected: tuple[int, int], body: Any) -> None:
    status, answer = await page.send(body)
    assert (status, error(answer)) == (400, expected)
    assert {"message", "type", "code", "fbtrace_id"} <= set(answer["error"])
    assert isinstance(page.means(status, answer), Refused)
    assert len(await page.phone(ANN)) == 1


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ((100, 2534014), {**said(), "recipient": {"id": "999"}}),
        ((100, 0), said("é" * 501)),
        ((100, 2018047), attached("image", url="voice.ogg")),
        ((100, 2018047), attached("file", url="garden.jpg")),
        ((100, 2018047), attached("audio", url="voice.ogg")),
    ],
)
async def test_refusals_of_instagram_have_its_codes(gram: Shop, expected: tuple[int, int], body: Any) -> None:
    there = body["message"].get("attachment", {}).get("payload", {})
    if there:
        there = {**there, "url": f"{gram.simulator.url}/static/samples/{there['url']}"}
        body = attached(body["message"]["attachment"]["type"], **there)
    status, answer = await gram.send(body)
    assert (status, error(answer)) == (400, expected)
    assert isinstance(gram.means(status, answer), Refused)


async def test_the_longest_of_everything_is_taken(page: Shop, gram: Shop) -> None:
    for shop, body in (
        (page, said("é" * 1999)),
        (gram, said("é" * 500)),
        (page, offers(13, payload="x" * 1000)),
        (page, buttons(3, text="x" * 640, title="x" * 20)),
        (page, saying(text="Hi", metadata="x" * 1000)),
        (gram, attached("image", url=f"{gram.simulator.url}/static/samples/garden.jpg")),
        (gram, attached("file", url=f"{gram.simulator.url}/static/samples/receipt.pdf")),
    ):
        status, answer = await shop.send(body)
        assert status == 200, answer
    shown = (await page.phone(ANN))[2]["parts"]
    assert len(next(part["items"] for part in shown if part["kind"] == "quick_replies")) == 13
    assert (await page.send(offers(1, title="x" * 30)))[0] == 200  # cut, as the app does
    assert (await page.phone(ANN))[-1]["parts"][-1]["items"][0]["text"] == "x" * 20


async def test_only_the_right_token_calls(shop: Shop) -> None:
    for headers in ({"Authorization": "Bearer another"}, {}):
        status, answer = await shop.ask("POST", f"{shop.end}/messages", json=said(), headers=headers)
        assert (status, error(answer)[0], shop.means(status, answer).code) == (401, 190, "auth_expired")
    proof = hmac.new(APP.encode(), TOKEN.encode(), sha256).hexdigest()
    for given, expected in ((proof, 200), ("0" * 64, 400)):
        path = f"{shop.end}/messages?appsecret_proof={given}"
        assert (await shop.ask("POST", path, json=said()))[0] == expected
    passed = (await shop.simulator.get("/api/traffic"))["data"]
    assert not any(secret in orjson.dumps(passed).decode() for secret in (proof, TOKEN, APP))


async def test_the_window_and_what_a_person_may(shop: Shop) -> None:
    outside = {"messenger": 2018278, "instagram": 2534022}[shop.connector.name]
    late = said(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    for hours, plain, tagged in ((23, 200, 200), (25, 403, 200), (167, 403, 200), (169, 403, 403)):
        await shop.does(ANN, "silence", hours=hours)
        for body, expected in ((said(), plain), (late, tagged)):
            status, answer = await shop.send(body)
            assert status == expected, (hours, body)
            if expected == 403:
                assert (error(answer), shop.means(status, answer).code) == ((10, outside), "window_closed")
    await shop.does(ANN, "arrive", ref="again")
    assert (await shop.send(said()))[0] == 200


async def test_who_blocked_us_is_not_available(shop: Shop) -> None:
    await shop.does(ANN, "block")
    status, answer = await shop.send(said())
    assert error(answer) == {"messenger": (551, 1545041), "instagram": (100, 2534029)}[shop.connector.name]
    assert shop.means(status, answer).code == "unreachable"
    await shop.does(ANN, "unblock")
    assert (await shop.send(said()))[0] == 200


async def upload(shop: Shop, content: bytes) -> tuple[int, Any]:
    form = FormData({"message": '{"attachment":{"type":"image","payload":{"is_reusable":true}}}'})
    form.add_field("filedata", BytesIO(content), filename="a.jpg", content_type="image/jpeg")
    return await shop.ask("POST", f"{shop.end}/message_attachments", data=form)


async def test_files_are_uploaded_to_messenger_alone(page: Shop, gram: Shop) -> None:
    name = (await upload(page, JPEG))[1]["attachment_id"]
    assert (await page.send(attached(attachment_id=name)))[0] == 200
    assert (await page.phone(ANN))[-1]["parts"][0]["bytes"] == len(JPEG)
    status, answer = await upload(page, JPEG + bytes(8 << 20))
    assert (status, error(answer)) == (400, (100, 2018109))
    assert (await upload(gram, JPEG))[0] == 400


async def test_what_a_customer_sends_is_fetched_without_a_token(shop: Shop) -> None:
    await shop.does(ANN, photo="sample")
    (part,) = (await shop.tells("message", 2)).parts
    async with shop.simulator.session.get(part.ref) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
    async with shop.simulator.session.get(f"{part.ref}0") as answer:
        assert answer.status == 404


async def test_only_subscribed_fields_are_told(shop: Shop) -> None:
    assert (await shop.ask("GET", f"{shop.end}/subscribed_apps"))[1] == {"data": []}
    await shop.ask("POST", f"{shop.end}/subscribed_apps?subscribed_fields=messages")
    assert (await shop.ask("GET", f"{shop.end}/subscribed_apps"))[1]["data"][0]["subscribed_fields"] == ["messages"]
    await shop.does(ANN, "edit", message_id=1, text="unheard")
    await shop.does(ANN, text="heard")
    await shop.tells("message", 2)
    assert not any(event.kind == "edit" for event in shop.events)
    assert (await shop.ask("GET", ANN))[1]["name"] == "Ann Lee"


@pytest.mark.parametrize(
    ("kind", "more", "code", "means"),
    [
        ("too_many_requests", {"retry_after": 1}, 613, Deferred),
        ("server_error", {"status": 500}, 2, Deferred),
        ("revoked_token", {}, 190, Refused),
        ("error", {"code": 368}, 368, Refused),
        ("error", {}, 1, Deferred),
    ],
)
async def test_faults_speak_as_meta_does(shop: Shop, kind: str, more: Any, code: int, means: type) -> None:
    await shop.fault(kind, count=1, method="messages", **more)
    status, answer = await shop.send(said())
    assert error(answer)[0] == code
    assert isinstance(shop.means(status, answer), means)


async def test_a_proxy_says_nothing_of_metas(shop: Shop) -> None:
    await shop.fault("accept_then_proxy_error", count=1, method="messages")
    status, answer = await shop.send(said())
    assert isinstance(shop.means(status, answer), Uncertain)
    assert (await settled(shop, ANN, ["sent", "delivered"]))["text"] == "Hi"


async def test_we_read_type_and_react(shop: Shop) -> None:
    (mid,) = (await shop.tells("message")).provider_ids
    for action in ("typing_on", "typing_off", "mark_seen"):
        assert (await shop.send({"recipient": {"id": ANN}, "sender_action": action}))[0] == 200
    reaction = {"message_id": mid, "reaction": "love"}
    assert (await shop.send({"recipient": {"id": ANN}, "sender_action": "react", "payload": reaction}))[0] == 200
    line = (await shop.phone(ANN))[0]
    assert (line["status"], line["reactions"]["bot"]) == ("read", ["❤"])


# What else people do there.


async def test_posts_and_reels_are_shared(shop: Shop) -> None:
    for count, (what, kind) in enumerate((("post", "file"), ("reel", "video")), start=2):
        await shop.does(ANN, "share", what=what, title="A garden")
        (part,) = (await shop.tells("message", count)).parts
        assert (part.media_type, part.alt) == (kind, "A garden")
        async with shop.simulator.session.get(part.ref) as answer:
            assert answer.status == 200
    types = [one["message"]["attachments"][0]["type"] for one in told(shop) if "attachments" in one["message"]]
    assert types == {"messenger": ["post", "reel"], "instagram": ["ig_post", "ig_reel"]}[shop.connector.name]
    assert (await shop.phone(ANN))[1]["parts"][0]["items"][0]["title"] == "A garden"


def told(shop: Shop, name: str = "messaging") -> list[dict[str, Any]]:
    """The items of all webhooks so far that stand in this list of their entries."""
    return [item for body in shop.bodies for entry in body["entry"] for item in entry.get(name, ())]


async def test_a_page_of_the_web_is_shared_on_messenger(page: Shop, gram: Shop) -> None:
    await page.does(ANN, "share", what="link", url="https://example.com/a", title="A page")
    (part,) = (await page.tells("message", 2)).parts
    assert (part.kind, part.url, part.title) == ("link", "https://example.com/a", "A page")
    there = f"/api/instagram/{ACCOUNT}/chats/{ANN}/share"
    status, answer = await gram.simulator.ask("POST", there, json={"what": "link"})
    assert (status, answer["error"]) == (422, "what: one of post, reel")


async def test_stories_of_instagram_are_answered_and_name_us(gram: Shop) -> None:
    await gram.does(ANN, "story", text="So nice!")
    answered = await gram.tells("message", 2)
    assert ([part.text for part in answered.parts], answered.referral.source) == (["So nice!"], "STORY")
    async with gram.simulator.session.get(answered.referral.url) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
    await gram.does(ANN, "mention")
    (part,) = (await gram.tells("message", 3)).parts
    assert (part.kind, part.alt) == ("media", "story_mention")
    assert [line["parts"][0]["what"] for line in (await gram.phone(ANN))[1:]] == ["reply", "mention"]
    await gram.does(ANN, "heart")
    assert (await gram.tells("message", 4)).parts[0].text == "❤️"
    assert told(gram)[-1]["message"]["attachments"] == [{"type": "like_heart", "payload": None}]


async def test_messengers_customers_ask_to_be_written_to(page: Shop) -> None:
    await page.does(ANN, "silence", hours=25)
    await page.does(ANN, "optin", title="News of the garden")
    asked = await page.tells("message", 2)
    assert (asked.referral.source, asked.referral.id) == ("optin", "NEWS OF THE GARDEN")
    await page.does(ANN, "optin", ref="newsletter")
    assert (await page.tells("message", 3)).referral.id == "newsletter"
    assert (await page.send(said()))[0] == 200, "it is a sign of life"


async def test_another_app_takes_the_conversation_and_gives_it_back(shop: Shop) -> None:
    await shop.does(ANN, "handover")
    await until(lambda: any("take_thread_control" in item for item in told(shop)))
    status, answer = await shop.send(said())
    assert (status, error(answer), shop.means(status, answer).code) == (403, (10, 2018300), "unreachable")
    await shop.does(ANN, text="to the other one")
    heard = await shop.tells("message", 2)
    assert heard.parts[0].text == "to the other one"
    assert [item["message"]["text"] for item in told(shop, "standby")] == ["to the other one"]
    await shop.does(ANN, "handover", value="pass")
    await until(lambda: any("pass_thread_control" in item for item in told(shop)))
    assert (await shop.send(said()))[0] == 200
    assert len([event for event in shop.events if event.kind == "message"]) == 2, "the change itself is no message"


@pytest.mark.parametrize("deed", ["elsewhere", "handover", "share"])
async def test_what_nobody_can_do_is_refused(shop: Shop, deed: str) -> None:
    there = f"/api/{shop.connector.name}/{shop.end}/chats/{ANN}/{deed}"
    wrong = {"elsewhere": {}, "handover": {"value": "drop"}, "share": {"what": "dance"}}[deed]
    assert (await shop.simulator.ask("POST", there, json=wrong))[0] == 422


async def test_a_counted_fault_waits_for_a_message(shop: Shop) -> None:
    """Neither a question nor a mark is one, although the mark goes to the same address."""
    await shop.fault("server_error", count=1)
    assert (await shop.ask("GET", ANN))[0] == 200
    assert (await shop.send({"recipient": {"id": ANN}, "sender_action": "mark_seen"}))[0] == 200
    assert (await shop.send(said()))[0] == 500
    assert (await shop.send(said()))[0] == 200
