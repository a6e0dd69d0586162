"""What agents say to the customers of two pages and an account of Instagram, and what becomes of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, FormData
from journeys.graph import PICTURE, calls, echo, item, meta_street, now, refusal, tells
from journeys.programs import Gateway
from journeys.standin import PUBLIC, Street, Told, as_agent

ANN, BOB, IDA = "messenger:111:7001", "messenger:222:7002", "instagram:333:7003"


@pytest.fixture
async def meta(session: ClientSession, gateways: Callable[..., Gateway]) -> AsyncIterator[Street]:
    async with meta_street(session, gateways) as found:
        for who, mid in ((ANN, "m_ann"), (BOB, "m_bob"), (IDA, "m_ida")):
            await tells(found, item(who, message={"mid": mid, "text": "Hello?"}))
        yield found


def bodies(street: Street, page: str, what: str = '"message"') -> list[dict[str, Any]]:
    """What was sent on a page."""
    return [call.json for call in street.standin.sent(calls(page, what))]


async def replied(street: Street, identity: str, *parts: str | dict[str, Any], **more: Any) -> str:
    return await street.api.replied(await street.conversation(identity), *parts, **more)


async def test_what_is_said(meta: Street) -> None:
    await words(meta)
    await pictures(meta)
    await buttons(meta)
    await manners(meta)


async def words(street: Street) -> None:
    """A text goes as Meta wants it; a long one in pieces."""
    first = await street.line(ANN, "m_ann")
    message = await street.api.becomes(await replied(street, ANN, "Bonjour, ça va ?", reply_to=first["id"]), "sent")
    (sent,) = bodies(street, "111")
    assert sent == {
        "recipient": {"id": "7001"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Bonjour, ça va ?", "metadata": message["id"]},
        "reply_to": {"mid": "m_ann"},
    }
    assert message["provider_ids"] == ["m_sent1"]
    assert message["sent_at"] is not None
    long = await street.api.becomes(await replied(street, IDA, "é" * 501), "sent")
    pieces = [one["message"]["text"] for one in bodies(street, "333")]
    assert ("".join(pieces), len(long["provider_ids"])) == ("é" * 501, 2)
    assert max(len(one.encode()) for one in pieces) <= 1000


async def pictures(street: Street) -> None:
    """Meta fetches our file by a link of ours; the caption goes as a message of its own."""
    form = FormData()
    form.add_field("file", io.BytesIO(PICTURE), filename="label.png", content_type="image/png")
    media = (await street.api.ask("POST", "/v1/attachments", data=form)).json["media"]
    before = len(bodies(street, "222"))
    part = {"kind": "media", "media_type": "image", "media": media, "caption": "the label"}
    await street.api.becomes(await replied(street, BOB, part), "sent")
    picture, caption = bodies(street, "222")[before:]
    link = picture["message"]["attachment"]["payload"]["url"]
    assert picture["message"]["attachment"] == {"type": "image", "payload": {"url": link}}
    assert link.startswith(f"{PUBLIC}/media/{media}?")
    assert await street.file(link) == PICTURE
    assert caption["message"]["text"] == "the label"


async def buttons(street: Street) -> None:
    asked = {
        "kind": "choices",
        "text": "Which?",
        "choices": [{"id": "r", "label": "Red"}, {"id": "b", "label": "Blue"}],
    }
    question = await replied(street, ANN, asked)
    await street.api.becomes(question, "sent")
    assert bodies(street, "111")[-1]["message"] == {
        "text": "Which?",
        "quick_replies": [
            {"content_type": "text", "title": "Red", "payload": "r"},
            {"content_type": "text", "title": "Blue", "payload": "b"},
        ],
        "metadata": question,
    }
    await tells(street, item(ANN, message={"mid": "m_pick", "text": "Blue", "quick_reply": {"payload": "b"}}))
    assert (await street.line(ANN, "m_pick"))["parts"] == [
        {"kind": "choice", "id": "b", "label": "Blue", "of": question}
    ]
    await tells(street, item(ANN, postback={"mid": "m_press", "title": "Start", "payload": "BEGIN"}))
    assert (await street.line(ANN, "m_press"))["parts"] == [{"kind": "choice", "id": "BEGIN", "label": "Start"}]


async def manners(street: Street) -> None:
    """Typing, having read, and reactions both ways."""
    api, conversation = street.api, await street.conversation(ANN)
    theirs = await street.line(ANN, "m_ann")
    assert (await api.ask("POST", f"/v1/conversations/{conversation}/typing", json={})).status == 204
    shown = await api.ask("POST", f"/v1/conversations/{conversation}/read", json={"up_to": theirs["id"]})
    assert shown.status == 204
    put = await api.ask("PUT", f"/v1/messages/{theirs['id']}/reactions/❤️")
    assert (put.status, put.json["reactions"][0]["emoji"]) == (200, "❤️")
    await street.heard(calls("111", "mark_seen"), "the customer sees that it was read")
    told = sorted(bodies(street, "111", "sender_action"), key=lambda one: one["sender_action"])
    assert told == [
        {"recipient": {"id": "7001"}, "sender_action": "mark_seen"},
        {
            "recipient": {"id": "7001"},
            "sender_action": "react",
            "payload": {"message_id": "m_ann", "reaction": "love"},
        },
        {"recipient": {"id": "7001"}, "sender_action": "typing_on"},
    ]
    reaction = {"mid": "m_sent1", "action": "react", "reaction": "love", "emoji": "❤"}
    await tells(street, item(ANN, reaction=reaction))
    ours = await street.says(ANN, "m_sent1", lambda line: line["reactions"])
    assert (ours["reactions"][0]["emoji"], ours["reactions"][0]["by"]["kind"]) == ("❤", "person")
    await tells(street, item(ANN, reaction={"mid": "m_sent1", "action": "unreact", "reaction": "love"}))
    await street.says(ANN, "m_sent1", lambda line: not line["reactions"])


async def test_what_becomes_of_it(meta: Street) -> None:
    await receipts(meta)
    await before_the_answer(meta)
    await by_another_tool(meta)
    await nobody_knew(meta)


async def receipts(street: Street) -> None:
    """In any order, and more than once; a moment stands for all before it."""
    one, two = [await replied(street, ANN, text) for text in ("first", "second")]
    ids = [(await street.api.becomes(message, "sent"))["provider_ids"][0] for message in (one, two)]
    delivery = item(ANN, delivery={"mids": [ids[1]], "watermark": now()})
    await tells(street, delivery)
    await street.api.becomes(two, "delivered")
    assert (await street.api.message(one))["status"] == "sent"
    read = item(ANN, read={"watermark": now()})
    await tells(street, read)
    for message in (one, two):
        await street.api.becomes(message, "read")
    await tells(street, delivery, read, item(ANN, delivery={"watermark": now()}))
    for message in (one, two):
        assert (await street.api.message(message))["status"] == "read"
    seen = await replied(street, IDA, "there")
    mid = (await street.api.becomes(seen, "sent"))["provider_ids"][0]
    await tells(street, item(IDA, read={"mid": mid}))
    await street.api.becomes(seen, "read")


async def before_the_answer(street: Street) -> None:
    """The echo and the receipts of a message overtake the answer to it."""
    answered = asyncio.Event()
    street.standin.order(calls("222", "swift"), Told({"recipient_id": "7002", "message_id": "m_swift"}, when=answered))
    message = await replied(street, BOB, "swift")
    await street.heard(calls("222", "swift"), "it is being sent")
    await tells(street, echo(BOB, mid="m_swift", text="swift", metadata=message))
    await tells(street, item(BOB, delivery={"mids": ["m_swift"], "watermark": now()}))
    assert (await street.api.message(message))["status"] in ("queued", "sending")
    answered.set()
    assert (await street.api.becomes(message, "delivered"))["provider_ids"] == ["m_swift"]
    lines = await street.api.lines(await street.conversation(BOB))
    assert [line["id"] for line in lines if line["direction"] == "out"] == [message]
    for early in (True, False):  # read at a time that is before the answer, told before it and after it
        answered.clear()
        street.standin.order(calls("222", "sooner"), Told({"message_id": f"m_sooner{early}"}, when=answered))
        message = await replied(street, BOB, f"sooner {early}")
        await street.heard(calls("222", f"sooner {early}"), "it is being sent")
        read = item(BOB, read={"watermark": now()})
        if early:
            await tells(street, read)
        answered.set()
        await street.api.becomes(message, "sent", "read")
        if not early:
            await tells(street, read)
        await street.api.becomes(message, "read")


async def by_another_tool(street: Street) -> None:
    """What a colleague wrote in Meta's own inbox is a line, once, and opens nothing."""
    for _ in range(2):
        await tells(
            street, echo(ANN, mid="m_other", text="by hand", metadata="of another tool", app_id=263902037430900)
        )
    line = await street.line(ANN, "m_other")
    assert (line["direction"], line["status"], line["author"]["kind"]) == ("out", "sent", "bot")
    lines = await street.api.lines(await street.conversation(ANN))
    assert len([one for one in lines if "m_other" in one["provider_ids"]]) == 1
    assert not [one for one in bodies(street, "111") if one["message"].get("text") == "by hand"]
    await tells(street, item(ANN, read={"watermark": now()}))
    await street.says(ANN, "m_other", lambda one: one["status"] == "read")


