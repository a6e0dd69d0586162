"""What holds for every update: bytes at random, JSON of Telegram's words, and a second opinion."""

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message as TheirMessage
from telegram import Update as TheirUpdate

from connectors.api import Malformed, Rejected, Request
from connectors.telegram import Settings, connector
from connectors.telegram.dialect import Message, Reach, Update
from connectors.telegram.salvage import ENVELOPE, SERVICE
from normalizer.event import MessageEdited, MessageReceived, ReachChanged
from normalizer.model import Choice, Contact, Location, Media, Text, Unsupported

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
    {str(field.alias or name) for model in (Update, Message, Reach) for name, field in model.model_fields.items()}
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


# A second opinion: python-telegram-bot reads the same.

IDS = st.integers(1, 2**52 - 1)
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
TIMES = st.integers(1, 4_000_000_000)
FILE = {"file_id": NAMES, "file_unique_id": NAMES}
SIZES = {"file_size": st.integers(0, 2**40)}
NAMED = SIZES | {"file_name": NAMES, "mime_type": st.sampled_from(["image/png", "video/webm", "audio/mpeg", "a/b"])}
PLACE = st.fixed_dictionaries({"latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180)})
PIXELS: dict[str, Any] = {"width": st.integers(1, 9_999), "height": st.integers(1, 9_999)}
LENGTH: dict[str, Any] = {"duration": st.integers(0, 9_999)}


def a_file(optional: Mapping[str, Any] = NAMED, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(FILE | fields, optional=dict(optional))


FILES = {
    "photo": st.lists(a_file(SIZES, **PIXELS), min_size=1, max_size=4).map(
        lambda sizes: sorted(sizes, key=lambda size: size["width"] * size["height"])
    ),
    "voice": a_file(SIZES, **LENGTH),
    "audio": a_file(**LENGTH),
    "video": a_file(**PIXELS, **LENGTH),
    "video_note": a_file(SIZES, **LENGTH, length=st.integers(1, 640)),
    "animation": a_file(**PIXELS, **LENGTH),
    "document": a_file(),
    "sticker": a_file(
        SIZES | {"emoji": NAMES}, **PIXELS, type=st.just("regular"), is_animated=st.booleans(), is_video=st.booleans()
    ),
}
CONTENT: list[st.SearchStrategy[dict[str, Any]]] = [
    st.fixed_dictionaries({"text": TEXTS}),
    *(st.fixed_dictionaries({kind: files}, optional={"caption": TEXTS}) for kind, files in FILES.items()),
    st.fixed_dictionaries({"location": PLACE}),
    PLACE.flatmap(
        lambda place: st.fixed_dictionaries(
            {
                "location": st.just(place),
                "venue": st.fixed_dictionaries({"location": st.just(place), "title": NAMES, "address": NAMES}),
            }
        )
    ),
    st.fixed_dictionaries(
        {"contact": st.fixed_dictionaries({"phone_number": NAMES, "first_name": NAMES}, optional={"last_name": NAMES})}
    ),
]


@st.composite
def genuine(draw: st.DrawFn) -> dict[str, Any]:
    """An update as Telegram documents it, of a kind that we read."""
    user = {"id": draw(IDS), "is_bot": False, "first_name": draw(NAMES)}
    user |= draw(st.fixed_dictionaries({}, optional={"last_name": NAMES, "username": NAMES}))
    chat = {"id": user["id"], "type": "private", "first_name": user["first_name"]}
    said: dict[str, Any] = {"message_id": draw(IDS), "from": user, "chat": chat, "date": draw(TIMES)}
    if draw(st.booleans()):
        said["reply_to_message"] = {"message_id": draw(IDS), "chat": chat, "date": draw(TIMES), "text": "?"}
    update = {"update_id": draw(IDS)}
    match draw(st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member"])):
        case "message":
            return update | {"message": said | draw(st.one_of(CONTENT))}
        case "edited_message":
            return update | {"edited_message": said | {"edit_date": draw(TIMES)} | draw(st.one_of(CONTENT))}
        case "callback_query":
            options = draw(st.lists(st.fixed_dictionaries({"text": NAMES, "callback_data": NAMES}), min_size=1))
            said |= {"text": "?", "reply_markup": {"inline_keyboard": [[option] for option in options]}}
            data = draw(st.sampled_from(options))["callback_data"]
            pressed = {"id": draw(NAMES), "from": user, "chat_instance": "1", "message": said, "data": data}
            return update | {"callback_query": pressed}
        case _:
            bot = {"user": {"id": 1, "is_bot": True, "first_name": "Shop"}}
            now = {"status": "kicked", "until_date": 0} if draw(st.booleans()) else {"status": "member"}
            then = {"status": "member"}
            moved = {"chat": chat, "from": user, "date": draw(TIMES)}
            return update | {"my_chat_member": moved | {"old_chat_member": bot | then, "new_chat_member": bot | now}}


@given(genuine())
def test_another_reader_agrees(update: dict[str, Any]) -> None:
    theirs = TheirUpdate.de_json(json.loads(json.dumps(update)), None)
    [ours] = parse(update)
    assert isinstance(ours, MessageReceived | MessageEdited | ReachChanged)
    assert theirs.effective_user is not None
    assert ours.identity == f"telegram:{theirs.effective_user.id}"
    match ours:
        case ReachChanged():
            assert theirs.my_chat_member is not None
            assert ours.id == f"update:{theirs.update_id}"
            assert (
                ours.change
                == {"kicked": "blocked", "member": "unblocked"}[theirs.my_chat_member.new_chat_member.status]
            )
            assert ours.at.replace(microsecond=0) == theirs.my_chat_member.date
        case MessageReceived(parts=(Choice() as part,)):
            assert theirs.callback_query is not None
            assert ours.id == f"callback:{theirs.callback_query.id}"
            assert part.id == theirs.callback_query.data
            message = theirs.callback_query.message
            assert isinstance(message, TheirMessage)
            assert part.of == f"{message.chat.id}:{message.message_id}"
            assert message.reply_markup is not None
            buttons = [button for [button] in message.reply_markup.inline_keyboard]
            assert part.label == next(button.text for button in buttons if button.callback_data == part.id)
        case MessageEdited():
            message = theirs.edited_message
            assert message is not None
            assert ours.provider_id == f"{message.chat.id}:{message.message_id}"
            assert ours.edited_at == message.edit_date
            same_content(ours.parts, message)
        case _:
            message = theirs.message
            assert message is not None
            same_message(ours, message)
            same_content(ours.parts, message)


def same_message(ours: MessageReceived, theirs: TheirMessage) -> None:
    assert ours.id == f"message:{theirs.chat.id}:{theirs.message_id}"
    assert ours.provider_ids == (f"{theirs.chat.id}:{theirs.message_id}",)
    assert ours.order == theirs.message_id
    assert ours.sent_at == theirs.date
    earlier = theirs.reply_to_message
    assert ours.reply_to == (f"{theirs.chat.id}:{earlier.message_id}" if earlier else "")
    assert theirs.from_user is not None
    assert ours.name == theirs.from_user.full_name.strip()


def same_content(parts: tuple[Any, ...], theirs: TheirMessage) -> None:
    match parts:
        case (Text(text=text),):
            assert text == theirs.text
        case (Media() as part,):
            file: Any = theirs.effective_attachment
            file = file[-1] if isinstance(file, tuple) else file
            assert part.ref == file.file_id
            assert part.size == file.file_size
            assert part.caption == (theirs.caption or "")
            assert part.name == (getattr(file, "file_name", None) or "")
            assert part.alt == (getattr(file, "emoji", None) or "")
            if getattr(file, "mime_type", None):
                assert part.mime == file.mime_type
        case (Location() as part,):
            assert theirs.location is not None
            assert (part.latitude, part.longitude) == (theirs.location.latitude, theirs.location.longitude)
            assert (part.name, part.address) == (
                (theirs.venue.title, theirs.venue.address) if theirs.venue else ("", "")
            )
        case (Contact() as part,):
            assert theirs.contact is not None
            assert part.phones == (theirs.contact.phone_number,)
            assert part.name == f"{theirs.contact.first_name} {theirs.contact.last_name or ''}".strip()
        case _:
            pytest.fail(f"{parts} for {theirs}")


def test_every_field_of_a_message_is_accounted_for() -> None:
    """A newer python-telegram-bot knows newer fields: decide for each whether it says who, what, or nothing."""
    read = {str(field.alias or name) for name, field in Message.model_fields.items()} - ENVELOPE
    spoken = {
        "chat_shared", "checklist", "checklist_tasks_added", "checklist_tasks_done", "dice", "game", "gift",
        "gift_upgrade_sent", "giveaway", "giveaway_winners", "invoice", "live_photo", "paid_media", "passport_data",
        "poll", "poll_option_added", "poll_option_deleted", "refunded_payment", "story", "successful_payment",
        "suggested_post_approval_failed", "suggested_post_approved", "suggested_post_declined", "suggested_post_paid",
        "suggested_post_refunded", "unique_gift", "users_shared", "web_app_data",
    }  # fmt: skip
    theirs = {"from" if name == "from_user" else name for name in TheirMessage.__slots__ if not name.startswith("_")}
    assert theirs - read - ENVELOPE - SERVICE == spoken
    assert not (ENVELOPE & SERVICE)
