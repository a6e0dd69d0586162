"""What a provider tells: the one record that each event makes, or none."""

import pytest
from view_kit import PERSON, PLACE, SMS, SYSTEM, TELEGRAM, House, View, at, texts

from normalizer import told
from normalizer.event import Echoed, MessageEdited, MessageReceived, ReachChanged, ReceiptReceived
from normalizer.model import Choice, Failure, Media, Option, Part, Text

PHOTO = Media(media_type="image", ref="file:9", mime="image/png", name="cat.png", caption="my cat")


@pytest.fixture
def house() -> House:
    return House()


def received(*parts: Part, raw: object = None) -> MessageReceived:
    return MessageReceived(
        id="message:42:7",
        identity="telegram:42",
        name="Ann Lee",
        sent_at=at(-1),
        parts=parts,
        provider_ids=("42:7",),
        order=7,
        raw=raw,
    )


def test_a_customers_message_is_one_record_with_the_whole_message(house):
    event = received(Text(text="hi"))
    draft = told.received(event, PLACE, TELEGRAM, house.stamp(PERSON, when=0), "msg_1", event.parts, "msg_0")
    record = house.keep(draft)
    assert record is not None
    assert (record.kind, record.key, record.account, record.by) == (
        "message.received", "shop:message:42:7", "shop", PERSON,
    )  # fmt: skip
    assert (record.at, record.received_at, set(record.data)) == (at(0), at(0), {"message"})
    line = house.line("msg_1")
    assert (line.direction, line.status, line.author.id, line.reply_to) == ("in", "received", "per_1", "msg_0")
    assert (line.conversation, line.seq, line.order, line.provider_ids) == ("cnv_1", 1, 7, ("42:7",))
    assert (line.sent_at, line.received_at) == (at(-1), at(0))


def test_the_providers_name_of_a_file_and_its_raw_item_are_private(house):
    event = received(PHOTO, Text(text="hi"), raw={"odd": 1})
    parts = told.keep_files(event.parts, ["med_1"])
    draft = told.received(event, PLACE, TELEGRAM, house.stamp(PERSON), "msg_1", parts, None)
    assert draft.data["private"] == {
        "files": {"med_1": {"ref": "file:9", "mime": "image/png", "name": "cat.png"}},
        "raw": {"odd": 1},
    }
    assert draft.data["message"]["parts"][0] == {
        "kind": "media", "media_type": "image", "media": "med_1", "mime": "image/png", "name": "cat.png",
        "caption": "my cat",
    }  # fmt: skip
    assert "file:9" not in str(draft.data["message"])


def test_files_get_our_ids_in_order_and_nothing_else_does():
    other = Media(media_type="file", url="https://example.com/a.pdf")
    first, second = Media(media_type="image", ref="a"), Media(media_type="image", ref="b")
    kept = told.keep_files([first, Text(text="hi"), other, second], ["med_1", "med_2"])
    assert [(getattr(part, "media", None), getattr(part, "ref", None)) for part in kept] == [
        ("med_1", ""), (None, None), ("", ""), ("med_2", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("asked", "of"), [("msg_3", "msg_3"), (None, "")])
def test_a_picked_choice_names_our_message_that_asked_or_none(asked, of):
    picked, free, other = Choice(id="y", label="Yes", of="42:5"), Choice(id="n", label="No"), Choice(id="m", label="M")
    assert told.asked_by([picked, free, other, Text(text="hi")], {picked: asked, free: "msg_4"}) == (
        picked.model_copy(update={"of": of}), free.model_copy(update={"of": "msg_4"}), other, Text(text="hi"),
    )  # fmt: skip


def test_the_providers_name_of_a_file_that_another_tool_sent_is_private(house):
    event = Echoed(
        id="echo:1", identity="telegram:42", sent_at=at(-1), parts=(PHOTO, Text(text="hi")), provider_ids=("42:8",)
    )
    parts = told.keep_files(event.parts, ["med_1"])
    record = house.keep(told.echoed(event, PLACE, TELEGRAM, house.stamp(SYSTEM), "msg_1", parts))
    assert record is not None
    assert record.data["private"] == {"files": {"med_1": {"ref": "file:9", "mime": "image/png", "name": "cat.png"}}}
    assert "file:9" not in str(record.data["message"])
    line = house.line("msg_1")
    assert (line.direction, line.status, line.author.kind, line.receipts) == ("out", "sent", "bot", {"42:8": "sent"})
    assert house.conversation.person.id == "per_1"


# Answers to a question that went out with numbers for buttons.


def numbered(*labels: str) -> House:
    """A house whose last reply asked for one of these."""
    house = House()
    house.receive()
    house.ask(*labels)
    return house


@pytest.mark.parametrize("words", ["2", " 2. ", "2)", "no thanks", "NO  THANKS"])
def test_a_number_or_the_words_of_an_answer_pick_it(words):
    house = numbered("Yes", "No thanks")
    asked = house.said("out")[0].id
    assert told.picked(house.conversation, texts(words)) == (Choice(id="id:No thanks", label="No thanks", of=asked),)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(texts("3"), id="a number that no answer has"),
        pytest.param(texts("perhaps"), id="other words"),
        pytest.param(texts("1", "1"), id="more than one part"),
        pytest.param((PHOTO,), id="no text"),
    ],
)
def test_anything_else_picks_nothing(parts):
    assert told.picked(numbered("Yes", "No").conversation, parts) is None


