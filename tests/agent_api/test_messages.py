import asyncio

import pytest
from aiohttp import FormData

from normalizer.model import Media

MESSAGE = {
    "id", "conversation", "seq", "kind", "direction", "author", "account", "channel", "identity", "parts",
    "provider_ids", "reply_to", "client_ref", "resend_of", "sent_at", "received_at", "order", "status", "failure",
    "reactions", "edited_at", "deleted_at",
}  # fmt: skip
TEXT = {"kind": "text", "text": "hello"}


async def test_a_reply_is_accepted_and_listed(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    asked = {"parts": [TEXT], "client_ref": "mine", "reply_to": record.data["message"]["id"]}
    answer = await bot.post(f"{path}/messages", asked)
    assert answer.status == 202
    sent = answer.json
    assert set(sent) == MESSAGE
    assert (sent["status"], sent["direction"], sent["kind"]) == ("queued", "out", "message")
    assert sent["author"] == {"kind": "bot", "id": bot.id, "name": "bot"}
    assert (sent["client_ref"], sent["reply_to"], sent["identity"]) == ("mine", asked["reply_to"], "telegram:42")
    assert (await bot.get(f"/v1/messages/{sent['id']}")).json == sent
    listed = (await bot.get(f"{path}/messages")).json
    assert [one["id"] for one in listed["data"]] == [record.data["message"]["id"], sent["id"]]
    assert [one.message for one in await house.store.unsettled()] == [sent["id"]]
    assert (await bot.get(path)).json["due_at"] is None


async def test_lines_page_backwards_and_tell_notes_and_events(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    note = await bot.post(f"{path}/notes", {"text": "careful"})
    assert note.status == 201
    assert (note.json["kind"], note.json["direction"], note.json["account"]) == ("note", "out", None)
    assert note.json["parts"] == [{"kind": "text", "text": "careful"}]
    await bot.post(f"{path}/claim")
    await bot.reply(record.stream)
    last = (await bot.get(f"{path}/messages?limit=2")).json
    assert [one["kind"] for one in last["data"]] == ["event", "message"]
    assert last["data"][0]["event"]["kind"] == "assigned"
    assert last["data"][0]["parts"] == []
    first = (await bot.get(f"{path}/messages?limit=2&before={last['page']['previous']}")).json
    assert [one["kind"] for one in first["data"]] == ["message", "note"]
    assert first["page"]["previous"] is None
    assert (await bot.get(f"{path}/messages?before=nonsense")).pointers == ["/before"]
    assert not [one for one in await house.store.unsettled() if one.message == note.json["id"]]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/parts"]),
        ({"parts": []}, ["/parts"]),
        ({"parts": "hello"}, ["/parts"]),
        ({"parts": [TEXT], "colour": 1}, ["/colour"]),
        ({"parts": [{"kind": "text"}]}, ["/parts/0/text"]),
        ({"parts": [{"kind": "text", "text": ""}]}, ["/parts/0/text"]),
        ({"parts": [{"kind": "text", "text": " \n"}]}, ["/parts/0/text"]),
        ({"parts": [{"kind": "text", "text": 5}]}, ["/parts/0/text"]),
        ({"parts": [{"kind": "text", "text": "x", "colour": 1}]}, ["/parts/0/colour"]),
        ({"parts": [TEXT, {"kind": "poem"}]}, ["/parts/1/kind"]),
        ({"parts": [{"text": "x"}]}, ["/parts/0/kind"]),
        (
            {"parts": [{"kind": "choices", "text": "?", "choices": [{"id": "a", "label": ""}]}]},
            ["/parts/0/choices/0/label"],
        ),
        ({"parts": [{"kind": "choices", "text": "?", "choices": []}]}, ["/parts/0/choices"]),
        ({"parts": [{"kind": "location", "latitude": 91, "longitude": 0}]}, ["/parts/0/latitude"]),
        ({"parts": [{"kind": "choice", "id": "a", "label": "A"}]}, ["/parts/0"]),
        ({"parts": [{"kind": "unsupported", "what": "x"}]}, ["/parts/0"]),
        (
            {"parts": [{**TEXT, "format": [{"style": "bold", "start": 4, "length": 2}]}]},
            ["/parts/0/format/0"],
        ),
        (
            {"parts": [{**TEXT, "format": [{"style": "bold", "start": 0, "length": 1}] * 501}]},
            ["/parts/0/format"],
        ),
        ({"parts": [{"kind": "link", "url": "/v1/media/med_1"}]}, ["/parts/0/url"]),
        ({"parts": [{"kind": "link", "url": "https://" + "x" * 4096}]}, ["/parts/0/url"]),
        ({"parts": [{"kind": "media", "media_type": "image"}]}, ["/parts/0/media"]),
        (
            {"parts": [{"kind": "media", "media_type": "image", "media": "med_1", "url": "https://x/"}]},
            ["/parts/0/media"],
        ),
        ({"parts": [{"kind": "media", "media_type": "image", "ref": "x"}]}, ["/parts/0/ref"]),
        ({"parts": [{"kind": "media", "media_type": "image", "url": "file:///etc/passwd"}]}, ["/parts/0/url"]),
        ({"parts": [TEXT, {"kind": "media", "media_type": "image", "media": "med_1"}]}, ["/parts/1/media"]),
        ({"parts": [TEXT], "reply_to": "msg_nothing"}, ["/reply_to"]),
        ({"parts": [TEXT], "via": "nothing"}, ["/via"]),
        ({"parts": [TEXT], "via": "second"}, ["/via"]),
    ],
)
async def test_a_reply_that_cannot_be_sent_is_never_queued(house, bot, body, pointers):
    record = await house.wrote()
    answer = await bot.post(f"/v1/conversations/{record.stream}/messages", body)
    assert answer.status == 422
    assert answer.pointers == pointers
    assert await house.store.unsettled() == []


