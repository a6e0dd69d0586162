"""A bot's own affairs: settings, webhook, credentials, files, buttons."""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.api import Answer, Call, Fetched, Health, Profile, Refused, Request, powers
from connectors.telegram import Settings, connector
from normalizer.event import MessageReceived
from normalizer.model import Choice, Text

TOKEN = "123456:made-up-token"
GIVEN = {"name": "support", "connector": "telegram", "token": TOKEN, "secret": "s3cret"}
SETTINGS = Settings.model_validate(GIVEN)
POLLING = Settings.model_validate({"name": "support", "connector": "telegram", "token": TOKEN, "mode": "polling"})
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
        ({"mode": "pigeon"}, "polling"),
        ({"mode": "pigeon", "secret": None}, "polling"),
        ({"mode": "polling", "secret": "not allowed!"}, "1 to 256"),
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
    [one] = error.value.errors()
    assert (one["type"], one["loc"]) == ("missing", ("secret",))


@pytest.mark.parametrize(
    ("more", "polls"),
    [({"secret": "s3cret"}, False), ({"secret": "s", "mode": "polling"}, True), ({"mode": "polling"}, True)],
)
def test_only_a_bot_that_polls_needs_no_secret(more: dict[str, Any], polls: bool) -> None:
    settings = Settings.model_validate({"name": "support", "connector": "telegram", "token": TOKEN, **more})
    assert settings.polls is polls


def test_connect_sets_the_webhook() -> None:
    assert connector.connect is not None
    made, _ = run(connector.connect("https://chat.example.com/hooks/support", SETTINGS), {})
    [call] = made
    assert call.url == f"https://api.telegram.org/bot{TOKEN}/setWebhook"
    assert not call.effect
    assert json.loads(json.dumps(call.json)) == {
        "url": "https://chat.example.com/hooks/support",
        "secret_token": "s3cret",
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"],
    }
    assert TOKEN not in repr(call)
    assert "s3cret" not in repr(call)


def test_connect_of_a_bot_that_polls_removes_the_webhook_and_drops_nothing() -> None:
    assert connector.connect is not None
    made, _ = run(connector.connect("https://chat.example.com/hooks/support", POLLING), {})
    [call] = made
    assert (call.name, call.json, call.effect) == ("0:deleteWebhook", {}, False)


# Polling.


def test_a_poll_waits_and_goes_on_from_its_cursor() -> None:
    assert connector.poll is not None
    for cursor, offset in (("", {}), ("901", {"offset": 901}), ("?", {})):
        made, _ = run(connector.poll(cursor, POLLING), [])
        [call] = made
        assert (call.name, call.effect, call.waits) == ("0:getUpdates", False, 50)
        kinds = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
        assert call.json == {"limit": 100, "timeout": 50, "allowed_updates": kinds, **offset}


def test_what_a_poll_brings_is_read_like_webhooks() -> None:
    assert connector.polled is not None
    said = {"message_id": 7, "chat": {"id": 42, "type": "private"}, "date": 1, "text": "h\u00e9 \U0001f389"}
    updates = [{"update_id": 901, "message": said}, {"update_id": 900, "poll": {}}, {"no": "id"}]
    bodies, cursor = connector.polled(Answer(200, body=json.dumps({"ok": True, "result": updates}).encode()), POLLING)
    assert [json.loads(body) for body in bodies] == updates
    assert cursor == "902"
    [event] = connector.parse(Request("POST", "", {}, datetime(2026, 11, 22, tzinfo=UTC), body=bodies[0]), POLLING)
    assert isinstance(event, MessageReceived)
    assert event.parts == (Text(text="h\u00e9 \U0001f389"),)


@pytest.mark.parametrize(
    "body", [b'{"ok":true,"result":[]}', b"<html>", b"", b"[]", b'{"ok":true}', b'{"result":5}', b"[" * 100_000]
)
def test_a_poll_that_brings_nothing_leaves_the_cursor(body: bytes) -> None:
    assert connector.polled is not None
    assert connector.polled(Answer(200, body=body), POLLING) == ([], "")


def test_an_update_without_a_number_does_not_move_the_cursor() -> None:
    assert connector.polled is not None
    answer = Answer(200, body=b'{"result":[5,{"update_id":"x"},{"update_id":%s1%s}]}' % (b"[" * 900, b"]" * 900))
    bodies, cursor = connector.polled(answer, POLLING)
    assert (len(bodies), cursor) == (3, "")


def test_a_poll_is_refused_if_it_was_not_telegram_that_answered() -> None:
    assert connector.poll is not None
    with pytest.raises(Refused, match="is `api` right"):
        run(connector.poll("", POLLING), b"<html>")


# Check.

