"""Updates of Telegram, as data: every folder of samples is a request and what comes of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from connectors.api import Malformed, Rejected, Request
from connectors.telegram import Settings, connector
from normalizer.event import Event, MessageEdited, MessageReceived, ReachChanged
from normalizer.model import Text, Unsupported

SAMPLES = Path(__file__).parents[2] / "samples" / "telegram"
SETTINGS = Settings.model_validate(
    {"name": "support", "connector": "telegram", "token": "123456:made-up-token", "secret": "s3cret"}
)
NOW = datetime(2026, 11, 22, 9, 0, 0, 120_000, UTC)
EVENTS = TypeAdapter(list[Event])


def request(sample: dict[str, Any]) -> Request:
    body = sample["body"]
    return Request(
        "POST",
        "https://chat.example.com/hooks/support",
        sample["headers"],
        NOW,
        body=(body if isinstance(body, str) else json.dumps(body)).encode(),
    )


@pytest.mark.parametrize("case", sorted(SAMPLES.glob("*/")), ids=lambda path: path.name)
def test_sample(case: Path) -> None:
    given = request(json.loads((case / "request.json").read_text()))
    expected = json.loads((case / "expected.json").read_text())
    if "rejected" in expected:
        with pytest.raises(Rejected):
            connector.verify(given, SETTINGS)
        return
    connector.verify(given, SETTINGS)
    if "malformed" in expected:
        with pytest.raises(Malformed, match=f"^{expected['malformed']}: "):
            connector.parse(given, SETTINGS)
        return
    events = connector.parse(given, SETTINGS)
    assert events == EVENTS.validate_python(expected["events"])
    assert [json.loads(event.model_dump_json()) for event in events] == [
        event.model_dump(mode="json") for event in events
    ]
    assert all(event.to == SETTINGS.address for event in events)


def test_a_block_in_the_second_of_a_press_is_not_older_than_it() -> None:
    second = int(NOW.timestamp())
    who = {"id": 42, "is_bot": False, "first_name": "Ann"}
    press = {"update_id": 1, "callback_query": {"id": "9", "from": who, "chat_instance": "1", "data": "yes"}}
    moved = {"chat": {"id": 42, "type": "private"}, "from": who, "date": second}
    states = {"old_chat_member": {"status": "member"}, "new_chat_member": {"status": "kicked"}}
    block = {"update_id": 2, "my_chat_member": moved | states}
    later = NOW + timedelta(milliseconds=100)
    [pressed] = connector.parse(Request("POST", "/", {}, NOW, body=json.dumps(press).encode()), SETTINGS)
    [blocked] = connector.parse(Request("POST", "/", {}, later, body=json.dumps(block).encode()), SETTINGS)
    assert isinstance(pressed, MessageReceived)
    assert isinstance(blocked, ReachChanged)
    assert pressed.sent_at < blocked.at <= later


def edit_id(update_id: int | None, edit_date: int | None) -> str:
    said = {"message_id": 7, "chat": {"id": 42, "type": "private"}, "date": 1, "text": "hi", "edit_date": edit_date}
    update = {"update_id": update_id, "edited_message": {name: value for name, value in said.items() if value}}
    [event] = connector.parse(Request("POST", "/", {}, NOW, body=json.dumps(update).encode()), SETTINGS)
    assert isinstance(event, MessageEdited)
    return event.id


def test_two_edits_in_one_second_are_two_and_a_repeated_one_is_one() -> None:
    assert edit_id(900, 60) == edit_id(900, 60) == "edit:42:7:60.900"
    assert edit_id(901, 60) == "edit:42:7:60.901"
    assert edit_id(0, 60) == "edit:42:7:60.0"
    assert edit_id(None, 60) == "edit:42:7:60"
    assert edit_id(900, None) == "edit:42:7:update:900"


OTHERS = (
    "channel_post edited_channel_post business_connection business_message edited_business_message "
    "deleted_business_messages guest_message message_reaction_count inline_query chosen_inline_result shipping_query "
    "pre_checkout_query purchased_paid_media poll poll_answer chat_member chat_join_request chat_boost "
    "removed_chat_boost managed_bot subscription stopped_message_generation"
)


@pytest.mark.parametrize("kind", OTHERS.split())
@pytest.mark.parametrize("value", [{}, 5, {"chat": {"id": 42, "type": "private"}, "text": "hi"}])
def test_other_kinds_of_update_make_no_event(kind: str, value: Any) -> None:
    body = json.dumps({"update_id": 1, kind: value}).encode()
    assert connector.parse(Request("POST", "/", {}, NOW, body=body), SETTINGS) == []


@pytest.mark.parametrize("what", ["game", "poll", "dice", "story", "invoice", "giveaway", "hologram"])
def test_what_we_cannot_show_says_what_it_is_and_is_kept(what: str) -> None:
    said = {"message_id": 7, "chat": {"id": 42, "type": "private"}, "date": 1, what: {"x": [1]}}
    body = json.dumps({"update_id": 1, "message": said}).encode()
    [event] = connector.parse(Request("POST", "/", {}, NOW, body=body), SETTINGS)
    assert isinstance(event, MessageReceived)
    assert (event.parts, event.raw) == ((Unsupported(what=what),), said)


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_a_bot_that_polls_has_no_hook(mode: str) -> None:
    settings = Settings.model_validate(
        {"name": "support", "connector": "telegram", "token": "123456:made-up-token", "secret": "s3cret", "mode": mode}
    )
    given = Request("POST", "/", {"x-telegram-bot-api-secret-token": "s3cret"}, NOW)
    if mode == "webhook":
        connector.verify(given, settings)
        return
    with pytest.raises(Rejected):
        connector.verify(given, settings)


def test_without_a_secret_nothing_passes() -> None:
    settings = Settings.model_validate(
        {"name": "support", "connector": "telegram", "token": "123456:made-up-token", "mode": "polling"}
    )
    for headers in ({}, {"x-telegram-bot-api-secret-token": ""}, {"x-telegram-bot-api-secret-token": "None"}):
        with pytest.raises(Rejected):
            connector.verify(Request("POST", "/", headers, NOW), settings)


def test_a_caption_beside_something_we_cannot_show_keeps_its_format() -> None:
    said = {"message_id": 7, "chat": {"id": 42}, "date": 1, "paid_media": {"star_count": 5}, "caption": "for you"}
    said["caption_entities"] = [{"type": "bold", "offset": 4, "length": 3}]
    body = json.dumps({"update_id": 1, "message": said}).encode()
    [event] = connector.parse(Request("POST", "/", {}, NOW, body=body), SETTINGS)
    assert isinstance(event, MessageReceived)
    assert event.parts[1] == Text.model_validate(
        {"text": "for you", "format": [{"style": "bold", "start": 4, "length": 3}]}
    )
