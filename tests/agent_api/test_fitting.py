"""Replies that do not fit their channel as they are: said before, and sent as said."""

from dataclasses import replace

import pytest

from connectors import twilio
from connectors.telegram import connector
from gateway.config import Account
from normalizer.event import Outgoing
from normalizer.fit import Limits, segments
from normalizer.model import Text

LONG = "One sentence after another. " * 200
SMS = Limits(text=1600, caption=0, unit="gsm-7")


def asked(**more):
    return {"parts": [{"kind": "text", "text": LONG.strip()}], **more}


@pytest.fixture
def sms(house):
    """The channel of the second account turns into one that knows texts only."""
    account = house.accounts["second"]
    house.accounts["second"] = replace(account, connector=replace(connector, limits=SMS, accepts=None))


async def test_what_a_reply_becomes_is_said_and_nothing_is_sent(house, bot):
    record = await house.wrote()
    answer = await bot.post(f"/v1/conversations/{record.stream}/fit", asked())
    assert answer.status == 200
    assert answer.json["changes"] == [{"pointer": "/parts/0/text", "what": "split", "detail": "goes as 2 messages"}]
    assert " ".join(part["text"] for part in answer.json["parts"]) == LONG.strip()
    assert set(answer.json) == {"parts", "changes"}
    assert await house.store.unsettled() == []
    assert len((await bot.get(f"/v1/conversations/{record.stream}/messages")).json["data"]) == 1


async def test_what_was_said_is_what_is_queued(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    said = (await bot.post(f"{path}/fit", asked())).json
    headers = {"Idempotency-Key": "one"}
    sent = await bot.post(f"{path}/messages", asked(), headers=headers)
    assert sent.status == 202
    assert sent.json["parts"] == said["parts"]
    assert (await bot.post(f"{path}/messages", asked(), headers=headers)).json["id"] == sent.json["id"]
    await house.ended(sent.json["id"], "failed", ["42:1"], part=1)
    again = await bot.post(f"/v1/messages/{sent.json['id']}/resend")
    assert again.json["parts"] == said["parts"][1:]


async def test_segments_of_an_sms_are_counted(house, bot, sms):
    record = await house.wrote(account="second")
    body = {"parts": [{"kind": "text", "text": "x" * 161}, {"kind": "location", "latitude": 1, "longitude": 2}]}
    answer = (await bot.post(f"/v1/conversations/{record.stream}/fit", body)).json
    assert answer["segments"] == 3
    assert [one["what"] for one in answer["changes"]] == ["as_text"]


@pytest.mark.parametrize(
    ("text", "segments", "left", "encoding"),
    [
        ("hi", 1, 158, "gsm-7"),
        ("x" * 160, 1, 0, "gsm-7"),
        ("x" * 161, 2, 145, "gsm-7"),
        ("x" * 306, 2, 0, "gsm-7"),
        ("[" * 76, 1, 8, "gsm-7"),
        ("\u4f60", 1, 69, "ucs-2"),
        ("\U0001f389" * 34 + "\u4f60", 1, 1, "ucs-2"),
        ("x" * 71 + "\u4f60", 2, 62, "ucs-2"),
    ],
)
async def test_what_is_left_of_the_last_segment_is_said_of_every_sms(house, bot, sms, text, segments, left, encoding):
    record = await house.wrote(account="second")
    path = f"/v1/conversations/{record.stream}/fit"
    answer = (await bot.post(path, {"parts": [{"kind": "text", "text": text}]})).json
    assert (answer["segments"], answer["left"], answer["encoding"]) == (segments, left, encoding)
    more = (await bot.post(path, {"parts": [{"kind": "text", "text": f"{text}{'x' * left}"}]})).json
    assert (more["segments"], more["left"]) == (segments, 0)
    over = (await bot.post(path, {"parts": [{"kind": "text", "text": f"{text}{'x' * left}x"}]})).json
    assert over["segments"] == segments + 1


@pytest.mark.parametrize(("quotes", "told"), [("fold", (1, 89, "gsm-7")), ("keep", (2, 63, "ucs-2"))])
async def test_segments_are_counted_of_the_text_as_it_goes(house, bot, quotes, told):
    given = {"account_sid": "AC1", "auth_token": "t", "sender": "+15550006789", "smart_quotes": quotes}
    settings = twilio.Settings(name="second", connector="twilio", brand="main", **given)
    house.accounts["second"] = Account("second", twilio.connector, settings)
    record = await house.wrote(account="second")
    text = "\u201cIt\u2019s " + "x" * 64 + "\u201d"
    answer = (
        await bot.post(f"/v1/conversations/{record.stream}/fit", {"parts": [{"kind": "text", "text": text}]})
    ).json
    assert (answer["segments"], answer["left"], answer["encoding"]) == told
    assert answer["parts"] == [{"kind": "text", "text": text}]
    message = Outgoing(id="msg_1", to="tel:+33612345678", parts=(Text(text=text),))
    sent = next(twilio.connector.send(message, settings)).form["Body"]
    assert (segments(sent).segments, segments(sent).encoding) == (answer["segments"], answer["encoding"])


async def test_a_link_is_counted_and_a_picture_is_not(house, bot, sms):
    record = await house.wrote(account="second")
    path = f"/v1/conversations/{record.stream}/fit"
    link = {"kind": "link", "url": "https://example.com/" + "x" * 200, "title": "Read"}
    assert (await bot.post(path, {"parts": [link]})).json["segments"] == 2
    house.accounts["second"] = replace(
        house.accounts["second"],
        connector=replace(
            connector, limits=replace(SMS, parts=SMS.parts | {"media"}, media_types=frozenset({"image"}))
        ),
    )
    picture = {"kind": "media", "media_type": "image", "url": "https://example.com/a.jpg"}
    answer = (await bot.post(path, {"parts": [picture]})).json
    assert (answer["segments"], "left" in answer) == (0, False)


async def test_it_is_fitted_to_where_it_goes(house, bot, sms):
    record = await house.wrote()
    await house.wrote(account="second")
    path = f"/v1/conversations/{record.stream}/fit"
    choices = {"kind": "choices", "text": "Well?", "choices": [{"id": "a", "label": "Yes"}]}
    assert (await bot.post(path, {"parts": [choices], "via": "support"})).json["changes"] == []
    plain = (await bot.post(path, {"parts": [choices]})).json
    assert plain["parts"] == [{"kind": "text", "text": "Well?\n1. Yes"}]
    assert [one["what"] for one in plain["changes"]] == ["choices_numbered"]


async def test_what_cannot_be_fitted_is_refused_as_the_reply_would_be(house, bot, sms):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    bodies = [
        {"parts": [{"kind": "unsupported", "what": "x"}]},
        {"parts": [{"kind": "text", "text": " "}]},
        asked(via="nothing"),
        {"parts": []},
    ]
    for body in bodies:
        told, sent = [await bot.post(f"{path}/{what}", body) for what in ("fit", "messages")]
        assert (told.status, told.code, told.pointers) == (422, sent.code, sent.pointers)
    del house.accounts["support"]
    for body in (asked(), asked(via="support")):
        told, sent = [await bot.post(f"{path}/{what}", body) for what in ("fit", "messages")]
        assert (told.status, told.code, told.pointers) == (422, "unreachable", sent.pointers)


async def test_only_who_may_reply_may_ask(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/fit"
    assert (await (await house.key("reader", "read")).post(path, asked())).status == 403
    assert (await (await house.key("shop", brands=["shop"])).post(path, asked())).status == 404
    assert (await bot.post("/v1/conversations/cnv_nothing/fit", asked())).status == 404