ME = {"id": 1, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
HOOK = {
    "url": f"https://u:p@chat.example.com/hooks/{TOKEN}",
    "has_custom_certificate": False,
    "pending_update_count": 3,
}
FAULT = {"last_error_date": 1_790_000_000, "last_error_message": f"Wrong response: 503 for {TOKEN}"}
SAID = "last error at 2026-09-21T14:13:20.000Z: Wrong response: 503 for …"
NOT_TELEGRAM = Health(ok=False, detail="this is not Telegram's answer: is `api` right?", code="wrong_address")
FIX = "see that the internet reaches chat.example.com, and that `passerelle serve` runs there"


@pytest.mark.parametrize(
    ("results", "health"),
    [
        ((ME, HOOK), Health(ok=True, detail="@shop_bot: webhook at chat.example.com, 3 updates pending")),
        (
            (ME, HOOK | FAULT),
            Health(
                ok=False,
                detail=f"@shop_bot: webhook at chat.example.com, 3 updates pending; {SAID}; {FIX}",
                code="hook_failing",
            ),
        ),
        (
            (ME, HOOK | FAULT | {"pending_update_count": 0}),
            Health(ok=True, detail=f"@shop_bot: webhook at chat.example.com, 0 updates pending; {SAID}"),
        ),
        (
            (ME, HOOK | {"allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"]}),
            Health(
                ok=True,
                detail="@shop_bot: webhook at chat.example.com, 3 updates pending, "
                "without message_reaction until `passerelle connect` is run again",
            ),
        ),
        (
            (ME, HOOK | {"url": ""}),
            Health(ok=False, detail="@shop_bot: no webhook is set; `passerelle connect` sets it", code="hook_missing"),
        ),
        (
            (Refused("auth_expired", "Unauthorized", "401"),),
            Health(ok=False, detail="Unauthorized", down=True, code="auth_expired"),
        ),
        ((Refused("content_rejected", "Bad", "400"),), Health(ok=False, detail="Bad", code="unknown")),
        ((b"<html>", HOOK), NOT_TELEGRAM),
        ((ME, b"<html>"), NOT_TELEGRAM),
    ],
)
def test_check(results: tuple[Any, ...], health: Health) -> None:
    assert connector.check is not None
    made, found = run(connector.check(SETTINGS), *results)
    assert found == health
    assert [call.name for call in made] == ["0:getMe", "0:getWebhookInfo"][: len(results)]
    assert not any(call.effect for call in made)


@pytest.mark.parametrize(
    ("date", "ok"),
    [
        ("Mon, 21 Sep 2026 14:13:21 GMT", False),
        ("Mon, 21 Sep 2026 15:13:19 GMT", False),
        ("Mon, 21 Sep 2026 15:13:20 GMT", True),  # updates are on their way again
        ("soon", False),
        ("", False),
    ],
)
def test_an_error_of_long_ago_is_no_fault(date: str, ok: bool) -> None:
    assert connector.check is not None
    steps = connector.check(SETTINGS)
    next(steps)
    steps.send(Answer(200, body=json.dumps({"ok": True, "result": ME}).encode()))
    with pytest.raises(StopIteration) as end:
        steps.send(Answer(200, {"date": date}, json.dumps({"ok": True, "result": HOOK | FAULT}).encode()))
    assert end.value.value.ok is ok
    assert SAID in end.value.value.detail


@pytest.mark.parametrize(
    ("hook", "health"),
    [
        (HOOK | {"url": ""}, Health(ok=True, detail="@shop_bot: polling, 3 updates pending")),
        (
            HOOK,
            Health(
                ok=False,
                detail="@shop_bot: nothing can be polled while a webhook is set, at chat.example.com; "
                "`passerelle connect` removes it",
                code="hook_in_the_way",
            ),
        ),
    ],
)
def test_check_of_a_bot_that_polls(hook: dict[str, Any], health: Health) -> None:
    assert connector.check is not None
    assert run(connector.check(POLLING), ME, hook)[1] == health


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
    spoilt = run(connector.fetch("p-l", SETTINGS), {"file_id": "p-l", "file_path": "a\ud800"})[1]
    assert spoilt is not None
    assert spoilt.call.url.endswith("/a%EF%BF%BD")  # half a character: Telegram will say that there is no such file


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
    [call] = connector.typing("telegram:42", "42:7", SETTINGS)
    assert (call.name, call.json, call.effect) == ("0:sendChatAction", {"chat_id": 42, "action": "typing"}, False)


def test_the_powers_of_telegram() -> None:
    assert powers(connector) == (
        "acknowledge", "fetch", "connect", "check", "poll", "typing", "edit", "delete", "react", "profile",
    )  # fmt: skip


# Who customers are.

CHAT = {"id": 77, "type": "private", "first_name": "Ann", "accent_color_id": 0}
PHOTO = {
    "small_file_id": "AQAD1",
    "small_file_unique_id": "AQADu",
    "big_file_id": "AQAD2",
    "big_file_unique_id": "AQADv",
}


@pytest.mark.parametrize(
    ("result", "found"),
    [
        (CHAT | {"photo": PHOTO}, Profile(picture="AQAD1", version="AQADu")),
        (CHAT, Profile(picture="")),
        (CHAT | {"photo": {}}, Profile()),
        (b"<html>", Profile()),
        (Refused("invalid_recipient", "chat not found", "400"), Profile()),
    ],
)
def test_the_small_picture_of_a_customer(result: Any, found: Profile) -> None:
    assert connector.profile is not None
    [call], profile = run(connector.profile("telegram:77", SETTINGS), result)
    assert profile == found
    assert (call.name, call.effect, call.json) == ("0:getChat", False, {"chat_id": 77})
