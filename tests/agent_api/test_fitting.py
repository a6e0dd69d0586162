"""Replies that do not fit their channel as they are: said before, and sent as said."""

from dataclasses import replace

import pytest

from connectors.telegram import connector
from normalizer.fit import Limits

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
