"""What is changed of a message that was sent: the calls for it."""

from typing import Any

import pytest

from connectors.api import Answer, Call, Refused, Steps
from connectors.telegram import Settings, connector
from normalizer.event import Outgoing
from normalizer.model import Choices, Link, Location, Media, Option, Part, Span, Text

SETTINGS = Settings.model_validate(
    {"name": "support", "connector": "telegram", "token": "123456:made-up-token", "secret": "s3cret"}
)
BOLD = (Span(style="bold", start=0, length=2),)
PRESSES = ["callback:77", "", "42:0", "42:-7", "42:x", "x:7", "42:7:8", "42"]


def edit(part: Part, provider_id: str = "42:7") -> Steps:
    assert connector.edit is not None
    return connector.edit(provider_id, Outgoing(id="msg_1", to="telegram:42", parts=(part,)), SETTINGS)


def delete(provider_id: str) -> Steps:
    assert connector.delete is not None
    return connector.delete(provider_id, "telegram:42", SETTINGS)


def react(emoji: str, provider_id: str = "42:7") -> Steps:
    assert connector.react is not None
    return connector.react(provider_id, "telegram:42", emoji, SETTINGS)


EDITS: dict[str, tuple[Part, str, dict[str, Any]]] = {
    "text": (Text(text="hi"), "editMessageText", {"text": "hi"}),
    "formatted text": (
        Text(text="hi", format=BOLD),
        "editMessageText",
        {"text": "hi", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
    ),
    "link": (Link(url="https://x.example/1", title="One"), "editMessageText", {"text": "One\nhttps://x.example/1"}),
    "choices": (
        Choices(text="Sure?", choices=(Option(id="y", label="Yes"),)),
        "editMessageText",
        {"text": "Sure?", "reply_markup": {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}},
    ),
    "caption": (
        Media(media_type="image", media="med_1", caption="hi", format=BOLD),
        "editMessageCaption",
        {"caption": "hi", "caption_entities": [{"type": "bold", "offset": 0, "length": 2}]},
    ),
    "no caption any more": (Media(media_type="voice", media="med_1"), "editMessageCaption", {"caption": ""}),
}


@pytest.mark.parametrize("case", EDITS.values(), ids=EDITS)
def test_an_edit(case: tuple[Part, str, dict[str, Any]]) -> None:
    part, method, fields = case
    [call] = edit(part)
    url = f"https://api.telegram.org/bot123456:made-up-token/{method}"
    assert call == Call(f"0:{method}", "POST", url, effect=False, json={"chat_id": 42, "message_id": 7, **fields})


def test_an_edit_that_changes_nothing_is_done() -> None:
    steps = edit(Text(text="hi"))
    body = b'{"ok":false,"error_code":400,"description":"Bad Request: message is not modified: exactly the same"}'
    outcome = connector.classify(next(steps), Answer(400, body=body))
    assert not isinstance(outcome, Refused)
    with pytest.raises(StopIteration):
        steps.send(Answer(400, body=body))


def test_an_edit_with_spoilt_markup_is_made_without() -> None:
    steps = edit(Text(text="hi", format=BOLD), "-100123:7")
    next(steps)
    again = steps.throw(Refused("content_rejected", "Bad Request: can't parse entities", "400"))
    assert again.name == "0:editMessageText:plain"
    assert again.json == {"chat_id": -100123, "message_id": 7, "text": "hi"}
    assert not again.effect


def test_a_place_cannot_be_edited() -> None:
    with pytest.raises(Refused, match="cannot edit a location"):
        next(edit(Location(latitude=1, longitude=2)))


def test_a_deletion() -> None:
    [call] = delete("42:7")
    assert (call.name, call.json, call.effect) == ("0:deleteMessage", {"chat_id": 42, "message_id": 7}, False)


@pytest.mark.parametrize(
    ("emoji", "sent"),
    [
        ("👍", [{"type": "emoji", "emoji": "👍"}]),
        ("❤️", [{"type": "emoji", "emoji": "❤"}]),
        ("❤️‍🔥", [{"type": "emoji", "emoji": "❤‍🔥"}]),
        ("", []),
    ],
)
def test_a_reaction(emoji: str, sent: list[dict[str, str]]) -> None:
    [call] = react(emoji)
    assert (call.name, call.effect) == ("0:setMessageReaction", False)
    assert call.json == {"chat_id": 42, "message_id": 7, "reaction": sent}


@pytest.mark.parametrize("provider_id", PRESSES)
def test_a_press_of_a_button_cannot_be_changed(provider_id: str) -> None:
    for steps in (edit(Text(text="hi"), provider_id), delete(provider_id), react("👍", provider_id)):
        with pytest.raises(Refused, match="messages only"):
            next(steps)
