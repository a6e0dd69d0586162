"""Messages to calls of Telegram: one by one, in another form, to a chat that has moved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Accepted, Answer, Call, Refused
from connectors.telegram import Settings, connector
from normalizer.event import Outgoing
from normalizer.fit import misfits
from normalizer.model import Choices, Contact, Location, Media, Option, Part, Span, Template, Text

TOKEN = "123456:made-up-token"
SETTINGS = Settings.model_validate({"name": "support", "connector": "telegram", "token": TOKEN, "secret": "s3cret"})
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


def a_file(media_type: Any, mime: str = "", **fields: Any) -> Media:
    return Media(media_type=media_type, media="med_1", mime=mime, **fields)


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


def test_a_picture_by_address_may_be_half_as_large() -> None:
    by_address = Media(media_type="image", url="https://x.example/c.png", size=6_000_000)
    assert [call.name for call in calls(outgoing(by_address))] == ["0:sendDocument"]
    assert [call.name for call in calls(outgoing(a_file("image", size=6_000_000)))] == ["0:sendPhoto"]


WRONG_TYPE = Refused("media_unsupported", "Bad Request: wrong type of the web page content", "400")


def test_an_address_that_telegram_takes_as_no_file_goes_as_words() -> None:
    file = Media(
        media_type="file",
        url="https://x.example/c.docx",
        caption=" the draft",
        format=(Span(style="bold", start=1, length=3),),
    )
    made = calls(outgoing(file), WRONG_TYPE)
    assert [call.name for call in made] == ["0:sendDocument", "0:sendMessage"]
    assert made[1].json == {
        "chat_id": 42,
        "text": " the draft\nhttps://x.example/c.docx",
        "entities": [{"type": "bold", "offset": 1, "length": 3}],
    }
    bare = file.model_copy(update={"caption": "", "format": ()})
    assert calls(outgoing(bare), WRONG_TYPE)[1].json["text"] == "https://x.example/c.docx"


@pytest.mark.parametrize(
    ("part", "refusal"),
    [
        (
            Media(media_type="file", url="https://x.example/gone.pdf"),
            Refused("media_unsupported", "Bad Request: failed to get HTTP URL content", "400"),
        ),
        (Media(media_type="file", media="med_1"), WRONG_TYPE),
        (Media(media_type="file", url="https://x.example/" + "a" * 4_096), WRONG_TYPE),
    ],
)
def test_what_nobody_could_open_does_not_go_as_words(part: Media, refusal: Refused) -> None:
    with pytest.raises(Refused) as refused:
        calls(outgoing(part), refusal)
    assert refused.value is refusal


def test_words_are_kept_for_the_refusal_that_they_help_with() -> None:
    picture = Media(media_type="image", url="https://x.example/c.svg")
    made = calls(outgoing(picture), REFUSED, WRONG_TYPE)
    assert [call.name for call in made] == ["0:sendPhoto", "0:sendDocument", "0:sendMessage"]


# Markup that Telegram cannot make sense of.

MARKUP = [
    "Bad Request: can't parse entities: unsupported start tag",
    'Bad Request: can\'t parse MessageEntity: Field "url" is empty',
    "Bad Request: ENTITY_BOUNDS_INVALID",
]


@pytest.mark.parametrize("why", MARKUP)
def test_spoilt_markup_costs_only_itself(why: str) -> None:
    bold = (Span(style="bold", start=0, length=2),)
    refusal = Refused("content_rejected", why, "400")
    first, second = calls(outgoing(Text(text="hi", format=bold)), refusal)
    assert "entities" in first.json
    assert (second.name, second.json) == ("0:sendMessage:plain", {"chat_id": 42, "text": "hi"})
    first, second = calls(outgoing(a_file("image", caption="hi", format=bold)), refusal)
    assert first.multipart is not None
    assert second.multipart is not None
    assert "caption_entities" in first.multipart
    assert second.name == "0:sendPhoto:plain"
    assert set(second.multipart) == {"chat_id", "caption", "photo"}


def test_plain_text_is_not_sent_again_for_its_markup() -> None:
    with pytest.raises(Refused):
        calls(outgoing(Text(text="hi")), Refused("content_rejected", MARKUP[0], "400"))


def test_markup_is_spoilt_in_a_group_that_has_moved() -> None:
    bold = Text(text="hi", format=(Span(style="bold", start=0, length=2),))
    moved = Refused("invalid_recipient", "upgraded", "migrate_to_chat_id:-1005")
    spoilt = Refused("content_rejected", MARKUP[0], "400")
    made = calls(Outgoing(id="msg_1", to="telegram:-5", parts=(bold,)), moved, spoilt)
    assert [(call.name, call.json["chat_id"]) for call in made] == [
        ("0:sendMessage", -5),
        ("0:sendMessage:moved", -1005),
        ("0:sendMessage:moved:plain", -1005),
    ]
    with pytest.raises(Refused) as refused:
        calls(Outgoing(id="msg_1", to="telegram:-5", parts=(bold,)), moved, moved)
    assert refused.value is moved


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


SPANS = st.builds(
    Span,
    style=st.sampled_from(["bold", "pre", "link", "mention"]),
    start=st.integers(0, 9),
    length=st.integers(1, 9),
    url=st.text(),
)
PARTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(Text, text=st.text(min_size=1), format=st.lists(SPANS, max_size=3).map(tuple)),
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
    st.lists(
        st.none() | st.sampled_from([REFUSED, WRONG_TYPE, Refused("content_rejected", MARKUP[0], "400")]), max_size=4
    ),
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


def test_an_accepted_answer_names_the_message() -> None:
    [call] = calls(outgoing(Text(text="a")))
    body = b'{"ok":true,"result":{"message_id":8,"date":1,"chat":{"id":42,"type":"private"},"text":"a"}}'
    assert connector.classify(call, Answer(200, body=body)) == Accepted(("42:8",))
