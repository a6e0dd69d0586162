"""What was said, changed: at the provider first, then in the record."""

import json

import pytest
from aiohttp import FormData

from connectors.api import Answer
from gateway.ports import NeverSent, NoAnswer
from normalizer.model import Media, Text


def ok(result=True):
    return Answer(200, {}, json.dumps({"ok": True, "result": result}).encode())


def no(status, description):
    return Answer(status, {}, json.dumps({"ok": False, "error_code": status, "description": description}).encode())


async def sent(house, bot, *parts):
    """A reply that has gone out; gives the message."""
    record = await house.wrote()
    parts = parts or ({"kind": "text", "text": "hello"},)
    message = (await bot.post(f"/v1/conversations/{record.stream}/messages", {"parts": parts})).json
    await house.ended(message["id"], "sent", [f"42:{9 + number}" for number in range(len(message["parts"]))])
    return message["id"]


async def test_an_edit_is_made_at_the_provider_and_then_recorded(house, bot):
    message = await sent(house, bot)
    answer = await bot("PATCH", f"/v1/messages/{message}", {"parts": [{"kind": "text", "text": "better"}]})
    assert (answer.status, answer.json["parts"]) == (200, [{"kind": "text", "text": "better"}])
    assert answer.json["edited_at"] is not None
    (call,) = house.http_out.asked
    assert (call.name.split(":")[1], call.json["text"], call.json["message_id"]) == ("editMessageText", "better", 9)
    assert not call.effect
    last = (await bot.get("/v1/events?after=start&wait=0&limit=500")).json["data"][-1]
    assert (last["kind"], last["data"]["message"], last["by"]["kind"]) == ("message.edited", message, "bot")


async def test_a_deletion_empties_the_line_and_may_be_asked_twice(house, bot):
    message = await sent(house, bot)
    for _ in range(2):
        answer = await bot("DELETE", f"/v1/messages/{message}")
        assert (answer.status, answer.json["parts"]) == (200, [])
        assert answer.json["deleted_at"] is not None
    assert [call.name.split(":")[1] for call in house.http_out.asked] == ["deleteMessage"]
    again = await bot("PATCH", f"/v1/messages/{message}", {"parts": [{"kind": "text", "text": "x"}]})
    assert (again.status, again.code) == (422, "unsupported")
    assert (await bot.post(f"/v1/messages/{message}/resend")).status == 409


async def test_a_reaction_is_put_on_replaced_and_taken_off(house, bot):
    message = await sent(house, bot)
    for emoji in ("👍", "❤"):
        answer = await bot("PUT", f"/v1/messages/{message}/reactions/{emoji}")
        assert answer.status == 200
        assert [(one["emoji"], one["by"]["name"]) for one in answer.json["reactions"]] == [(emoji, "bot")]
    off = await bot("DELETE", f"/v1/messages/{message}/reactions/❤")
    assert (off.status, off.json["reactions"]) == (200, [])
    asked = len(house.http_out.asked)
    assert (await bot("DELETE", f"/v1/messages/{message}/reactions/❤")).status == 200
    assert len(house.http_out.asked) == asked
    assert (await bot("PUT", f"/v1/messages/{message}/reactions/no")).status == 422


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (no(400, "Bad Request: message can't be edited"), 422, "content_rejected"),
        (no(403, "Forbidden: bot was blocked by the user"), 422, "unreachable"),
        (no(429, "Too Many Requests: retry after 3"), 503, "rate_limited"),
        (Answer(502, {}, b"<html>"), 503, "provider_down"),
        (NeverSent("connection refused"), 503, "provider_down"),
        (NoAnswer("no answer within 25 s"), 503, "provider_down"),
    ],
)
async def test_what_the_provider_does_not_do_is_not_recorded(house, bot, given, status, code):
    message = await sent(house, bot)
    house.http_out.answers = [given]
    answer = await bot("PATCH", f"/v1/messages/{message}", {"parts": [{"kind": "text", "text": "better"}]})
    assert (answer.status, answer.code) == (status, code)
    assert (status != 503) or answer.headers["Retry-After"]
    assert (await bot.get(f"/v1/messages/{message}")).json["edited_at"] is None
    assert (await bot("PATCH", f"/v1/messages/{message}", {"parts": [{"kind": "text", "text": "ok"}]})).status == 200