def test_where_nothing_was_asked_nothing_is_picked(house):
    assert told.picked(None, texts("1")) is None
    house.receive()
    house.reply("no question")
    assert told.picked(house.conversation, texts("1")) is None


def test_only_the_last_question_is_answered_and_only_once():
    house = numbered("Yes", "No")
    second = house.ask("Red", "Blue")
    (choice,) = told.picked(house.conversation, texts("1")) or ()
    assert choice == Choice(id="id:Red", label="Red", of=second)
    house.receive("well, let me think")
    assert house.conversation.numbered_by == second
    house.receive(parts=(choice,))
    assert (house.conversation.numbered, house.conversation.numbered_by) == ((), "")


def test_a_reply_that_asks_nothing_takes_the_question_before_it_away():
    house = numbered("Yes", "No")
    assert house.conversation.numbered == (Option(id="id:Yes", label="Yes"), Option(id="id:No", label="No"))
    house.reply("never mind")
    assert (house.conversation.numbered, house.conversation.numbered_by) == ((), "")


# Edits.


def test_an_edit_changes_the_line_and_says_when(house):
    message = house.receive("helo")
    record = house.edit(message, "hello", edited=60)
    assert record is not None
    assert (record.kind, record.data["message"], record.data["edited_at"]) == (
        "message.edited", message, "2026-11-22T09:01:00.000Z",
    )  # fmt: skip
    assert house.line(message).parts == texts("hello")
    assert house.line(message).edited_at == at(60)


@pytest.mark.parametrize(
    ("earlier", "then"),
    [
        pytest.param([], ("hi", 60), id="nothing that we show has changed"),
        pytest.param([("newer", 60)], ("older", 59), id="a newer version is known"),
    ],
)
def test_an_edit_makes_no_record_when(house, earlier, then):
    message = house.receive("hi")
    for words, edited in earlier:
        assert house.edit(message, words, edited) is not None
    assert house.edit(message, *then) is None


def test_an_edit_of_a_message_that_is_not_ours_makes_no_record(house):
    house.receive()
    assert house.edit("msg_none", "hi", edited=60) is None


def test_an_edit_back_to_the_first_words_counts_once_there_was_another(house):
    message = house.receive("hi")
    house.edit(message, "ho", edited=60)
    assert house.edit(message, "hi", edited=61) is not None
    assert house.line(message).parts == texts("hi")


