"""What records add up to: a table of single consequences; the laws are in test_fold_laws.py."""

import pytest
from view_kit import PERSON, SMS, SYSTEM, TELEGRAM, House, View, at, texts

from normalizer.fold import apply, apply_to_line, apply_to_person
from normalizer.model import Failure, Reach
from normalizer.record import Record

KEY = "shop telegram:42"


@pytest.fixture
def house() -> House:
    return House()


# Opening and reopening.


def test_the_first_message_opens_a_conversation(house):
    message = house.receive(when=5)
    found = house.conversation
    assert (found.id, found.brand, found.status, found.opened_at, found.updated_at) == (
        "cnv_1", "main", "open", at(5), at(5),
    )  # fmt: skip
    assert (found.unread, found.unanswered_since, found.last_message) == (1, at(5), house.line(message))
    assert (found.account, found.channel, found.identity) == ("shop", "telegram", "telegram:42")
    assert (found.person.id, found.person.name, found.person.identities) == ("per_1", "Ann Lee", ("telegram:42",))


@pytest.mark.parametrize(
    ("status", "episode", "revisions"),
    [("open", 1, 0), ("pending", 1, 1), ("snoozed", 1, 1), ("resolved", 100, 1)],
)
def test_a_message_reopens_and_after_a_resolve_begins_an_episode(house, status, episode, revisions):
    house.receive(when=1)
    house.change({"status": status, **({"snoozed_until": "2026-11-23T09:00:00.000Z"} if status == "snoozed" else {})})
    before = house.conversation
    house.receive(when=100)
    after = house.conversation
    assert (after.status, after.snoozed_until, after.opened_at) == ("open", None, at(episode))
    assert after.revision == before.revision + revisions


@pytest.mark.parametrize(("status", "opened"), [("open", 50), ("pending", 50), ("resolved", 1)])
def test_an_agent_who_reopens_begins_an_episode(house, status, opened):
    house.receive(when=1)
    house.change({"status": "resolved"}, when=20)
    house.change({"status": status, "priority": 1}, when=50)
    assert house.conversation.opened_at == at(opened)


def test_a_change_that_is_no_reopening_keeps_the_episode(house):
    house.receive(when=1)
    house.change({"status": "pending"}, when=20)
    house.change({"status": "open"}, when=50)
    assert house.conversation.opened_at == at(1)


def test_a_change_of_reach_alone_makes_a_resolved_conversation(house):
    house.reach("unblocked")
    found = house.conversation
    assert (found.status, found.unread, found.unanswered_since, found.last_message) == ("resolved", 0, None, None)
    assert (found.account, found.channel, found.identity) == ("shop", "telegram", "telegram:42")
    house.receive(when=60)
    assert (house.conversation.status, house.conversation.opened_at) == ("open", at(60))


def test_a_change_of_reach_elsewhere_does_not_move_the_conversation(house):
    house.receive()
    house.reach("blocked", channel=SMS)
    assert (house.conversation.account, house.conversation.status) == ("shop", "open")


def test_a_word_of_another_tool_before_the_first_of_the_person_makes_a_resolved_conversation(house):
    echo = house.echo("welcome")
    found = house.conversation
    assert (found.status, found.unread, found.unanswered_since) == ("resolved", 0, None)
    assert (found.account, found.channel, found.identity) == ("shop", "telegram", "telegram:42")
    assert (found.person.id, found.last_message) == ("per_1", house.line(echo))


def test_a_word_of_another_tool_is_an_answer_and_moves_nothing(house):
    house.receive(channel=SMS)
    echo = house.echo("elsewhere")
    assert (house.conversation.unread, house.conversation.unanswered_since) == (0, None)
    assert (house.conversation.account, house.conversation.last_message) == ("sms", house.line(echo))


def test_an_echo_by_a_clock_that_is_behind_does_not_become_the_last_message(house):
    newest = house.receive(when=10)
    house.echo("earlier", when=5)
    assert house.conversation.last_message == house.line(newest)
    assert house.conversation.unanswered_since is None


# Where the person last wrote, and what is shown.


def test_a_late_older_message_neither_becomes_the_last_nor_moves_the_conversation(house):
    newest = house.receive(sent=10, when=10)
    house.receive(channel=SMS, sent=5, when=11)
    found = house.conversation
    assert found.last_message is not None
    assert (found.last_message.id, found.account, found.unread) == (newest, "shop", 2)


