"""A bot's own affairs: settings, webhook, credentials, files, buttons."""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.api import Answer, Call, Fetched, Health, Refused, powers
from connectors.telegram import Settings, connector
from normalizer.event import MessageReceived
from normalizer.model import Choice, Text

TOKEN = "123456:made-up-token"
GIVEN = {"name": "support", "connector": "telegram", "token": TOKEN, "secret": "s3cret"}
SETTINGS = Settings.model_validate(GIVEN)
LOCAL = Settings.model_validate(GIVEN | {"api": "http://127.0.0.1:8081/"})


def run(steps: Generator[Call, Answer, Any], *results: Any) -> tuple[list[Call], Any]:
    """The calls, each answered with the next result (or refused), and what comes of it."""
    made = [next(steps)]
    for result in results:
        try:
            if isinstance(result, Refused):
                made.append(steps.throw(result))
            else:
                body = result if isinstance(result, bytes) else json.dumps({"ok": True, "result": result}).encode()
                made.append(steps.send(Answer(200, body=body)))
        except StopIteration as end:
            return made, end.value
    raise AssertionError("more calls than results")


def test_settings_show_no_secret() -> None:
    shown = f"{SETTINGS!r} {SETTINGS} {SETTINGS.model_dump()} {SETTINGS.model_dump_json()}"
    assert TOKEN not in shown
    assert "s3cret" not in shown
    assert SETTINGS.base == "https://api.telegram.org"
    assert LOCAL.base == "http://127.0.0.1:8081"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"secret": "not allowed!"}, "A-Z, a-z, 0-9, _ and -"),
        ({"secret": ""}, "1 to 256"),
        ({"secret": "x" * 257}, "1 to 256"),
        ({"secret": "s3cret\n"}, "1 to 256"),
        ({"token": ""}, "BotFather"),
        ({"token": "123456:made-up-token/../x"}, "BotFather"),
        ({"token": "123456:made up token"}, "BotFather"),
        ({"token": "123456:made-up-t\u00f6ken"}, "BotFather"),
        ({"tokn": "x"}, "tokn"),
        ({"name": 5}, "name"),
    ],
)
def test_wrong_settings_say_what_is_wrong_and_nothing_secret(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as error:
        Settings.model_validate(GIVEN | wrong)
    for secret in (TOKEN, "s3cret", "not allowed!", "made"):
        assert secret not in str(error.value)
        assert secret not in repr(error.value)


def test_a_missing_setting_shows_none_of_the_others() -> None:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate({"name": "support", "connector": "telegram", "token": TOKEN})
    assert TOKEN not in str(error.value)


def test_connect_sets_the_webhook() -> None:
    assert connector.connect is not None
    made, _ = run(connector.connect("https://chat.example.com/hooks/support", SETTINGS), {})
    [call] = made
    assert call.url == f"https://api.telegram.org/bot{TOKEN}/setWebhook"
    assert not call.effect
    assert json.loads(json.dumps(call.json)) == {
        "url": "https://chat.example.com/hooks/support",
        "secret_token": "s3cret",
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
    }
    assert TOKEN not in repr(call)
    assert "s3cret" not in repr(call)


ME = {"id": 1, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
HOOK = {
    "url": f"https://u:p@chat.example.com/hooks/{TOKEN}",
    "has_custom_certificate": False,
    "pending_update_count": 3,
}


@pytest.mark.parametrize(
    ("results", "health"),
    [
        ((ME, HOOK), Health(ok=True, detail="@shop_bot: webhook at chat.example.com, 3 updates pending")),
        (
            (ME, HOOK | {"last_error_date": 1, "last_error_message": f"Wrong response: 503 for {TOKEN}"}),
            Health(
                ok=True,
                detail="@shop_bot: webhook at chat.example.com, 3 updates pending; last error: Wrong response: 503 for …",
            ),
        ),
        (
            (ME, HOOK | {"url": ""}),
            Health(ok=False, detail="@shop_bot: no webhook is set; `passerelle connect` sets it"),
        ),
        ((Refused("auth_expired", "Unauthorized", "401"),), Health(ok=False, detail="Unauthorized")),
        ((b"<html>", HOOK), Health(ok=False, detail="this is not Telegram's answer: is `api` right?")),
        ((ME, b"<html>"), Health(ok=False, detail="this is not Telegram's answer: is `api` right?")),
    ],
)
def test_check(results: tuple[Any, ...], health: Health) -> None:
    assert connector.check is not None
    made, found = run(connector.check(SETTINGS), *results)
    assert found == health
    assert [call.name for call in made] == ["0:getMe", "0:getWebhookInfo"][: len(results)]
    assert not any(call.effect for call in made)


def test_a_file_is_fetched_in_two_calls() -> None:
    assert connector.fetch is not None
    file = {"file_id": "p-l", "file_unique_id": "u", "file_path": "/photos/file 1é.jpg"}
    made, fetched = run(connector.fetch("p-l", LOCAL), file)
    assert [(call.name, call.json, call.effect) for call in made] == [("0:getFile", {"file_id": "p-l"}, False)]
    assert isinstance(fetched, Fetched)
    assert fetched.call.url == f"http://127.0.0.1:8081/file/bot{TOKEN}/photos/file%201%C3%A9.jpg"
    assert (fetched.call.method, fetched.call.effect) == ("GET", False)
    assert TOKEN not in repr(fetched)


def test_a_file_that_telegram_does_not_give() -> None:
    assert connector.fetch is not None
    assert run(connector.fetch("p-l", SETTINGS), {"file_id": "p-l"})[1] is None
    assert run(connector.fetch("p-l", SETTINGS), {"file_id": "p-l", "file_path": "\ud800"})[1] is None


def received(event_id: str, part: Any) -> MessageReceived:
    return MessageReceived(
        id=event_id,
        identity="telegram:42",
        sent_at=datetime(2026, 11, 22, tzinfo=UTC),
        parts=(part,),
        provider_ids=(event_id,),
    )


def test_a_pressed_button_is_acknowledged() -> None:
    assert connector.acknowledge is not None
    [call] = connector.acknowledge(received("callback:77:x", Choice(id="a", label="A")), SETTINGS)
    assert (call.name, call.json, call.effect) == ("0:answerCallbackQuery", {"callback_query_id": "77:x"}, False)
    assert list(connector.acknowledge(received("message:42:7", Text(text="hi")), SETTINGS)) == []


def test_typing() -> None:
    assert connector.typing is not None
    [call] = connector.typing("telegram:42", SETTINGS)
    assert (call.name, call.json, call.effect) == ("0:sendChatAction", {"chat_id": 42, "action": "typing"}, False)


def test_the_powers_of_telegram() -> None:
    assert powers(connector) == ("acknowledge", "fetch", "connect", "check", "typing")
