"""Updates of Telegram, as data: every folder of samples is a request and what comes of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from connectors.api import Malformed, Rejected, Request
from connectors.telegram import Settings, connector
from normalizer.event import Event, MessageReceived, ReachChanged

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


@pytest.mark.parametrize("case", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
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
