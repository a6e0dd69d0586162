"""What the samples cannot say: accounts that are configured otherwise, and answers that go on and on."""

import json
from typing import Any

from connectors.api import Answer, Call
from connectors.testing.running import run
from connectors.whatsapp import Settings, connector
from connectors.whatsapp.templates import PAGES

GIVEN: dict[str, Any] = {
    "name": "support", "connector": "whatsapp", "phone_number_id": "123", "token": "made-up-token",
    "app_secret": "made-up-app-secret", "verify_token": "made-up-verify-token",
}  # fmt: skip


def test_without_the_account_nobody_can_say_which_templates_there_are_nor_connect() -> None:
    assert connector.templates is not None
    assert connector.connect is not None
    settings = Settings.model_validate(GIVEN)
    found = run(connector.templates(settings), connector.classify, lambda *_: Answer(200))
    assert (found.calls, found.returned) == ([], None)
    assert found.refused is not None
    assert "`waba_id`" in found.refused.detail
    assert found.refused.provider_code == ""
    found = run(connector.connect("https://chat.example.com/", settings), connector.classify, lambda *_: Answer(200))
    assert found.calls == []
    assert found.refused is not None
    assert "`waba_id`" in found.refused.detail


def test_templates_that_never_end() -> None:
    assert connector.templates is not None
    settings = Settings.model_validate(GIVEN | {"waba_id": "1"})

    def page(_number: int, _call: Call) -> Answer:
        told = {"data": [], "paging": {"cursors": {"after": "again"}, "next": "https://graph.facebook.com/"}}
        return Answer(200, {}, json.dumps(told).encode())

    found = run(connector.templates(settings), connector.classify, page)
    assert len(found.calls) == PAGES
    assert found.returned == []


def test_a_short_token_is_not_quoted_either() -> None:
    settings = Settings.model_validate(GIVEN | {"token": "sh0rt"})
    assert connector.check is not None
    told = {"error": {"code": 190, "message": "no such token: sh0rt"}}
    found = run(connector.check(settings), connector.classify, lambda *_: Answer(401, {}, json.dumps(told).encode()))
    assert found.returned.down
    assert "sh0rt" not in found.returned.detail
