"""What agents ask: replies, notes, changes, claims and reading, and each way they are refused."""

from collections.abc import Callable

import pytest
from view_kit import AGENT, BOT, CHANNELS, SMS, House, View, at, texts

from normalizer import conversation
from normalizer.conversation import Asked
from normalizer.decision import Channel, Refusal
from normalizer.model import Author, Conversation, Failure, Message, PersonRef


@pytest.fixture
def house() -> House:
    found = House()
    found.receive()
    return found


def also_from(account: str) -> Callable[[House], object]:
    return lambda house: house.receive(channel=Channel(account, "telegram"), identity="telegram:42")


# Replies.


def test_a_reply_is_queued_to_where_the_person_last_wrote(house):
    house.receive(channel=SMS)
    asked = Asked("msg_r", texts("hello"), "idem:1", "digest", reply_to="msg_1", client_ref="ref", resend_of="msg_0")
    record = house.keep(conversation.reply(house.view, asked, house.stamp(when=50), CHANNELS))
    assert record is not None
    assert (record.kind, record.key, record.request, record.account) == ("message.queued", "idem:1", "digest", "sms")
    line = house.line("msg_r")
    assert (line.account, line.channel, line.identity) == ("sms", "twilio", "tel:+33612345678")
    assert (line.direction, line.status, line.author.kind, line.author.name) == ("out", "queued", "agent", "Bo")
    assert (line.received_at, line.sent_at) == (at(50), None)
    assert (line.reply_to, line.client_ref, line.resend_of) == ("msg_1", "ref", "msg_0")


@pytest.mark.parametrize(
    ("via", "identity"),
    [(None, "tel:+33612345678"), ("sms", "tel:+33612345678"), ("shop", "telegram:43")],
)
def test_a_reply_goes_where_it_is_asked_to_by_the_newest_identity_there(house, via, identity):
    house.receive(identity="telegram:43")
    house.receive(channel=SMS)
    assert house.line(house.reply(via=via)).identity == identity


REFUSED_REPLIES: list[tuple[str, Callable[[House], object], Asked, str, str]] = [
    ("a person who never wrote there", lambda _: None, Asked("m", (), "k", via="sms"), "unreachable", "/via"),
    ("an account that is gone", also_from("old"), Asked("m", (), "k"), "unreachable", ""),
    ("an account asked for that is gone", also_from("old"), Asked("m", (), "k", via="old"), "unreachable", "/via"),
    ("a person who opted out", lambda house: house.reach("opted_out"), Asked("m", (), "k"), "opted_out", ""),
    ("a person who blocked us", lambda house: house.reach("blocked"), Asked("m", (), "k"), "unreachable", ""),
    ("a quoted message that is not here", lambda _: None, Asked("m", (), "k", reply_to="msg_no"), "invalid", "/reply_to"),
    ("a quoted private note", House.note, Asked("m", (), "k", reply_to="msg_2"), "invalid", "/reply_to"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "asked", "code", "pointer"), [case[1:] for case in REFUSED_REPLIES], ids=[c[0] for c in REFUSED_REPLIES]
)
def test_a_reply_is_refused_to(house, before, asked, code, pointer):
    before(house)
    with pytest.raises(Refusal) as refused:
        conversation.reply(house.view, asked, house.stamp(), CHANNELS)
    assert (refused.value.code, refused.value.pointer, refused.value.about) == (code, pointer, {})
    assert str(refused.value) == refused.value.detail


def test_a_person_of_whom_nothing_is_known_cannot_be_written_to():
    empty = Conversation(id="cnv_1", person=PersonRef(id="per_1"), opened_at=at(0), updated_at=at(0))
    with pytest.raises(Refusal) as refused:
        conversation.route(empty, None)
    assert refused.value.code == "unreachable"


@pytest.mark.parametrize(
    "ask",
    [
        lambda view, stamp: conversation.reply(view, Asked("m", (), "k"), stamp, CHANNELS),
        lambda view, stamp: conversation.note(view, stamp, "m", "hi", "k", None),
        lambda view, stamp: conversation.changed(view, stamp, {}, None),
        lambda view, stamp: conversation.claimed(view, stamp, "k", None),
        lambda view, stamp: conversation.read(view, stamp, "m"),
    ],
)
def test_nothing_can_be_asked_of_a_conversation_that_does_not_exist(ask):
    with pytest.raises(Refusal) as refused:
        ask(View(), House().stamp())
    assert refused.value.code == "not_found"


def test_blocking_one_account_leaves_the_others(house):
    house.receive(channel=SMS)
    house.reach("blocked", channel=SMS)
    assert house.line(house.reply(via="shop")).status == "queued"


# Sending again.


@pytest.mark.parametrize(
    ("why", "fields", "missing"),
    [
        ("nothing is known to have gone out", {"status": "failed", "provider_ids": ()}, "abc"),
        ("the second was refused", {"status": "failed", "provider_ids": ("1",), "stopped": 1}, "bc"),
        ("the last is uncertain", {"status": "uncertain", "provider_ids": ("1", "2"), "stopped": 2}, "c"),
        ("a receipt says that the second failed", {"status": "failed", "provider_ids": ("1", "2", "3"), "lost": "2", "sent": 1}, "b"),
        ("the second was refused and the first failed later", {"status": "failed", "provider_ids": ("1",), "stopped": 1, "lost": "1"}, "abc"),
        ("ids cannot be told apart", {"status": "failed", "provider_ids": ("1", "2"), "lost": "2", "sent": 1}, "abc"),
    ],
)  # fmt: skip
def test_only_what_is_missing_is_sent_again_when(why, fields, missing):
    assert why
    line = Message(
        id="msg_1",
        direction="out",
        author=Author(kind="agent", id="agt_1"),
        received_at=at(0),
        parts=texts("a", "b", "c"),
        status=fields["status"],
        provider_ids=fields["provider_ids"],
        sent_at=at(1) if "sent" in fields else None,
        failure=Failure(reason="unknown", part=fields["stopped"]) if "stopped" in fields else None,
        receipts=dict.fromkeys(fields.get("lost", ""), "failed"),
    )
    assert conversation.missing_parts(line) == texts(*missing)