async def nobody_knew(street: Street) -> None:
    """Meta takes a message and the connection is cut: the echo says that it went, by our name for it or its words."""
    for page, who, named in (("111", ANN, True), ("333", IDA, False)):
        street.standin.order(calls(page, "perhaps"), Told(drop=True))
        message = await replied(street, who, "perhaps")
        await street.api.becomes(message, "uncertain")
        await street.api.becomes(await replied(street, who, "not held up"), "sent")
        told = {"mid": f"m_perhaps{page}", "text": "perhaps"} | ({"metadata": message} if named else {})
        await tells(street, echo(who, **told))
        settled = await street.api.becomes(message, "sent")
        assert (settled["provider_ids"], settled["failure"]) == ([f"m_perhaps{page}"], None)
        assert len(street.standin.sent(calls(page, "perhaps"))) == 1
        await tells(street, item(who, read={"watermark": now()} if named else {"mid": f"m_perhaps{page}"}))
        await street.api.becomes(message, "read")
    cut = asyncio.Event()
    street.standin.order(calls("222", "surely"), Told(drop=True, when=cut))
    message = await replied(street, BOB, "surely")
    await street.heard(calls("222", "surely"), "it is being sent")
    await tells(street, echo(BOB, mid="m_surely", text="surely", metadata=message))
    cut.set()
    assert (await street.api.becomes(message, "sent"))["provider_ids"] == ["m_surely"]


