"""The parts of messages to calls of Telegram, as a table: what is asked for, and the call that it takes."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from connectors.api import Call, File
from connectors.telegram import Settings, connector
from normalizer.event import Outgoing
from normalizer.fit import misfits
from normalizer.model import Choices, Contact, Link, Location, Media, Option, Part, Span, Text

TOKEN = "123456:made-up-token"
SETTINGS = Settings.model_validate({"name": "support", "connector": "telegram", "token": TOKEN, "secret": "s3cret"})
BASE = f"https://api.telegram.org/bot{TOKEN}"


def the_call(part: Part) -> Call:
    [call] = connector.send(Outgoing(id="msg_1", to="telegram:42", parts=(part,)), SETTINGS)
    return call


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
    "formatted text": (
        Text(text="🎉 hi", format=(Span(style="bold", start=0, length=4), Span(style="quote", start=2, length=99))),
        "sendMessage",
        {
            "text": "🎉 hi",
            "entities": [
                {"type": "bold", "offset": 0, "length": 5},
                {"type": "blockquote", "offset": 3, "length": 2},
            ],
        },
    ),
    "formatted caption": (
        Media(media_type="file", ref="d1", caption="🎉 hi", format=(Span(style="code", start=2, length=2),)),
        "sendDocument",
        {"document": "d1", "caption": "🎉 hi", "caption_entities": [{"type": "code", "offset": 3, "length": 2}]},
    ),
    "film with its measures": (
        Media(media_type="video", ref="v1", width=640, height=360, duration=9.7),
        "sendVideo",
        {"video": "v1", "width": 640, "height": 360, "duration": 9},
    ),
    "song with its length": (
        Media(media_type="audio", ref="a1", duration=180, width=5),
        "sendAudio",
        {"audio": "a1", "duration": 180},
    ),
    "file that Telegram has": (Media(media_type="file", ref="d1"), "sendDocument", {"document": "d1"}),
}


@pytest.mark.parametrize("case", JSON.values(), ids=JSON)
def test_in_json(case: tuple[Part, str, dict[str, Any]]) -> None:
    part, method, fields = case
    call = the_call(part)
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
    "picture that is too wide": (
        a_file("image", "image/png", width=9_000, height=1_001),
        "sendDocument",
        "document",
        "image.png",
    ),
    "picture that is too narrow": (
        a_file("image", "image/png", width=10, height=201),
        "sendDocument",
        "document",
        "image.png",
    ),
    "large picture": (a_file("image", "image/png", width=9_000, height=1_000), "sendPhoto", "photo", "image.png"),
    "picture of one known side": (a_file("image", "image/png", width=99_000), "sendPhoto", "photo", "image.png"),
    "voice of a browser": (
        a_file("voice", "audio/webm; codecs=opus"),
        "sendDocument",
        "document",
        "voice",
    ),
    "voice of a phone": (a_file("voice", "Audio/OGG; codecs=opus"), "sendVoice", "voice", "voice"),
    "file": (a_file("file", "application/x-odd"), "sendDocument", "document", "file"),
    "file of no type": (a_file("file"), "sendDocument", "document", "file"),
}


@pytest.mark.parametrize("case", OURS.values(), ids=OURS)
def test_our_files_are_uploaded(case: tuple[Media, str, str, str]) -> None:
    part, method, field, name = case
    call = the_call(part)
    file = File("med_1", name, part.mime or "application/octet-stream")
    caption = {"caption": part.caption} if part.caption else {}
    assert call == Call(f"0:{method}", "POST", f"{BASE}/{method}", multipart={"chat_id": "42", **caption, field: file})


def test_every_kind_that_the_limits_promise_can_be_sent() -> None:
    examples = {part.kind: part for part, _, _ in JSON.values()}
    assert set(examples) == connector.limits.parts
    assert {part.media_type for part, _, _, _ in OURS.values()} == connector.limits.media_types
    assert connector.accepts is not None
    assert set(connector.accepts) == connector.limits.media_types
    for part in [*examples.values(), *(case[0] for case in OURS.values())]:
        assert not misfits([part], connector.limits)
        TypeAdapter(Part).validate_json(part.model_dump_json())