async def test_what_cannot_be_amended_is_refused_before_anybody_is_asked(house, bot):
    record = await house.wrote()
    theirs = record.data["message"]["id"]
    queued = (await bot.reply(record.stream))["id"]
    note = (await bot.post(f"/v1/conversations/{record.stream}/notes", {"text": "x"})).json["id"]
    two = await sent(house, bot, {"kind": "text", "text": "a"}, {"kind": "text", "text": "b"})
    text = {"parts": [{"kind": "text", "text": "x"}]}
    for message in (theirs, queued, note, two):
        assert (await bot("PATCH", f"/v1/messages/{message}", text)).code == "unsupported"
    for message in (theirs, queued, note):
        assert (await bot("DELETE", f"/v1/messages/{message}")).code == "unsupported"
    for message in (queued, note):
        assert (await bot("PUT", f"/v1/messages/{message}/reactions/👍")).code == "unsupported"
    one = await sent(house, bot)
    long = await bot("PATCH", f"/v1/messages/{one}", {"parts": [{"kind": "text", "text": "x" * 5000}]})
    assert (long.status, long.code) == (422, "too_long")
    empty = await bot("PATCH", f"/v1/messages/{one}", {"parts": [{"kind": "text", "text": " "}]})
    assert (empty.status, empty.pointers) == (422, ["/parts/0/text"])
    other = await bot("PATCH", f"/v1/messages/{one}", {"parts": [{"kind": "location", "latitude": 1, "longitude": 2}]})
    assert other.code == "unsupported"
    assert (await bot("PATCH", "/v1/messages/msg_none", text)).status == 404
    assert (await bot("DELETE", "/v1/messages/msg_none")).status == 404
    stranger = await house.key("stranger", brands=["shop"])
    assert (await stranger("DELETE", f"/v1/messages/{one}")).status == 404
    reader = await house.key("reader", scope="read")
    assert (await reader("DELETE", f"/v1/messages/{one}")).status == 403
    assert house.http_out.asked == []


async def test_a_wait_that_the_provider_names_is_handed_on(house, bot):
    message = await sent(house, bot)
    body = {"ok": False, "error_code": 429, "description": "slow", "parameters": {"retry_after": 60}}
    house.http_out.answers = [Answer(429, {}, json.dumps(body).encode())]
    answer = await bot("PATCH", f"/v1/messages/{message}", {"parts": [{"kind": "text", "text": "better"}]})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert "wait" not in answer.json


async def test_a_deletion_that_stops_half_way_says_so(house, bot):
    message = await sent(house, bot, {"kind": "text", "text": "a"}, {"kind": "text", "text": "b"})
    house.http_out.answers = [ok(result=True), no(400, "Bad Request: message can't be deleted")]
    answer = await bot("DELETE", f"/v1/messages/{message}")
    assert (answer.status, answer.code) == (422, "content_rejected")
    assert answer.json["detail"].startswith("1 of 2 parts are gone, then: ")


async def test_a_caption_is_changed_by_a_text(house, bot):
    record = await house.wrote("42", Text(text="hi"))
    form = FormData()
    form.add_field("file", b"\x89PNG\r\n\x1a\n" + bytes(64), filename="a.png")
    file = await bot.post("/v1/attachments", body=form)
    part = {"kind": "media", "media_type": "image", "media": file.json["media"], "caption": "old"}
    message = (await bot.post(f"/v1/conversations/{record.stream}/messages", {"parts": [part]})).json["id"]
    await house.ended(message, "sent", ["42:9"])
    answer = await bot("PATCH", f"/v1/messages/{message}", {"parts": [{"kind": "text", "text": "new"}]})
    assert (answer.status, answer.json["parts"][0]["caption"]) == (200, "new")
    assert house.http_out.asked[-1].name.split(":")[1] == "editMessageCaption"
    line = await house.store.message(message)
    assert isinstance(line.parts[0], Media)


async def test_typing_is_shown_where_the_customer_last_wrote_and_never_fails(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/typing"
    assert (await bot.post(path)).status == 204
    assert house.http_out.asked[-1].json == {"chat_id": 42, "action": "typing"}
    house.http_out.answers = [NoAnswer("gone")]
    assert (await bot.post(path)).status == 204
    assert (await bot.post("/v1/conversations/cnv_none/typing")).status == 404


async def test_accounts_are_listed_with_state_limits_and_powers(house, bot):
    found = (await bot.get("/v1/accounts")).json["data"]
    assert [one["name"] for one in found] == ["support", "second", "shop"]
    assert (found[0]["state"], found[0]["why"], found[0]["channel"]) == ("ok", "", "telegram")
    assert found[0]["code"] is None
    assert found[0]["limits"]["text"] == 4096
    assert {"edit", "delete", "react", "typing"} <= set(found[0]["powers"])
    house.states.tell("support", "down", "Unauthorized", code="auth_expired")
    one = (await bot.get("/v1/accounts/support")).json
    assert (one["state"], one["why"], one["code"]) == ("down", "Unauthorized", "auth_expired")
    shopkeeper = await house.key("shopkeeper", brands=["shop"])
    assert [one["name"] for one in (await shopkeeper.get("/v1/accounts")).json["data"]] == ["shop"]
    assert (await shopkeeper.get("/v1/accounts/support")).status == 404
    assert (await bot.get("/v1/accounts/none")).status == 404