async def test_what_may_not_go(meta: Street) -> None:
    await too_late(meta)
    await refused(meta)
    await slowed_down(meta)
    await no_longer_ours(meta)


async def too_late(street: Street) -> None:
    """After a day only a person may answer, with Meta's tag for that; after a week nobody may."""
    late, gone = "messenger:111:7011", "messenger:111:7012"
    await tells(street, item(late, timedelta(hours=25), message={"mid": "m_late", "text": "Hello"}))
    await tells(street, item(gone, timedelta(days=8), message={"mid": "m_gone", "text": "Hello"}))
    eve = as_agent(street)
    for who, api in ((late, street.api), (gone, street.api), (gone, eve)):
        said = await api.reply(await street.conversation(who), "sorry")
        assert (said.status, said.json["code"], said.json["may_send"]) == (422, "window_closed", ["template"])
    window = (await street.api.get(f"/v1/conversations/{await street.conversation(late)}"))["reply_window"]
    assert window["open"] is False
    await street.api.becomes(await eve.replied(await street.conversation(late), "sorry"), "sent")
    sent = bodies(street, "111", "sorry")
    assert [(one["messaging_type"], one.get("tag")) for one in sent] == [("MESSAGE_TAG", "HUMAN_AGENT")]


async def refused(street: Street) -> None:
    """Meta's own no, in our words and in theirs."""
    expected = {
        (10, 2018278): "window_closed", (551, 1545041): "unreachable", (100, 2018001): "invalid_recipient",
        (100, 0): "content_rejected",
    }  # fmt: skip
    for (code, subcode), reason in expected.items():
        text = f"no {code} {subcode}"
        street.standin.order(calls("111", text), refusal(code, subcode))
        failure = (await street.api.becomes(await replied(street, ANN, text), "failed"))["failure"]
        assert failure["reason"] == reason
        assert failure["provider_code"] == (f"{code}/{subcode}" if subcode else str(code))
        assert len(bodies(street, "111", text)) == 1


async def slowed_down(street: Street) -> None:
    """One page has had enough for a while; the others go on, and nothing is lost or sent twice."""
    street.standin.order(
        calls("111", "slow"), refusal(613, status=400), refusal(4, status=429, headers={"Retry-After": "1"})
    )
    slow = await replied(street, ANN, "slow")
    await street.heard(calls("111", "slow"), "it is tried")
    for who in (BOB, IDA):
        await street.api.becomes(await replied(street, who, "quick"), "sent")
    await street.api.becomes(slow, "sent")
    assert len(bodies(street, "111", "slow")) == 3


async def no_longer_ours(street: Street) -> None:
    """The token of one page ends."""
    street.standin.order(calls("222", "expired"), refusal(190, 463, 400))
    failed = await street.api.becomes(await replied(street, BOB, "expired"), "failed")
    assert failed["failure"]["reason"] == "auth_expired"
    down = await street.account("page-two", "down")
    assert "190" in down["why"]
    assert {(await street.api.get(f"/v1/accounts/{name}"))["state"] for name in ("page-one", "insta")} == {"ok"}
    await street.api.becomes(await replied(street, ANN, "still here"), "sent")
