"""A second opinion on every kind of update that we read: python-telegram-bot reads the same."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields
from telegram import Message as TheirMessage
from telegram import MessageEntity
from telegram import ReactionTypeEmoji as TheirEmoji
from telegram import Update as TheirUpdate

from connectors.api import Request
from connectors.telegram import Settings, connector
from connectors.telegram.dialect import Message
from connectors.telegram.entities import STYLES
from connectors.telegram.salvage import ENVELOPE, SERVICE
from normalizer.event import MessageEdited, MessageReceived, ReachChanged, Reacted
from normalizer.model import Choice, Contact, Location, Media, Span, Text

SETTINGS = Settings.model_validate(
    {"name": "support", "connector": "telegram", "token": "123456:made-up-token", "secret": "s3cret"}
)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def parse(update: object) -> list[Any]:
    body = json.dumps(update).encode()
    return list(
        connector.parse(Request("POST", "https://chat.example.com/hooks/support", {}, NOW, body=body), SETTINGS)
    )


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
KINDS_OF_ENTITY = st.sampled_from(["bold", "italic", "code", "spoiler", "url", "hashtag", "custom_emoji"])


@st.composite
def entities(draw: st.DrawFn, text: str) -> list[dict[str, Any]]:
    """Pieces of a text as Telegram marks them: whole letters, counted in UTF-16 code units."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start, end = sorted([draw(st.integers(0, len(text) - 1)), draw(st.integers(1, len(text)))])
        offset, length = (len(piece.encode("utf-16-le")) // 2 for piece in (text[:start], text[start : end or 1]))
        if length:
            found.append({"type": draw(KINDS_OF_ENTITY), "offset": offset, "length": length})
    return found


def worded(name: str, marks: str) -> st.SearchStrategy[dict[str, Any]]:
    return TEXTS.flatmap(
        lambda text: entities(text).map(lambda found: {name: text, marks: found} if found else {name: text})
    )


NONE: st.SearchStrategy[dict[str, Any]] = st.just({})
CAPTIONS = NONE | worded("caption", "caption_entities")
CONTENT: list[st.SearchStrategy[dict[str, Any]]] = [
    worded("text", "entities"),
    *(
        st.tuples(st.fixed_dictionaries({kind: files}), CAPTIONS).map(lambda both: both[0] | both[1])
        for kind, files in FILES.items()
    ),
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
        said |= draw(NONE | NAMES.map(lambda text: {"quote": {"text": text, "position": 0}}))
    said |= draw(NONE | IDS.map(lambda number: {"media_group_id": str(number)}))
    update = {"update_id": draw(IDS)}
    match draw(st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"])):
        case "message_reaction":
            new = draw(st.lists(st.sampled_from(["👍", "❤", "🔥"]), max_size=2, unique=True))
            listed = {"old_reaction": [], "new_reaction": [{"type": "emoji", "emoji": emoji} for emoji in new]}
            moved = {"chat": chat, "user": user, "message_id": draw(IDS), "date": draw(TIMES)}
            return update | {"message_reaction": moved | listed}
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
    assert isinstance(ours, MessageReceived | MessageEdited | ReachChanged | Reacted)
    assert theirs.effective_user is not None
    assert ours.identity == f"telegram:{theirs.effective_user.id}"
    match ours:
        case Reacted():
            reacted = theirs.message_reaction
            assert reacted is not None
            assert ours.provider_id == f"{reacted.chat.id}:{reacted.message_id}"
            assert ours.emojis == tuple(one.emoji for one in reacted.new_reaction if isinstance(one, TheirEmoji))
            assert ours.at == reacted.date
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
            assert ours.id == f"edit:{ours.provider_id}:{int(ours.edited_at.timestamp())}.{theirs.update_id}"
            same_content(ours.parts, message)
        case _:
            message = theirs.message
            assert message is not None
            same_message(ours, message)
            same_content(ours.parts, message)


@given(genuine())
def test_what_is_not_checked_is_as_a_check_would_have_it(update: dict[str, Any]) -> None:
    [event] = parse(update)
    checked = type(event).model_validate(event.model_dump())
    assert (checked, checked.__dict__) == (event, event.__dict__)
    assert checked.model_dump_json() == event.model_dump_json()
    assert event.model_copy() == event
    assert repr(event) == repr(checked)
    for part in getattr(event, "parts", ()):
        assert part.__dict__ == type(part).model_validate(part.model_dump()).__dict__


def same_message(ours: MessageReceived, theirs: TheirMessage) -> None:
    assert ours.id == f"message:{theirs.chat.id}:{theirs.message_id}"
    assert ours.provider_ids == (f"{theirs.chat.id}:{theirs.message_id}",)
    assert ours.order == theirs.message_id
    assert ours.sent_at == theirs.date
    earlier = theirs.reply_to_message
    assert ours.reply_to == (f"{theirs.chat.id}:{earlier.message_id}" if earlier else "")
    assert ours.quote == (theirs.quote.text if theirs.quote else "")
    assert ours.album == (theirs.media_group_id or "")
    assert theirs.from_user is not None
    assert ours.name == theirs.from_user.full_name.strip()


def same_pieces(text: str, spans: tuple[Span, ...], theirs: Mapping[MessageEntity, str]) -> None:
    """The same words, marked the same; a hashtag or an emoji of somebody's own is no format to us."""
    kept = sorted((STYLES[one.type], piece) for one, piece in theirs.items() if one.type in STYLES)
    ours = {(span.style, span.start, span.length) for span in spans}
    assert sorted((style, text[start : start + length]) for style, start, length in ours) == kept


def same_content(parts: tuple[Any, ...], theirs: TheirMessage) -> None:
    match parts:
        case (Text(text=text, format=spans),):
            assert text == theirs.text
            same_pieces(text, spans, theirs.parse_entities())
        case (Media() as part,):
            file: Any = theirs.effective_attachment
            file = file[-1] if isinstance(file, tuple) else file
            assert part.ref == file.file_id
            assert part.size == file.file_size
            assert part.caption == (theirs.caption or "")
            same_pieces(part.caption, part.format, theirs.parse_caption_entities() if theirs.caption else {})
            assert part.duration == file.to_dict().get("duration")
            assert part.width == (getattr(file, "width", None) or getattr(file, "length", None))
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
    read = {field.encode_name for field in fields(Message)} - ENVELOPE
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