def test_a_message_older_than_our_reply_but_the_persons_newest_moves_the_conversation(house):
    house.receive(sent=1, when=1)
    reply = house.reply(when=10.5)
    house.receive(channel=SMS, sent=10, when=11)
    found = house.conversation
    assert found.last_message is not None
    assert (found.last_message.id, found.account, found.identity) == (reply, "sms", "tel:+33612345678")


@pytest.mark.parametrize("sent", [3, 9], ids=["before", "after"])
def test_a_message_that_arrives_after_an_answer_is_unread_wherever_it_stands(house, sent):
    house.receive(when=1)
    house.reply(when=5)
    house.receive(sent=sent, when=10)
    assert (house.conversation.unread, house.conversation.unanswered_since) == (1, at(10))


def test_a_message_of_the_second_that_was_read_is_unread(house):
    house.read(house.receive(sent=1, when=1))
    house.receive(sent=1, when=1.9)
    assert house.conversation.unread == 1


def test_a_time_in_the_future_does_not_count(house):
    late = house.receive(sent=1000, when=1)
    newest = house.receive(when=2)
    assert house.line(late).shown_at == at(1)
    assert house.conversation.last_message == house.line(newest)
    assert house.conversation.last_inbound_at == {KEY: at(2)}


@pytest.mark.parametrize(("first", "second", "newest"), [((7, 1), (7, 2), 2), ((7, 2), (7, 1), 1), ((8, 1), (7, 2), 1)])
def test_the_last_message_is_by_time_then_the_providers_order(house, first, second, newest):
    made = [house.receive(sent=sent, order=order, when=9) for sent, order in (first, second)]
    assert house.conversation.last_message == house.line(made[newest - 1])


def test_the_last_message_shows_its_news(house):
    message = house.receive("helo")
    house.edit(message, "hello", edited=60)
    assert house.conversation.last_message == house.line(message)
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    house.receipt(reply, "a", "read")
    assert house.conversation.last_message == house.line(reply)
    house.edit(message, "hello!", edited=61)
    assert house.conversation.last_message == house.line(reply)


def test_clocks_that_differ_never_set_a_conversation_back(house):
    house.receive(when=10)
    house.receive(when=9)
    found = house.conversation
    assert (found.updated_at, found.unanswered_since, found.last_inbound_at) == (at(10), at(9), {KEY: at(10)})


def test_a_reply_by_a_clock_that_is_behind_does_not_become_the_last_message(house):
    message = house.receive(when=10)
    house.reply(when=9)
    assert house.conversation.last_message == house.line(message)
    assert (house.conversation.unread, house.conversation.unanswered_since) == (0, None)


# Owed answers. Lower-case letters are records about replies a, b … in the order of the replies: `+a` queued, `a` sent,
# `!a` failed, `?a` uncertain, `^a` failed by a receipt; `m` is a message (at 1, 2 … by its place in the story), `r`
# a resolve.


@pytest.mark.parametrize(
    ("story", "owed"),
    [
        ("m", 1),
        ("m m", 1),
        ("m +a", None),
        ("m +a a", None),
        ("m +a ?a", None),
        ("m +a !a", 1),
        ("m +a m", 3),
        ("m +a m a", 3),
        ("m +a m !a", 1),
        ("m +a ?a !a", 1),
        ("m +a ?a a", None),
        ("m r", None),
        ("m +a r a", None),
        ("m +a r !a", 1),
        ("m +a +b !a", None),
        ("m +a +b !a b", None),
        ("m +a +b !a !b", 1),
        ("m +a +b a !b", None),
        ("m +a +b ?a !b", None),
        ("m +a +b ?a !b !a", 1),
        ("m +a ?a +b b !a", None),
        ("m +a m +b !a b", None),
        ("m +a m +b !a !b", 1),
        ("m +a m +b a !b", 3),
        ("m +a m +b ?a !b", 3),
        ("m +a m +b ?a b !a", None),
        ("m +a +b m +c !a b !c", 4),
        ("m +a !a +b b", None),
        ("m +a a ^a", 1),
        ("m +a a m ^a", 4),
        ("m +a a +b ^a", None),
        ("m +a a r ^a", None),
        ("m +a ?a ^a", None),
    ],
)
def test_what_is_owed_after(house, story, owed):
    replies: dict[str, str] = {}
    for second, step in enumerate(story.split(), start=1):
        what, name = step[0], step[-1]
        if step == "m":
            house.receive(when=second)
        elif step == "r":
            house.change({"status": "resolved"}, when=second)
        elif what == "+":
            replies[name] = house.reply(when=second)
        elif what == "^":
            house.receipt(replies[name], name, "failed")
        else:
            how = {"!": "failed", "?": "uncertain"}.get(what, "sent")
            house.settle(replies[name], how, [name])  # type: ignore[arg-type] # one of the ends
    assert house.conversation.unanswered_since == (None if owed is None else at(owed))