def test_an_edit_of_a_caption_keeps_the_new_file_and_the_same_picture_alone_is_no_edit(house):
    event = received(PHOTO)
    parts = told.keep_files(event.parts, ["med_1"])
    house.keep(told.received(event, PLACE, TELEGRAM, house.stamp(PERSON), "msg_1", parts, None))

    def edited(photo: Media) -> MessageEdited:
        return MessageEdited(
            id="edit:42:7:1", identity="telegram:42", provider_id="42:7", parts=(photo,), edited_at=at(60), raw=["odd"]
        )

    same = edited(PHOTO)
    kept = told.keep_files(same.parts, ["med_2"])
    assert told.edited(house.view, same, TELEGRAM, house.stamp(PERSON), "msg_1", kept) is None
    other = edited(PHOTO.model_copy(update={"caption": "her cat"}))
    kept = told.keep_files(other.parts, ["med_2"])
    record = house.keep(told.edited(house.view, other, TELEGRAM, house.stamp(PERSON), "msg_1", kept))
    assert record is not None
    assert set(record.data["private"]) == {"files", "raw"}
    assert house.line("msg_1").parts == kept


# What is taken back, and reactions.


def test_a_message_is_taken_back_once(house):
    message = house.receive("oops")
    record = house.delete(message, happened=60)
    assert record is not None
    assert (record.kind, record.by, record.data) == (
        "message.deleted", PERSON, {"message": message, "at": "2026-11-22T09:01:00.000Z"},
    )  # fmt: skip
    assert house.delete(message, happened=61) is None
    assert house.delete("msg_none", happened=60) is None


def test_a_reaction_says_all_that_is_there_now_and_each_emoji_once(house):
    message = house.receive()
    record = house.react(message, ["👍", "👍", "❤"], happened=60)
    assert record is not None
    assert record.data == {
        "message": message,
        "identity": "telegram:42",
        "by": {"kind": "person", "id": "per_1", "name": "Ann Lee"},
        "emojis": ["👍", "❤"],
        "at": "2026-11-22T09:01:00.000Z",
    }


def test_a_reaction_makes_no_record_unless_it_is_news(house):
    message, gone = house.receive(), house.receive()
    house.delete(gone, happened=50)
    house.react(message, ["👍"], happened=60)
    assert house.react(message, ["👍"], happened=61) is None
    assert house.react(message, ["❤"], happened=59) is None
    assert house.react(gone, ["👍"], happened=60) is None
    assert house.react("msg_none", ["👍"], happened=60) is None
    assert house.react(message, [], happened=61) is not None
    assert house.line(message).reactions == ()


# Who they are.


def test_a_name_that_the_provider_tells_is_one_record_and_no_line(house):
    message = house.receive(name="")
    record = house.name("Ann Lee")
    assert record is not None
    assert (record.kind, record.key) == ("identity.named", f"shop:named:telegram:42:Ann Lee:{record.at:%Y-%m-%d}")
    assert (house.person.name, house.conversation.person.name) == ("Ann Lee", "Ann Lee")
    assert list(house.view.lines) == [message]


def test_a_person_who_is_named_anew_is_written_to_under_the_new_name(house):
    house.receive(when=5)
    house.reach("opted_out")
    record = house.rename("telegram:77", "telegram:42")
    assert record is not None
    assert (record.kind, record.data["previous"], record.data["aliases"]) == ("identity.changed", "telegram:42", [])
    found = house.conversation
    assert (found.account, found.identity) == ("shop", "telegram:77")
    assert found.person.identities == ("telegram:42", "telegram:77")
    assert found.last_inbound_at["shop telegram:77"] == at(5)
    assert found.reach["shop telegram:77"].opted_out


# Reach.


@pytest.mark.parametrize("change", ["blocked", "unblocked", "opted_out", "opted_in"])
def test_a_change_of_reach_is_a_record_and_a_line(house, change):
    house.reach(change, happened=-5)
    record = house.records[0]
    assert record.kind == f"identity.{change}"
    assert record.data["at"] == "2026-11-22T08:59:55.000Z"
    (line,) = house.view.lines.values()
    assert (line.kind, line.direction, line.status, line.parts) == ("event", "in", "received", ())
    assert line.event is not None
    assert (line.event["kind"], line.event["identity"], "person" in line.event) == (change, "telegram:42", False)


