"""Messages to calls of Telegram, as a table: what is asked for, and the calls that it takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from connectors.api import Accepted, Answer, Call, File, Refused
from connectors.telegram import Settings, connector
from normalizer.event import Outgoing
from normalizer.fit import misfits
from normalizer.model import Choices, Contact, Link, Location, Media, Option, Part, Template, Text

TOKEN = "123456:made-up-token"
SETTINGS = Settings.model_validate({"name": "support", "connector": "telegram", "token": TOKEN, "secret": "s3cret"})
BASE = f"https://api.telegram.org/bot{TOKEN}"
REFUSED = Refused("content_rejected", "PHOTO_INVALID_DIMENSIONS", "400")


def outgoing(*parts: Part, **fields: Any) -> Outgoing:
    return Outgoing(id="msg_1", to="telegram:42", parts=parts, **fields)


def calls(message: Outgoing, *refusals: Refused | None) -> list[Call]:
    """Every call, with what is thrown in after each; nothing once the list is used up."""
    steps = connector.send(message, SETTINGS)
    made = []
    answers = iter(refusals)
    try:
        call = next(steps)
        while True:
            made.append(call)
            refusal = next(answers, None)
            call = steps.send(Answer(200)) if refusal is None else steps.throw(refusal)
    except StopIteration:
        return made


CAT = {"media_type": "image", "mime": "image/jpeg"}
JSON: dict[str, tuple[Part, str, dict[str, Any]]] = {
    "text": (Text(text="Hello\n🎉"), "sendMessage", {"text": "Hello\n🎉"}),
    "link": (Link(url="https://x.example/1", title="One"), "sendMessage", {"text": "One\nhttps://x.example/1"}),
    "bare link": (Link(url="https://x.example/1"), "sendMessage", {"text": "https://x.example/1"}),
    "location": (Location(latitude=1.5, longitude=-2), "sendLocation", {"latitude": 1.5, "longitude": -2}),
    "venue": (
        Location(latitude=1.5, longitude=-2, name="Shop", address="1 Rue"),
        "sendVenue",
        {"latitude": 1.5, "longitude": -2, "title": "Shop", "address": "1 Rue"},
    ),
    "venue without a name": (
        Location(latitude=1.5, longitude=-2, address="1 Rue"),
        "sendVenue",
        {"latitude": 1.5, "longitude": -2, "title": "1 Rue", "address": "1 Rue"},
    ),
    "venue without an address": (
        Location(latitude=1.5, longitude=-2, name="Shop"),
        "sendVenue",
        {"latitude": 1.5, "longitude": -2, "title": "Shop", "address": "Shop"},
    ),
    "contact": (
        Contact(name="Bob Ray", phones=("+331",)),
        "sendContact",
        {"phone_number": "+331", "first_name": "Bob Ray"},
    ),
    "contact without a name": (
        Contact(name="", phones=("+331",)),
        "sendContact",
        {"phone_number": "+331", "first_name": "+331"},
    ),
    "contact with more": (
        Contact(name="Ray; Bob", phones=("+331", "+332"), emails=("bob@x.example",)),
        "sendContact",
        {
            "phone_number": "+331",
            "first_name": "Ray; Bob",
            "vcard": "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;Ray\\; Bob;;;\r\nFN:Ray\\; Bob\r\nTEL:+331\r\nTEL:+332\r\n"
            "EMAIL:bob@x.example\r\nEND:VCARD\r\n",
        },
    ),
    "contact without a number": (
        Contact(name="Bob", emails=("bob@x.example",)),
        "sendMessage",
        {"text": "Bob\nbob@x.example"},
    ),
    "contact too long for a card": (
        Contact(name="B" * 1100, phones=("+331",)),
        "sendMessage",
        {"text": "B" * 1100 + "\n+331"},
    ),
    "choices": (
        Choices(text="Which size?", choices=(Option(id="size:s", label="Small"), Option(id="size:l", label="Large"))),
        "sendMessage",
        {
            "text": "Which size?",
            "reply_markup": {
                "inline_keyboard": [
                    [{"text": "Small", "callback_data": "size:s"}],
                    [{"text": "Large", "callback_data": "size:l"}],
                ]
            },
        },
    ),
    "picture by address": (
        Media(media_type="image", mime="image/jpeg", url="https://x.example/c.jpg", caption="cat"),
        "sendPhoto",
        {"photo": "https://x.example/c.jpg", "caption": "cat"},
    ),
    "file that Telegram has": (Media(media_type="file", ref="d1"), "sendDocument", {"document": "d1"}),
}


@pytest.mark.parametrize("case", JSON.values(), ids=JSON)
def test_in_json(case: tuple[Part, str, dict[str, Any]]) -> None:
    part, method, fields = case
    [call] = calls(outgoing(part))
    assert call == Call(f"0:{method}", "POST", f"{BASE}/{method}", json={"chat_id": 42, **fields})


def a_file(media_type: Any, mime: str = "", **fields: Any) -> Media:
    return Media(media_type=media_type, media="med_1", mime=mime, **fields)


OURS: dict[str, tuple[Media, str, str, str]] = {
    "jpeg": (a_file("image", "image/jpeg"), "sendPhoto", "photo", "image.jpg"),
    "gif": (a_file("image", "image/gif"), "sendAnimation", "animation", "image.gif"),
    "picture of 11 MB": (a_file("image", "image/png", size=11_000_000), "sendDocument", "document", "image.png"),
    "voice": (a_file("voice", "audio/ogg"), "sendVoice", "voice", "voice.ogg"),
    "audio": (a_file("audio", "audio/mpeg", name="song.mp3"), "sendAudio", "audio", "song.mp3"),
    "video": (a_file("video", "video/mp4"), "sendVideo", "video", "video.mp4"),
    "sticker": (a_file("sticker", "image/webp"), "sendSticker", "sticker", "sticker.webp"),
    "captioned sticker": (a_file("sticker", "image/webp", caption="x"), "sendDocument", "document", "sticker.webp"),
    "file": (a_file("file", "application/x-odd"), "sendDocument", "document", "file"),
    "file of no type": (a_file("file"), "sendDocument", "document", "file"),
}


@pytest.mark.parametrize("case", OURS.values(), ids=OURS)
def test_our_files_are_uploaded(case: tuple[Media, str, str, str]) -> None:
    part, method, field, name = case
    [call] = calls(outgoing(part))
    file = File("med_1", name, part.mime or "application/octet-stream")
    caption = {"caption": part.caption} if part.caption else {}
    assert call == Call(f"0:{method}", "POST", f"{BASE}/{method}", multipart={"chat_id": "42", **caption, field: file})


def test_parts_go_one_by_one_and_only_the_first_quotes() -> None:
    message = outgoing(Text(text="a"), a_file("image", "image/jpeg"), Text(text="b"), reply_to="42:7")
    first, second, third = calls(message)
    assert [(call.name, call.part, call.effect) for call in (first, second, third)] == [
        ("0:sendMessage", 0, True),
        ("1:sendPhoto", 1, True),
        ("2:sendMessage", 2, True),
    ]
    assert first.json["reply_parameters"] == {"message_id": 7, "allow_sending_without_reply": True}
    assert "reply_parameters" not in (second.multipart or {})
    assert "reply_parameters" not in third.json


def test_a_quote_in_an_upload_is_json() -> None:
    [call] = calls(outgoing(a_file("image", "image/jpeg"), reply_to="42:7"))
    assert call.multipart is not None
    assert call.multipart["reply_parameters"] == '{"message_id": 7, "allow_sending_without_reply": true}'


@pytest.mark.parametrize(
    "reply_to", ["callback:7", "43:7", "42:", "42:x", "42:0", "42:-7", "42", "", "42:" + "9" * 5000]
)
def test_what_cannot_be_quoted_is_not(reply_to: str) -> None:
    [call] = calls(outgoing(Text(text="a"), reply_to=reply_to))
    assert call.json == {"chat_id": 42, "text": "a"}


@pytest.mark.parametrize(
    ("identity", "chat"), [("telegram:42", 42), ("telegram:-1001", -1001), ("tel:+331", "tel:+331"), ("telegram:", "")]
)
def test_the_chat_of_an_identity(identity: str, chat: int | str) -> None:
    [call] = calls(Outgoing(id="msg_1", to=identity, parts=(Text(text="a"),)))
    assert call.json["chat_id"] == chat


def test_a_refused_picture_goes_as_a_document_once() -> None:
    message = outgoing(Media(media_type="image", url="https://x.example/c.jpg"), Text(text="b"))
    assert [call.name for call in calls(message, REFUSED)] == ["0:sendPhoto", "0:sendDocument", "1:sendMessage"]
    with pytest.raises(Refused) as refused:
        calls(message, REFUSED, Refused("media_unsupported", "too large", "413"))
    assert refused.value.code == "media_unsupported"


def test_who_cannot_be_reached_gets_no_document_either() -> None:
    message = outgoing(Media(media_type="voice", url="https://x.example/c.ogg"))
    with pytest.raises(Refused):
        calls(message, Refused("unreachable", "bot was blocked by the user", "403"))


def test_a_group_that_has_moved_is_followed() -> None:
    message = Outgoing(id="msg_1", to="telegram:-5", parts=(Text(text="a"), Text(text="b")))
    body = b'{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat",'
    body += b'"parameters":{"migrate_to_chat_id":-1005}}'
    moved = connector.classify(next(connector.send(message, SETTINGS)), Answer(400, body=body))
    assert isinstance(moved, Refused)
    made = calls(message, moved)
    assert [call.json["chat_id"] for call in made] == [-5, -1005, -1005]
    assert [call.name for call in made] == ["0:sendMessage", "0:sendMessage:moved", "1:sendMessage"]
    assert len({call.name for call in made}) == len(made)


def test_what_telegram_has_no_form_of() -> None:
    with pytest.raises(Refused) as refused:
        calls(outgoing(Template(name="hello")))
    assert refused.value.code == "content_rejected"
    assert misfits([Template(name="hello")], connector.limits)


PARTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(Text, text=st.text(min_size=1)),
    st.builds(Media, media_type=st.sampled_from(["image", "voice", "sticker", "file"]), media=st.text(), url=st.text()),
    st.builds(Location, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), name=st.text()),
    st.builds(Contact, name=st.text(), phones=st.tuples(st.text()), emails=st.tuples(st.text())),
    st.builds(
        Choices,
        text=st.text(min_size=1),
        choices=st.lists(st.builds(Option, id=st.text(min_size=1), label=st.text(min_size=1)), min_size=1).map(tuple),
    ),
)


@given(
    st.lists(PARTS, max_size=4),
    st.text() | st.just("telegram:42"),
    st.none() | st.text() | st.just("42:7"),
    st.lists(st.none() | st.just(REFUSED), max_size=4),
)
def test_sending_twice_is_sending_the_same(
    parts: list[Any], to: str, reply_to: str | None, refusals: list[Refused | None]
) -> None:
    message = Outgoing(id="msg_1", to=to, parts=tuple(parts), reply_to=reply_to)

    def attempt() -> list[Call] | str:
        try:
            return calls(message, *refusals)
        except Refused as refused:
            return refused.code

    made = attempt()
    assert attempt() == made
    assert TOKEN not in repr(made)
    if isinstance(made, list):
        assert len({call.name for call in made}) == len(made)
        assert all(call.name.startswith(f"{call.part}:") for call in made)


def test_every_kind_that_the_limits_promise_can_be_sent() -> None:
    examples = {part.kind: part for part, _, _ in JSON.values()}
    assert set(examples) == connector.limits.parts
    assert {part.media_type for part, _, _, _ in OURS.values()} == connector.limits.media_types
    assert connector.accepts is not None
    assert set(connector.accepts) == connector.limits.media_types
    for part in [*examples.values(), *(case[0] for case in OURS.values())]:
        assert not misfits([part], connector.limits)
        TypeAdapter(Part).validate_json(part.model_dump_json())


def test_an_accepted_answer_names_the_message() -> None:
    [call] = calls(outgoing(Text(text="a")))
    body = b'{"ok":true,"result":{"message_id":8,"date":1,"chat":{"id":42,"type":"private"},"text":"a"}}'
    assert connector.classify(call, Answer(200, body=body)) == Accepted(("42:8",))