def test_a_failed_first_word_owes_nobody_an_answer(house):
    house.reach("opted_in")
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    house.receipt(reply, "a", "failed")
    assert house.line(reply).status == "failed"
    assert house.conversation.unanswered_since is None


# Reach.


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (["blocked 1"], "blocked"),
        (["blocked 1", "unblocked 2"], ""),
        (["unblocked 2", "blocked 1"], ""),
        (["blocked 2", "unblocked 1"], "blocked"),
        (["opted_out 1"], "opted_out"),
        (["opted_out 1", "opted_in 2"], ""),
        (["opted_in 2", "opted_out 1"], ""),
        (["opted_out 1", "blocked 1", "opted_in 2"], "blocked"),
        (["blocked 1", "message 2"], ""),
        (["message 2", "blocked 1"], ""),
        (["blocked 2", "message 1"], "blocked"),
        (["message 2", "blocked 2"], "blocked"),
        (["blocked 1", "message 3", "blocked 2"], ""),
        (["opted_out 1", "message 2"], "opted_out"),
    ],
)
def test_reach_is_what_was_said_last_in_whatever_order_it_arrives(house, told, found):
    for one in told:
        what, second = one.split()
        if what == "message":
            house.receive(sent=int(second), when=10)
        else:
            house.reach(what, happened=int(second))
    reach = house.conversation.reach.get(KEY, Reach())
    assert [name for name in ("blocked", "opted_out") if getattr(reach, name)] == found.split()


# The person.


def test_a_person_is_known_by_the_newest_name_and_every_identity(house):
    house.receive(name="Ann", when=1)
    before = house.person
    house.receive(name="", when=2)
    assert house.person is before
    house.receive(name="Ann Lee", channel=SMS, when=3)
    house.reach("unblocked", identity="telegram:43", name="")
    house.reach("unblocked", identity="telegram:43", name="A. Lee")
    house.note()
    person = house.person
    assert (person.id, person.brand, person.conversation, person.created_at) == ("per_1", "main", "cnv_1", at(1))
    assert (person.name, person.identities) == ("A. Lee", ("telegram:42", "tel:+33612345678", "telegram:43"))
    shown = house.conversation.person
    assert (shown.id, shown.name, shown.identities) == (person.id, person.name, person.identities)


def test_how_long_the_provider_lets_us_write_is_the_longest_it_said(house):
    for until in (300, 900, 600):
        house.receive(window_until=at(until))
    house.receive()
    assert house.conversation.free_until == {KEY: at(900)}
    reply = house.reply()
    house.settle(reply, "sent", ["a"])
    for until in (1200, 1500, 1100):
        house.receipt(reply, "a", "delivered", window_until=at(until))
    assert house.conversation.free_until == {KEY: at(900), "sms telegram:42": at(1500)}


def test_other_names_of_a_person_are_known_from_the_first_message(house):
    house.receive(aliases=("tel:+33612345678",))
    assert house.conversation.person.identities == ("telegram:42", "tel:+33612345678")
    assert house.person.identities == ("telegram:42", "tel:+33612345678")


def test_a_person_who_only_blocked_us_is_known(house):
    house.reach("blocked", happened=0)
    assert (house.person.name, house.person.identities) == ("Ann Lee", ("telegram:42",))


# Lines.


@pytest.mark.parametrize("status", ["delivered", "read"])
def test_what_failed_by_itself_is_not_delivered_by_another_parts_receipt(house, status):
    house.receive()
    reply = house.reply("one", "two")
    house.settle(reply, "failed", ["a"], part=1)
    house.receipt(reply, "a", status)
    line = house.line(reply)
    assert (line.status, line.receipts) == ("failed", {"a": status})
    assert line.failure is not None
    assert line.failure.part == 1


def test_an_uncertain_message_stays_so_while_only_an_earlier_part_is_delivered(house):
    house.receive()
    reply = house.reply("one", "two")
    house.settle(reply, "uncertain", ["a"], part=1)
    house.receipt(reply, "a", "delivered")
    assert house.line(reply).status == "uncertain"
    house.settle(reply, "sent", ["a", "b"])
    assert house.line(reply).receipts == {"a": "delivered", "b": "sent"}