async def test_every_misfit_is_told_with_its_reason(house, bot):
    record = await house.wrote()
    parts = [{"kind": "link", "url": "x" * 5000}, {"kind": "unsupported", "what": "x"}]
    answer = await bot.post(f"/v1/conversations/{record.stream}/messages", {"parts": parts})
    assert [(one["pointer"], one["reason"]) for one in answer.json["errors"]] == [
        ("/parts/0/url", "too_long"),
        ("/parts/1", "content_rejected"),
    ]
    assert answer.code == "too_long"


async def test_who_opted_out_or_blocked_us_is_not_written_to(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/messages"
    await house.reached("opted_out")
    answer = await bot.post(path, {"parts": [TEXT]})
    assert (answer.status, answer.code) == (422, "opted_out")
    await house.reached("opted_in")
    await house.reached("blocked")
    answer = await bot.post(path, {"parts": [TEXT]})
    assert (answer.status, answer.code) == (422, "unreachable")


async def test_via_chooses_the_account(house, bot):
    record = await house.wrote()
    await house.wrote(account="second")
    assert (await bot.reply(record.stream))["account"] == "second"
    assert (await bot.reply(record.stream, via="support"))["account"] == "support"


async def test_files_are_checked_and_described(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/messages"
    uploaded = (await bot.post("/v1/attachments", body=_form(b"\x89PNG\r\n"))).json
    part = {"kind": "media", "media_type": "image", "media": uploaded["media"], "caption": "look"}
    sent = await bot.post(path, {"parts": [part]})
    assert sent.status == 202
    assert sent.json["parts"] == [{**part, "mime": "image/png", "size": 6, "name": "p.png"}]
    linked = {"kind": "media", "media_type": "video", "url": "https://example.com/a.mp4"}
    assert (await bot.post(path, {"parts": [linked]})).json["parts"] == [{**linked, "mime": "video/mp4"}]
    other = await house.key("shop", brands=["shop"])
    theirs = await house.wrote("77", account="shop")
    refused = await other.post(f"/v1/conversations/{theirs.stream}/messages", {"parts": [part]})
    assert refused.pointers == ["/parts/0/media"]


async def test_a_file_that_is_not_kept_cannot_be_sent(house, bot):
    record = await house.wrote("42", Media(media_type="image", ref="AgAC", mime="image/jpeg"))
    media = record.data["message"]["parts"][0]["media"]
    part = {"kind": "media", "media_type": "image", "media": media}
    answer = await bot.post(f"/v1/conversations/{record.stream}/messages", {"parts": [part]})
    assert answer.pointers == ["/parts/0/media"]


def _form(content):
    form = FormData()
    form.add_field("file", content, filename="p.png", content_type="text/html")
    return form


@pytest.mark.parametrize("what", ["messages", "notes"])
async def test_the_same_key_makes_one_line(house, bot, what):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/{what}"
    body = {"parts": [TEXT]} if what == "messages" else {"text": "hello"}
    other = {"parts": [{**TEXT, "text": "x"}]} if what == "messages" else {"text": "x"}
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(bot.post(path, body, headers=headers) for _ in range(8)))
    assert {answer.status for answer in answers} == {202 if what == "messages" else 201}
    assert len({answer.json["id"] for answer in answers}) == 1
    mismatch = await bot.post(path, other, headers=headers)
    assert (mismatch.status, mismatch.code) == (422, "idempotency_mismatch")
    assert len((await bot.get(f"/v1/conversations/{record.stream}/messages")).json["data"]) == 2
    stranger = await house.key("stranger")
    assert (await stranger.post(path, other, headers=headers)).status in {201, 202}
    assert (await bot.post(path, other, headers={"Idempotency-Key": "two"})).status in {201, 202}


async def test_a_repeat_is_answered_even_where_it_could_not_be_decided_now(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/messages"
    headers = {"Idempotency-Key": "one"}
    uploaded = (await bot.post("/v1/attachments", body=_form(b"\x89PNG\r\n"))).json
    body = {"parts": [{"kind": "media", "media_type": "image", "media": uploaded["media"]}]}
    first = (await bot.post(path, body, headers=headers)).json
    await house.ended(first["id"], "sent", ["42:9"])
    await house.reached("opted_out")
    file = await house.store.file(uploaded["media"])
    await house.store.change_file(type(file)(file.id, file.brand, "failed"))
    repeat = await bot.post(path, body, headers=headers)
    assert repeat.status == 202
    assert (repeat.json["id"], repeat.json["status"]) == (first["id"], "sent")
    assert repeat.json["provider_ids"] == ["42:9"]


async def test_the_order_of_fields_makes_no_other_body(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/messages"
    headers = {"Idempotency-Key": "one"}
    one = await bot.post(path, body=b'{"parts":[{"kind":"text","text":"x"}],"via":null}', headers=headers)
    two = await bot.post(path, body=b'{"parts":[{"text":"x", "kind":"text"}]}', headers=headers)
    assert (one.json["id"], two.status) == (two.json["id"], 202)


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9"])
async def test_a_key_that_is_none_is_refused(house, bot, key):
    record = await house.wrote()
    answer = await bot.post(f"/v1/conversations/{record.stream}/notes", {"text": "x"}, headers={"Idempotency-Key": key})
    assert answer.status == 422


@pytest.mark.parametrize("text", ["", " ", 5, None])
async def test_a_note_says_something(house, bot, text):
    record = await house.wrote()
    assert (await bot.post(f"/v1/conversations/{record.stream}/notes", {"text": text})).pointers == ["/text"]


async def test_only_what_failed_goes_again_and_only_once(house, bot):
    record = await house.wrote()
    sent = (
        await bot.post(f"/v1/conversations/{record.stream}/messages", {"parts": [TEXT, {**TEXT, "text": "two"}]})
    ).json
    path = f"/v1/messages/{sent['id']}"
    early = await bot.post(f"{path}/resend")
    assert (early.status, early.code) == (409, "not_failed")
    await house.ended(sent["id"], "uncertain", ["42:1"], part=1)
    answers = await asyncio.gather(*(bot.post(f"{path}/resend", {}) for _ in range(4)))
    assert {answer.status for answer in answers} == {202}
    new = answers[0].json
    assert {answer.json["id"] for answer in answers} == {new["id"]}
    assert (new["resend_of"], new["status"]) == (sent["id"], "queued")
    assert [part["text"] for part in new["parts"]] == ["two"]
    await house.ended(new["id"], "sent", ["42:2"])
    repeat = await bot.post(f"{path}/resend")
    assert (repeat.status, repeat.json["id"], repeat.json["status"]) == (202, new["id"], "sent")
    note = (await bot.post(f"/v1/conversations/{record.stream}/notes", {"text": "x"})).json
    assert (await bot.post(f"/v1/messages/{note['id']}/resend")).code == "not_failed"


@pytest.mark.parametrize("status", ["sent", "failed"])
async def test_an_uncertain_message_is_settled_by_hand(house, bot, status):
    record = await house.wrote()
    sent = await bot.reply(record.stream)
    path = f"/v1/messages/{sent['id']}/settle"
    assert (await bot.post(path, {"status": status})).code == "not_uncertain"
    await house.ended(sent["id"], "uncertain")
    headers = {"Idempotency-Key": "one"}
    answer = await bot.post(path, {"status": status}, headers=headers)
    assert (answer.status, answer.json["status"]) == (200, status)
    assert (answer.json["failure"] is None) == (status == "sent")
    repeat = await bot.post(path, {"status": status}, headers=headers)
    assert (repeat.status, repeat.json["status"]) == (200, status)
    assert (await bot.post(path, {"status": status})).status == 409
    assert (await bot.post(path, {"status": "lost"})).pointers == ["/status"]


@pytest.mark.parametrize("path", ["", "/resend", "/settle"])
async def test_a_message_that_is_not_there_is_not_found(bot, path):
    body = {"status": "sent"} if path == "/settle" else None
    answer = await bot("GET" if not path else "POST", f"/v1/messages/msg_nothing{path}", body)
    assert (answer.status, answer.code) == (404, "not_found")
