"""The approved texts of an account: listed from the provider, remembered, and let through a closed window."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors import twilio, whatsapp
from connectors.api import Answer
from gateway.config import Account
from gateway.ports import NeverSent, NoAnswer
from normalizer.windows import Window

ORDER = {
    "name": "order_sent", "language": "en", "status": "APPROVED", "category": "UTILITY",
    "components": [{"type": "BODY", "text": "Order {{1}} is on its way"}, {"type": "FOOTER", "text": "Shop"}],
}  # fmt: skip
SHOWN = {
    "name": "order_sent", "language": "en", "category": "utility", "status": "approved",
    "body": "Order {{1}} is on its way", "parameters": ["1"], "header": "", "footer": "Shop", "buttons": [],
}  # fmt: skip
PATH = "/v1/accounts/numbers/templates"


def told(said: Any, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(said).encode())


def refused(code: int, status: int = 400) -> Answer:
    return told({"error": {"message": f"(#{code}) No", "type": "OAuthException", "code": code}}, status)


@pytest.fixture
def numbers(house):
    """An account of WhatsApp beside the others; gives what its provider is to answer."""
    given = {"phone_number_id": "123", "waba_id": "9", "token": "t", "app_secret": "s", "verify_token": "v"}
    settings = whatsapp.Settings(name="numbers", connector="whatsapp", brand="main", **given)
    house.accounts["numbers"] = Account("numbers", whatsapp.connector, settings)
    return house.http_out


async def test_templates_are_listed_as_the_provider_says(bot, numbers):
    numbers.answers = [told({"data": [ORDER]})]
    answer = await bot.get(PATH)
    assert (answer.status, answer.json) == (200, {"data": [SHOWN]})
    [call] = numbers.asked
    assert "/9/message_templates?" in call.url


async def test_all_pages_are_read(bot, numbers):
    second = ORDER | {"name": "second"}
    paging = {"cursors": {"after": "x"}, "next": "https://graph.facebook.com/more"}
    numbers.answers = [told({"data": [ORDER], "paging": paging}), told({"data": [second]})]
    assert [one["name"] for one in (await bot.get(PATH)).json["data"]] == ["order_sent", "second"]
    assert len(numbers.asked) == 2


async def test_a_list_is_remembered_for_five_minutes(house, bot, numbers):
    numbers.answers = [told({"data": [ORDER]}), told({"data": []}), told({"data": [ORDER]})]
    for _ in range(3):
        assert len((await bot.get(PATH)).json["data"]) == 1
    assert len(numbers.asked) == 1
    house.clock.ahead += timedelta(minutes=6)
    assert (await bot.get(PATH)).json["data"] == []
    assert (await bot.get(f"{PATH}?fresh=false")).json["data"] == []
    assert len((await bot.get(f"{PATH}?fresh=true")).json["data"]) == 1
    assert len((await bot.get(PATH)).json["data"]) == 1
    assert len(numbers.asked) == 3


async def test_who_asks_together_asks_the_provider_once(bot, numbers):
    numbers.answers = [told({"data": [ORDER]})]
    found = await asyncio.gather(*(bot.get(PATH) for _ in range(5)))
    assert [answer.json["data"] for answer in found] == [[SHOWN]] * 5
    assert len(numbers.asked) == 1


async def test_a_failure_is_told_in_the_providers_words_and_not_remembered(bot, numbers):
    numbers.answers = [refused(190, 401), told("<html>"), told({"data": [ORDER]})]
    answer = await bot.get(PATH)
    assert (answer.status, answer.code, answer.json["provider_code"]) == (502, "auth_expired", "190")
    assert "(#190) No" in answer.json["detail"]
    answer = await bot.get(PATH)
    assert (answer.status, answer.code, answer.json["provider_code"]) == (502, "unknown", "200")
    assert (await bot.get(PATH)).status == 200


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused(130429), "rate_limited"),
        (refused(2, 500), "provider_down"),
        (Answer(502, {}, b"<html>"), "provider_down"),
        (NeverSent("refused"), "provider_down"),
        (NoAnswer("reset"), "provider_down"),
    ],
)
async def test_a_provider_that_cannot_just_now_is_asked_again_later(bot, numbers, answer, code):
    numbers.answers = [answer]
    found = await bot.get(PATH)
    assert (found.status, found.code) == (503, code)
    assert int(found.headers["Retry-After"]) > 0
    assert found.json["detail"].startswith("whatsapp did not")


async def test_a_channel_without_templates_says_so(bot):
    answer = await bot.get("/v1/accounts/support/templates")
    assert (answer.status, answer.code) == (422, "unsupported")
    assert answer.json["detail"] == "telegram has no templates"


async def test_settings_that_do_not_say_whose_templates_say_so(house, bot, numbers):
    account = house.accounts["numbers"]
    house.accounts["numbers"] = replace(account, settings=account.settings.model_copy(update={"waba_id": ""}))
    answer = await bot.get(PATH)
    assert (answer.status, answer.code) == (422, "unsupported")
    assert "waba_id" in answer.json["detail"]
    assert numbers.asked == []


async def test_only_who_may_reply_and_whose_brand_it_is_may_ask(house, bot, numbers):
    numbers.answers = [told({"data": [ORDER]})]
    assert (await (await house.key("reader", "read")).get(PATH)).status == 403
    assert (await (await house.key("shop", brands=["shop"])).get(PATH)).status == 404
    assert (await bot.get("/v1/accounts/nobody/templates")).status == 404
    assert (await bot.get(f"{PATH}?fresh=perhaps")).pointers == ["/fresh"]
    assert numbers.asked == []


async def test_twilio_lists_its_contents(house, bot, numbers):
    given = {"account_sid": "AC1", "auth_token": "t", "sender": "+15550006789"}
    settings = twilio.WhatsAppSettings(name="sms", connector="twilio_whatsapp", brand="main", **given)
    house.accounts["numbers"] = Account("numbers", twilio.whatsapp, settings)
    body = {"types": {"twilio/text": {"body": "Hi {{1}}"}}, "sid": "HX1", "friendly_name": "hello", "language": "en"}
    numbers.answers = [told({"contents": [body], "meta": {}})]
    [found] = (await bot.get(PATH)).json["data"]
    assert (found["name"], found["body"], found["status"]) == ("hello", "Hi {{1}}", "unsubmitted")
    assert numbers.asked[0].url.startswith("https://content.twilio.com/v1/ContentAndApprovals?")


async def test_after_the_window_only_a_template_goes_and_the_refusal_says_so(house, bot):
    account = house.accounts["support"]
    limits = replace(account.connector.limits, parts=account.connector.limits.parts | {"template"})
    connector = replace(account.connector, window=Window(hours=24), limits=limits)
    house.accounts["support"] = replace(account, connector=connector)
    house.replies._windows["support"] = connector.window
    record = await house.wrote(at=house.clock.now() - timedelta(hours=25))
    path = f"/v1/conversations/{record.stream}/messages"
    assert (await bot.get(f"/v1/conversations/{record.stream}")).json["reply_window"]["open"] is False
    answer = await bot.post(path, {"parts": [{"kind": "text", "text": "hello"}]})
    assert (answer.status, answer.code, answer.pointers) == (422, "window_closed", ["/parts/0"])
    assert answer.json["may_send"] == ["template"]
    assert answer.json["closed_at"].endswith("Z")
    template = {"kind": "template", "name": "order_sent", "language": "en", "parameters": {"1": "42"}}
    sent = await bot.post(path, {"parts": [template]})
    assert (sent.status, sent.json["parts"]) == (202, [template])
