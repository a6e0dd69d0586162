"""The values of the conversation format: frozen, tolerant of the new when read, strict when asked, exact as JSON."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from normalizer.event import Event, Outgoing
from normalizer.model import (
    Assignee,
    Author,
    Choice,
    Choices,
    Contact,
    Conversation,
    Failure,
    Instant,
    Link,
    Location,
    Media,
    Message,
    Model,
    Option,
    Part,
    Person,
    PersonRef,
    Template,
    Text,
    Unsupported,
)

PARTS: TypeAdapter[Part] = TypeAdapter(Part)
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
TIMES: TypeAdapter[Instant] = TypeAdapter(Instant)
NINE = datetime(2026, 11, 22, 9, tzinfo=UTC)

# The examples of the contract, field for field.

MESSAGE: dict[str, Any] = {
    "id": "msg_1", "conversation": "cnv_1", "seq": 12, "kind": "message", "direction": "in",
    "author": {"kind": "person", "id": "per_1", "name": "Ann Lee"},
    "account": "support-telegram", "channel": "telegram", "identity": "telegram:42",
    "parts": [{"kind": "text", "text": "hi"}],
    "provider_ids": ["42:7"], "reply_to": None, "client_ref": None, "resend_of": None,
    "sent_at": "2026-11-22T09:00:00.000Z", "received_at": "2026-11-22T09:00:00.120Z",
    "status": "received", "failure": None, "reactions": [], "edited_at": None, "deleted_at": None,
}  # fmt: skip
OURS = {"order": 0}
CONVERSATION: dict[str, Any] = {
    "id": "cnv_1", "brand": "main",
    "person": {"id": "per_1", "name": "Ann Lee", "identities": ["telegram:42"], "picture": None},
    "status": "open", "snoozed_until": None, "assignee": None, "labels": [], "priority": 0, "unread": 1, "seq": 12,
    "channel": "telegram", "account": "support-telegram", "last_message": {**MESSAGE, **OURS}, "merged_into": None,
    "opened_at": "2026-11-22T09:00:00.120Z", "updated_at": "2026-11-22T09:00:00.120Z",
}  # fmt: skip
PERSON: dict[str, Any] = {
    "id": "per_1", "brand": "main", "name": "Ann Lee", "identities": ["telegram:42"], "picture": None, "conversation": "cnv_1",
    "created_at": "2026-11-22T09:00:00.120Z", "updated_at": "2026-11-22T09:00:00.120Z",
}  # fmt: skip
FAILURE = {"reason": "unreachable", "detail": "off", "provider_code": "30003", "part": 1}
# Per kind: a part as short as can be, and one with every field.
EVERY_PART: list[dict[str, Any]] = [
    {"kind": "text", "text": "hi"},
    {"kind": "text", "text": "hi you", "format": [
        {"style": "bold", "start": 0, "length": 2},
        {"style": "link", "start": 3, "length": 3, "url": "https://example.com"},
        {"style": "pre", "start": 0, "length": 6, "language": "python"},
    ]},
    {"kind": "media", "media_type": "image", "mime": ""},
    {
        "kind": "media", "media_type": "file", "media": "med_1", "url": "https://example.com/a", "ref": "r",
        "mime": "text/plain", "size": 0, "name": "a.txt", "caption": "c", "alt": "d", "width": 0, "height": 2,
        "duration": 1.5, "format": [{"style": "bold", "start": 0, "length": 1}],
    },
    {"kind": "location", "latitude": 48.5, "longitude": -4.25},
    {"kind": "location", "latitude": -90.0, "longitude": 180.0, "name": "home", "address": "1 rue Foch"},
    {"kind": "contact", "name": "Bob", "phones": [], "emails": []},
    {"kind": "contact", "name": "Bob", "phones": ["+336"], "emails": ["b@example.com"]},
    {"kind": "choices", "text": "Well?", "choices": [{"id": "y", "label": "Yes"}]},
    {"kind": "choice", "id": "y", "label": "Yes"},
    {"kind": "choice", "id": "y", "label": "Yes", "of": "msg_1"},
    {"kind": "template", "name": "hello", "language": "", "parameters": {}},
    {"kind": "template", "name": "hello", "language": "fr", "parameters": {"1": "Ann"}},
    {"kind": "link", "url": "https://example.com"},
    {"kind": "link", "url": "https://example.com", "title": "Example"},
    {"kind": "unsupported", "what": "poll"},
]  # fmt: skip
EVERY_EVENT: list[dict[str, Any]] = [
    {
        "kind": "message", "id": "message:42:7", "to": "", "order": 7, "identity": "telegram:42", "name": "Ann Lee",
        "sent_at": "2026-11-22T09:00:00.000Z", "parts": EVERY_PART, "provider_ids": ["42:7"], "reply_to": "",
    },
    {
        "kind": "edit", "id": "edit:42:7:1", "to": "", "order": 7, "identity": "telegram:42", "provider_id": "42:7",
        "parts": [{"kind": "unsupported", "what": "poll"}], "edited_at": "2026-11-22T09:00:00.000Z", "raw": {"poll": 1},
    },
    {
        "kind": "message", "id": "message:42:8", "to": "", "order": 8, "identity": "telegram:42", "name": "",
        "sent_at": "2026-11-22T09:00:00.000Z", "parts": [EVERY_PART[0]], "provider_ids": ["42:8"], "reply_to": "42:7",
        "quote": "a piece", "album": "99",
    },
    {"kind": "deletion", "id": "deletion:7", "to": "", "order": 0, "provider_id": "42:7",
     "at": "2026-11-22T09:00:00.000Z"},
    {"kind": "reaction", "id": "update:8", "to": "", "order": 0, "identity": "telegram:42", "name": "Ann",
     "provider_id": "42:7", "emojis": ["👍"], "at": "2026-11-22T09:00:00.000Z"},
    {
        "kind": "reach", "id": "update:9", "to": "bot", "order": 0, "identity": "telegram:42", "name": "",
        "change": "blocked", "at": "2026-11-22T09:00:00.000Z",
    },
    {
        "kind": "receipt", "id": "receipt:SM1:failed", "to": "", "order": 0, "provider_id": "SM1", "status": "failed",
        "failure": FAILURE, "at": None,
    },
]  # fmt: skip
OUTGOING: dict[str, Any] = {
    "id": "msg_1", "to": "telegram:42", "parts": EVERY_PART, "reply_to": None, "media_urls": {"med_1": "https://x.y/z"},
    "window": "open", "callback_url": "",
}  # fmt: skip


def test_a_message_is_the_contracts_example_field_for_field():
    assert Message.model_validate(MESSAGE).model_dump(mode="json") == {**MESSAGE, **OURS}


def test_a_conversation_has_the_contracts_fields_and_ours():
    ours = {
        "identity": None, "revision": 0, "unanswered_since": None, "answering": {}, "reach": {}, "last_inbound_at": {},
        "read_up_to": None,
    }  # fmt: skip
    assert Conversation.model_validate(CONVERSATION).model_dump(mode="json") == {**CONVERSATION, **ours}


@pytest.mark.parametrize(
    ("model", "given_json"),
    [(Person, PERSON), (Failure, FAILURE), (Outgoing, OUTGOING)],
)
def test_a_value_is_the_same_as_json(model, given_json):
    assert model.model_validate(given_json).model_dump(mode="json") == given_json


@pytest.mark.parametrize("part", EVERY_PART, ids=lambda part: f"{part['kind']} of {len(part)}")
def test_a_part_leaves_out_what_is_empty_and_nothing_else(part):
    assert PARTS.dump_python(PARTS.validate_python(part), mode="json") == part


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: event["kind"])
def test_an_event_is_the_same_as_json(event):
    assert EVENTS.dump_python(EVENTS.validate_python(event), mode="json") == event


def test_an_event_line_says_what_happened_and_a_message_has_no_such_field():
    line = Message.model_validate({**MESSAGE, "kind": "event", "parts": [], "event": {"kind": "assigned"}})
    assert line.model_dump(mode="json")["event"] == {"kind": "assigned"}
    assert "event" not in Message.model_validate(MESSAGE).model_dump()


# Frozen, tolerant, strict.


def every_model(of: type[BaseModel] = Model) -> set[type[BaseModel]]:
    mine = {one for one in of.__subclasses__() if one.__module__.startswith("normalizer.")}
    return mine.union(*(every_model(one) for one in mine))


@pytest.mark.parametrize("model", sorted(every_model(), key=lambda model: model.__name__))
def test_every_value_is_frozen_and_ignores_what_it_does_not_know(model):
    assert model.model_config["frozen"] is True
    assert model.model_config["extra"] == "ignore"


def test_a_frozen_value_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Text(text="hi").text = "ho"  # type: ignore[misc]


NEWER = {
    **MESSAGE,
    "mood": "good",
    "author": {**MESSAGE["author"], "mood": "good"},
    "parts": [
        {"kind": "text", "text": "hi", "mood": "good"},
        {"kind": "choices", "text": "Well?", "choices": [{"id": "y", "label": "Yes", "mood": "good"}]},
    ],
    "failure": {**FAILURE, "mood": "good"},
}


def test_unknown_fields_are_ignored_when_the_log_is_read():
    assert "mood" not in Message.model_validate(NEWER).model_dump_json()


def test_unknown_fields_are_refused_at_every_level_when_the_api_asks_so():
    with pytest.raises(ValidationError) as refused:
        Message.model_validate(NEWER, extra="forbid")
    unknown = {error["loc"] for error in refused.value.errors() if error["type"] == "extra_forbidden"}
    assert unknown == {
        ("mood",),
        ("author", "mood"),
        ("parts", 0, "text", "mood"),
        ("parts", 1, "choices", "choices", 0, "mood"),
        ("failure", "mood"),
    }


@pytest.mark.parametrize(
    "part",
    [
        {"kind": "text", "text": ""},
        {"kind": "media", "media_type": "hologram"},
        {"kind": "media", "media_type": "file", "size": -1},
        {"kind": "location", "latitude": 90.1, "longitude": 0},
        {"kind": "location", "latitude": 0, "longitude": float("nan")},
        {"kind": "choices", "text": "Well?", "choices": []},
        {"kind": "choices", "text": "Well?", "choices": [{"id": "", "label": "Yes"}]},
        {"kind": "template", "name": ""},
        {"kind": "link", "url": ""},
        {"kind": "dance"},
        {"text": "no kind"},
    ],
)
def test_a_part_that_says_nothing_or_nonsense_is_refused(part):
    with pytest.raises(ValidationError):
        PARTS.validate_python(part)


# Times.


@pytest.mark.parametrize(
    ("given_time", "written"),
    [
        ("2026-11-22T09:00:00Z", "2026-11-22T09:00:00.000Z"),
        ("2026-11-22T09:00:00.1Z", "2026-11-22T09:00:00.100Z"),
        ("2026-11-22T09:00:00.123999Z", "2026-11-22T09:00:00.123Z"),
        ("2026-11-22T10:30:00+01:30", "2026-11-22T09:00:00.000Z"),
        ("2026-11-21T23:00:00-10:00", "2026-11-22T09:00:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds_and_z(given_time, written):
    assert TIMES.dump_json(TIMES.validate_python(given_time)) == f'"{written}"'.encode()


@pytest.mark.parametrize(
    "given_time", ["2026-11-22T09:00:00", "soon", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"]
)
def test_a_time_without_an_offset_or_beyond_the_calendar_is_refused(given_time):
    with pytest.raises(ValidationError):
        TIMES.validate_python(given_time)


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - offsets are drawn


@given(MOMENTS)
def test_a_time_survives_json_to_the_millisecond_from_any_offset(moment):
    found = TIMES.validate_python(moment)
    assert timedelta() <= moment - found < timedelta(milliseconds=1)
    assert found.utcoffset() == timedelta()
    assert TIMES.validate_json(TIMES.dump_json(found)) == found


@pytest.mark.parametrize(
    ("direction", "sent", "shown"),
    [("in", -5, -5), ("in", 5, 0), ("in", None, 0), ("out", -5, 0), ("out", 5, 0)],
)
def test_a_line_stands_where_it_was_sent_but_never_after_we_had_it(direction, sent, shown):
    line = Message.model_validate(MESSAGE).model_copy(
        update={
            "direction": direction,
            "received_at": NINE,
            "sent_at": None if sent is None else NINE + timedelta(seconds=sent),
        }
    )
    assert line.shown_at == NINE + timedelta(seconds=shown)


# Any value survives JSON.

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMED = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
ANY_PART: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=NAMED),
    st.builds(Media, media=WORDS, url=WORDS, ref=WORDS, mime=WORDS, name=WORDS, caption=WORDS, alt=WORDS),
    st.builds(Location, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), name=WORDS, address=WORDS),
    st.builds(Contact, name=WORDS, phones=st.tuples(WORDS), emails=st.tuples(WORDS)),
    st.builds(Choices, text=NAMED, choices=st.tuples(st.builds(Option, id=NAMED, label=NAMED))),
    st.builds(Choice, id=WORDS, label=WORDS, of=WORDS),
    st.builds(Template, name=NAMED, language=WORDS, parameters=st.dictionaries(WORDS, WORDS, max_size=2)),
    st.builds(Link, url=NAMED, title=WORDS),
    st.builds(Unsupported, what=WORDS),
)
ANY_MESSAGE = st.builds(
    Message,
    id=NAMED,
    direction=st.sampled_from(["in", "out"]),
    author=st.builds(Author, kind=st.sampled_from(["person", "agent", "bot", "system"]), id=WORDS, name=WORDS),
    parts=st.lists(ANY_PART, max_size=3).map(tuple),
    provider_ids=st.lists(WORDS, max_size=2).map(tuple),
    sent_at=st.none() | MOMENTS,
    received_at=MOMENTS,
    status=st.sampled_from(["received", "queued", "failed", "read"]),
    failure=st.none() | st.builds(Failure, reason=st.sampled_from(["unknown", "expired"]), detail=WORDS, part=st.integers(0, 9)),
    receipts=st.dictionaries(WORDS, st.sampled_from(["sent", "failed"]), max_size=2),
)  # fmt: skip
ANY_CONVERSATION = st.builds(
    Conversation,
    id=NAMED,
    person=st.builds(PersonRef, id=NAMED, name=WORDS, identities=st.tuples(NAMED)),
    assignee=st.none() | st.builds(Assignee, kind=st.sampled_from(["agent", "bot"]), id=NAMED, name=WORDS),
    last_message=st.none() | ANY_MESSAGE,
    opened_at=MOMENTS,
    updated_at=MOMENTS,
    snoozed_until=st.none() | MOMENTS,
    answering=st.dictionaries(NAMED, MOMENTS, max_size=2),
)


@settings(max_examples=60)
@given(ANY_PART | ANY_MESSAGE | ANY_CONVERSATION)
def test_any_value_survives_json(value):
    assert type(value).model_validate_json(value.model_dump_json()) == value
