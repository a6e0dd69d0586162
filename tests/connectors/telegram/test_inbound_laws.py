"""What holds for every update: bytes at random, and JSON of Telegram's words."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from connectors.api import Malformed, Rejected, Request
from connectors.telegram import Settings, connector
from connectors.telegram.dialect import Message, Reach, Reactions, Update
from connectors.telegram.salvage import SERVICE
from normalizer.event import MessageReceived
from normalizer.model import Unsupported

SETTINGS = Settings.model_validate(
    {"name": "support", "connector": "telegram", "token": "123456:made-up-token", "secret": "s3cret"}
)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def request(body: bytes, headers: dict[str, str] | None = None) -> Request:
    return Request("POST", "https://chat.example.com/hooks/support", headers or {}, NOW, body=body)


def parse(update: object) -> list[Any]:
    return list(connector.parse(request(json.dumps(update).encode()), SETTINGS))


# Parse raises nothing but Malformed.

WORDS = sorted(
    {field.encode_name for kind in (Update, Message, Reach, Reactions) for field in fields(kind)}
    | {"id", "type", "file_id", "file_size", "inline_keyboard", "reply_markup", "data", "status", "first_name", "dice"}
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
SCALARS |= st.sampled_from(["private", "kicked", "member", 0, 42, -1, 2**63, 1e400])


def objects(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inside, max_size=6)


ANYTHING = st.recursive(SCALARS, objects, max_leaves=20)
PERSON = st.fixed_dictionaries(
    {"id": st.sampled_from([1, 42, -100, "7", None])},
    optional={"type": st.sampled_from(["private", "group", 1]), "first_name": SCALARS, "username": SCALARS},
)
SAID = st.fixed_dictionaries(
    {"chat": PERSON}, optional={name: ANYTHING for name in WORDS if name != "chat"} | {"from": PERSON | ANYTHING}
)
PRESSED = st.fixed_dictionaries(
    {"id": st.text()}, optional={"from": PERSON, "data": SCALARS, "message": SAID | ANYTHING}
)
UPDATES = st.fixed_dictionaries(
    {},
    optional={
        "update_id": st.integers() | SCALARS,
        "message": SAID | ANYTHING,
        "edited_message": SAID | ANYTHING,
        "callback_query": PRESSED | ANYTHING,
        "my_chat_member": SAID | ANYTHING,
        "message_reaction": SAID | ANYTHING,
    },
)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        connector.parse(request(body), SETTINGS)


@given(UPDATES | ANYTHING)
def test_any_json_is_read_or_malformed_and_what_is_read_can_be_written(update: object) -> None:
    try:
        events = parse(update)
    except Malformed:
        return
    for event in events:
        written = event.model_dump_json()
        assert type(event).model_validate_json(written) == event
        json.dumps(event.model_dump(mode="json"), allow_nan=False).encode()


@given(st.dictionaries(st.sampled_from(sorted(set(WORDS) - SERVICE - {"chat", "id"})), SCALARS, max_size=4), ANYTHING)
def test_a_readable_sender_is_never_lost(said: dict[str, Any], hologram: object) -> None:
    [event] = parse({"message": said | {"chat": {"id": 42, "type": "private"}, "hologram": hologram or 1}})
    assert event.identity == "telegram:42"
    assert event.parts


@pytest.mark.parametrize("depth", [10, 60, 100, 190, 900, 5_000, 300_000])
def test_a_bottomless_pit(depth: int) -> None:
    body = b'{"update_id":1,"message":{"message_id":7,"chat":{"id":42},"hologram":%s}}' % (b"[" * depth + b"]" * depth)
    try:
        [event] = connector.parse(request(body), SETTINGS)
    except Malformed:
        assert depth > 900 - 100
        return
    assert json.loads(event.model_dump_json())["raw"]["message_id"] == 7
    assert event.model_dump_json().count("[") < 70


def test_a_long_list_of_rubbish_costs_little() -> None:
    body = b'{"update_id":1,"message":{"message_id":7,"chat":{"id":42},"photo":[%s1]}}' % (b"1," * 100_000)
    [event] = connector.parse(request(body), SETTINGS)
    assert isinstance(event, MessageReceived)
    assert event.parts == (Unsupported(what="photo"),)


# Verify fails closed.


@given(st.none() | st.text(st.characters(exclude_categories=())))
def test_only_the_secret_passes(secret: str | None) -> None:
    headers = {} if secret is None else {"x-telegram-bot-api-secret-token": secret}
    if secret == "s3cret":
        connector.verify(request(b"", headers), SETTINGS)
        return
    with pytest.raises(Rejected) as rejected:
        connector.verify(request(b"", headers), SETTINGS)
    assert "s3cret" not in str(rejected.value)