@pytest.mark.parametrize("change", ["blocked", "unblocked", "opted_out"])
def test_every_other_change_of_reach_is_news(house, change):
    event = ReachChanged(id="update:1", identity="telegram:42", change=change, at=at(0))
    assert told.is_news(View(), event, TELEGRAM)
    house.receive()
    assert told.is_news(house.view, event, TELEGRAM)


def test_a_yes_is_news_once_and_again_after_each_stop_there(house):
    event = ReachChanged(id="update:1", identity="telegram:42", change="opted_in", at=at(90))
    assert told.is_news(View(), event, TELEGRAM)
    house.receive()
    assert told.is_news(house.view, event, TELEGRAM)
    house.reach("opted_in")
    assert not told.is_news(house.view, event, TELEGRAM)
    house.reach("opted_out", channel=SMS)
    assert not told.is_news(house.view, event, TELEGRAM)
    house.reach("opted_out")
    assert told.is_news(house.view, event, TELEGRAM)
    house.reach("opted_in")
    assert not told.is_news(house.view, event, TELEGRAM)


def test_a_yes_is_news_from_somebody_of_whom_only_a_block_is_known(house):
    house.reach("unblocked")
    event = ReachChanged(id="update:1", identity="telegram:42", change="opted_in", at=at(90))
    assert told.is_news(house.view, event, TELEGRAM)


# Receipts.


def test_a_receipt_names_the_message_and_what_the_provider_says(house):
    house.receive()
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    record = house.receipt(reply, "a", "delivered")
    assert record is not None
    assert (record.kind, record.by) == ("message.delivered", SYSTEM)
    assert record.data == {"message": reply, "provider_id": "a", "status": "delivered", "failure": None}


@pytest.mark.parametrize(
    ("failure", "kept"),
    [
        (None, {"reason": "unknown", "detail": "", "provider_code": "", "part": 0}),
        (
            Failure(reason="unreachable", detail="off", provider_code="30003"),
            {"reason": "unreachable", "detail": "off", "provider_code": "30003", "part": 0},
        ),
    ],
)
def test_a_failed_receipt_always_has_a_reason(house, failure, kept):
    house.receive()
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    record = house.receipt(reply, "a", "failed", failure)
    assert record is not None
    assert record.data["failure"] == kept
    assert house.line(reply).failure == Failure.model_validate(kept)


@pytest.mark.parametrize("status", ["sent", "failed", "delivered"])
def test_a_receipt_that_says_nothing_new_makes_no_record(house, status):
    house.receive()
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    house.receipt(reply, "a", "delivered")
    assert house.receipt(reply, "a", status) is None


def test_a_receipt_about_nothing_of_ours_makes_no_record(house):
    message = house.receive()
    event = ReceiptReceived(id="receipt:1", provider_id="in:1", status="read")
    for about in (message, "msg_none"):
        assert told.receipt(house.view, event, TELEGRAM, house.stamp(SYSTEM), about) is None


def test_a_receipt_that_opens_the_window_for_longer_says_until_when(house):
    house.receive()
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    record = house.receipt(reply, "a", "delivered", window_until=at(900))
    assert record is not None
    identity = house.line(reply).identity
    assert record.data["window_until"] == "2026-11-22T09:15:00.000Z"
    assert record.data["identity"] == identity
    assert list(house.conversation.free_until.values()) == [at(900)]
    assert house.receipt(reply, "a", "read", window_until=at(900)).data.get("window_until") is None


@pytest.mark.parametrize("status", ["sent", "delivered", "failed"])
def test_a_late_receipt_may_still_open_the_window_but_takes_nothing_back(house, status):
    house.receive()
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    house.receipt(reply, "a", "read")
    record = house.receipt(reply, "a", status, window_until=at(900))
    assert record is not None
    assert (record.kind, record.data["status"], record.data["failure"]) == ("message.read", "read", None)
    assert house.line(reply).status == "read"
    assert list(house.conversation.free_until.values()) == [at(900)]
    assert house.receipt(reply, "a", status, window_until=at(800)) is None