def test_a_part_that_failed_while_another_was_uncertain_fails_the_message_once_it_is_settled(house):
    house.receive()
    reply = house.reply("one", "two")
    house.settle(reply, "uncertain", ["a"], part=1)
    house.receipt(reply, "a", "failed", Failure(reason="unreachable"))
    house.settle(reply, "sent", ["a", "b"])
    line = house.line(reply)
    assert line.status == "failed"
    assert line.failure == Failure(reason="unknown", part=0)


def test_a_failed_part_is_the_one_that_is_named(house):
    house.receive()
    reply = house.reply("one", "two")
    house.settle(reply, "sent", ["a", "b"])
    house.receipt(reply, "b", "failed", Failure(reason="unreachable"))
    assert house.line(reply).failure == Failure(reason="unreachable", part=1)


def test_which_part_failed_is_what_the_provider_says_where_ids_and_parts_differ_in_number(house):
    house.receive()
    reply = house.reply("one", "two")
    house.settle(reply, "sent", ["a", "b", "c"])
    house.receipt(reply, "c", "failed", Failure(reason="unreachable", part=1))
    assert house.line(reply).failure == Failure(reason="unreachable", part=1)


def test_a_message_that_is_sent_without_any_call_is_sent_and_may_be_read(house):
    house.receive()
    reply = house.reply()
    house.settle(reply, "sent")
    assert house.line(reply).status == "sent"
    house.receipt(reply, "widget:1", "read")
    assert house.line(reply).status == "read"


def test_older_news_of_an_end_takes_nothing_back(house):
    house.receive()
    reply = house.reply("one", "two")
    stale = house.settle(reply, "uncertain", ["a"])
    house.settle(reply, "sent", ["a", "b"])
    assert stale is not None
    assert apply_to_line(house.line(reply), stale) == house.line(reply)


def test_an_older_edit_takes_nothing_back(house):
    message = house.receive("one")
    stale = house.edit(message, "two", edited=1)
    house.edit(message, "three", edited=2)
    assert stale is not None
    assert apply_to_line(house.line(message), stale) == house.line(message)
    assert house.line(message).parts == texts("three")


def test_an_older_reaction_takes_nothing_back(house):
    message = house.receive("one")
    stale = house.react(message, ["👍"], happened=1)
    house.react(message, ["❤"], happened=2)
    assert stale is not None
    assert apply_to_line(house.line(message), stale) == house.line(message)


def test_what_is_told_late_of_a_deleted_message_brings_nothing_of_it_back(house):
    message = house.receive("one")
    late = [house.edit(message, "two", edited=1), house.react(message, ["👍"], happened=2)]
    again = house.delete(message, happened=3)
    for record in (*late, again):
        assert record is not None
        assert apply_to_line(house.line(message), record) == house.line(message)
    assert (house.line(message).parts, house.line(message).reactions) == ((), ())


def test_a_record_that_a_conversation_has_seen_changes_nothing(house):
    house.receive()
    house.reply()
    for record in house.records:
        assert apply(house.conversation, record) is house.conversation


# What cannot be read, or not yet.


def unknown(kind: str, seq: int) -> Record:
    return Record(
        v=99, feed=seq, id=f"rec_n{seq}", stream="cnv_1", seq=seq, key=f"n{seq}", kind=kind, brand="main", account=None,
        by=SYSTEM, cause=None, at=at(90), received_at=None, data={"message": "msg_1", "new": {"field": 1}},
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["message.translated", "survey.answered"])
def test_a_kind_that_only_newer_versions_know_changes_nothing_but_the_number(house, kind):
    house.receive()
    before, line, person = house.conversation, house.line("msg_1"), house.person
    after = apply(before, unknown(kind, 2))
    assert after == before.model_copy(update={"seq": 2, "updated_at": at(90)})
    assert apply_to_line(line, unknown(kind, 2)) == line
    assert apply_to_person(person, unknown(kind, 2)) == person


def test_news_of_what_was_never_seen_makes_nothing(house):
    house.receive()
    edit = house.edit("msg_1", "ho", edited=60)
    assert edit is not None
    assert View().fold([edit]) == View()


def test_who_wrote_an_event_says_its_direction(house):
    house.receive()
    changed = house.change({"priority": 1})
    assert changed is not None
    line = house.line("msg_" + changed.id.removeprefix("rec_"))
    assert (line.direction, line.status, line.author.name) == ("out", "sent", "Bo")
    house.reach("blocked", channel=TELEGRAM)
    line = house.line("msg_" + house.records[-1].id.removeprefix("rec_"))
    assert (line.direction, line.status, line.author.name) == ("in", "received", PERSON.name)