# Notes.


def test_a_note_is_a_line_that_nothing_can_send(house):
    before = house.conversation
    line = house.line(house.note("careful"))
    assert (line.kind, line.direction, line.parts, line.status) == ("note", "out", texts("careful"), "sent")
    assert (line.account, line.channel, line.identity) == (None, None, None)
    after = house.conversation
    assert (after.last_message, after.unread, after.unanswered_since) == (
        before.last_message, before.unread, before.unanswered_since,
    )  # fmt: skip


# Changes.

SNOOZED = {"status": "snoozed", "snoozed_until": "2026-11-23T09:00:00.000Z"}
OWNER = {"kind": "agent", "id": "agt_1", "name": "Bo"}


@pytest.mark.parametrize(
    ("before", "changes", "kind", "data"),
    [
        ({}, {"status": "pending"}, "pending", {"status": "pending"}),
        ({}, {"status": "resolved", "assignee": OWNER}, "resolved", {"status": "resolved", "assignee": OWNER}),
        ({"status": "resolved"}, {"status": "open", "priority": 0}, "opened", {"status": "open"}),
        ({}, SNOOZED, "snoozed", SNOOZED),
        (SNOOZED, {"snoozed_until": "2026-11-24T09:00:00.000Z"}, "snoozed", {"snoozed_until": "2026-11-24T09:00:00.000Z"}),
        (SNOOZED, {"status": "open"}, "opened", {"status": "open", "snoozed_until": None}),
        ({}, {"assignee": OWNER, "labels": ["vip"]}, "assigned", {"assignee": OWNER, "labels": ["vip"]}),
        ({"assignee": OWNER}, {"assignee": None}, "assigned", {"assignee": None}),
        ({}, {"labels": ["vip"], "priority": 2}, "changed", {"labels": ["vip"], "priority": 2}),
        (SNOOZED, {"priority": 1}, "changed", {"priority": 1}),
    ],
)  # fmt: skip
def test_a_change_is_one_record_of_what_differs(house, before, changes, kind, data):
    house.change(before)
    revision = house.conversation.revision
    record = house.change(changes, revision)
    assert record is not None
    assert (record.kind, record.data) == (f"conversation.{kind}", data)
    after = house.conversation.model_dump(mode="json")
    assert {field: after[field] for field in data} == data
    assert after["revision"] == revision + 1
    line = house.line("msg_" + record.id.removeprefix("rec_"))
    assert (line.kind, line.parts, line.event) == ("event", (), {"kind": kind, **data})


@pytest.mark.parametrize("changes", [{}, {"status": "open"}, {"labels": [], "priority": 0, "assignee": None}])
def test_a_change_of_nothing_makes_no_record(house, changes):
    assert house.change(changes) is None


def test_a_change_of_an_old_revision_is_stale(house):
    house.change({"priority": 1})
    with pytest.raises(Refusal) as refused:
        house.change({"priority": 2}, revision=0)
    assert refused.value.code == "stale"


# Claims.


@pytest.mark.parametrize("by", [AGENT, BOT])
def test_a_claim_assigns_to_whoever_asks_and_again_changes_nothing(house, by):
    record = house.claim(by)
    assert record is not None
    assert record.kind == "conversation.assigned"
    owner = house.conversation.assignee
    assert owner is not None
    assert (owner.kind, owner.id, owner.name) == (by.kind, by.id, by.name)
    assert house.claim(by) is None


@pytest.mark.parametrize(("name", "said"), [("Bo", "Bo has it"), ("", "agt_1 has it")])
def test_a_claimed_conversation_is_refused_with_its_owner(house, name, said):
    house.change({"assignee": {**OWNER, "name": name}})
    with pytest.raises(Refusal) as refused:
        house.claim(BOT)
    assert (refused.value.code, refused.value.detail) == ("already_claimed", said)
    assert refused.value.about == {"owner": {**OWNER, "name": name}}


# Reading.


def test_reading_leaves_unread_what_stands_after(house):
    second, _ = house.receive(), house.receive()
    record = house.read(second)
    assert record is not None
    assert record.data == {"up_to": second, "read_up_to": "2026-11-22T09:00:02.000Z", "unread": 1}
    assert (house.conversation.unread, house.conversation.read_up_to) == (1, at(2))


def test_reading_what_has_been_read_makes_no_record(house):
    house.read("msg_1")
    assert house.read("msg_1") is None


def test_reading_changes_no_revision(house):
    house.read("msg_1")
    assert house.conversation.revision == 0


def test_reading_up_to_a_line_of_another_conversation_is_invalid(house):
    with pytest.raises(Refusal) as refused:
        house.read("msg_none")
    assert (refused.value.code, refused.value.pointer) == ("invalid", "/up_to")
