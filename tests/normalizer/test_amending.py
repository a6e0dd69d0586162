"""What becomes of a line after it was said: who may change it, take it back, react to it; and when that is news."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_kit import AGENT, BOT, PERSON, House, at, texts

from normalizer.amending import OURS, may_amend, may_react, whose_name
from normalizer.decision import Refusal
from normalizer.fold import apply_to_line
from normalizer.model import Message


def sent(house: House) -> str:
    reply = house.reply("hello")
    house.settle(reply, "sent", [f"out:{reply}"])
    return reply


def gone(house: House) -> str:
    reply = sent(house)
    house.amend(reply)
    return reply


def uncertain(house: House) -> str:
    reply = house.reply("one", "two")
    house.settle(reply, "uncertain", ["out:1"], part=1)
    return reply


def event(house: House) -> str:
    house.change({"status": "pending"})
    return next(line.id for line in house.view.lines.values() if line.kind == "event")


@pytest.fixture
def house() -> House:
    found = House()
    found.receive()
    return found


MAY_NOT_AMEND: list[tuple[str, Callable[[House], str], str, str]] = [
    ("that is not here", lambda _: "msg_none", "not_found", "no such message"),
    ("of the customer", lambda house: house.receive(), "unsupported", "only a message of ours can be edited"),
    ("that is a private note", House.note, "unsupported", "only a message of ours can be edited"),
    ("that was taken back", gone, "unsupported", "this message was deleted"),
    ("that is still queued", House.reply, "unsupported", "this message is queued; only one that was sent can be edited"),
    ("that nobody is sure of", uncertain, "unsupported", "this message is uncertain; only one that was sent"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "code", "words"), [case[1:] for case in MAY_NOT_AMEND], ids=[case[0] for case in MAY_NOT_AMEND]
)
def test_nobody_may_amend_a_message(house, made, code, words):
    with pytest.raises(Refusal, match=words) as refused:
        may_amend(house.view.message(made(house)), "edited")
    assert refused.value.code == code


def test_a_message_that_was_sent_without_any_id_cannot_be_named_to_the_provider(house):
    reply = house.reply()
    house.settle(reply, "sent")
    with pytest.raises(Refusal, match="only one that was sent can be deleted"):
        may_amend(house.line(reply), "deleted")


def test_a_message_of_ours_that_is_with_the_customer_may_be_amended(house):
    reply = sent(house)
    assert may_amend(house.line(reply), "edited") == house.line(reply)
    house.receipt(reply, f"out:{reply}", "read")
    assert may_amend(house.line(reply), "edited").status == "read"


MAY_NOT_REACT: list[tuple[str, Callable[[House], str], str, str]] = [
    ("that is not here", lambda _: "msg_none", "not_found", "no such message"),
    ("that is a private note", House.note, "unsupported", "only a message that the customer sees"),
    ("that is an event", event, "unsupported", "only a message that the customer sees"),
    ("that is still queued", House.reply, "unsupported", "only a message that the customer sees"),
    ("that was taken back", gone, "unsupported", "this message was deleted"),
]


@pytest.mark.parametrize(
    ("made", "code", "words"), [case[1:] for case in MAY_NOT_REACT], ids=[case[0] for case in MAY_NOT_REACT]
)
def test_nobody_may_react_to_a_line(house, made, code, words):
    with pytest.raises(Refusal, match=words) as refused:
        may_react(house.view.message(made(house)))
    assert refused.value.code == code


@pytest.mark.parametrize("made", [House.receive, sent, uncertain])
def test_what_the_customer_sees_of_either_side_may_be_reacted_to(house, made):
    line = house.line(made(house))
    assert may_react(line) == line


# The folds.


def test_what_we_react_is_one_voice_and_a_customers_is_their_own(house):
    message = house.receive()
    house.put_on(message, "👍", by=AGENT)
    house.put_on(message, "❤", by=BOT)
    house.react(message, ["🔥", "🎉"], happened=60)
    line = house.line(message)
    assert [(one.emoji, one.by.kind) for one in line.reactions] == [("❤", "bot"), ("🔥", "person"), ("🎉", "person")]
    assert set(line.reacted) == {OURS, PERSON.id}
    assert (whose_name("agent", "agt_1"), whose_name("system", "x")) == (OURS, OURS)


@pytest.mark.parametrize("again", [("👍",), ("👍", "👍")])
def test_the_reaction_that_is_there_already_makes_no_record(house, again):
    message = house.receive()
    assert house.put_on(message, "👍") is not None
    assert house.put_on(message, *again) is None
    assert house.put_on("msg_none", "👍") is None


def test_the_words_that_are_there_already_make_no_record(house):
    reply = sent(house)
    assert house.amend(reply, "hello") is None
    assert house.amend("msg_none", "hello") is None
    record = house.amend(reply, "hello, Ann")
    assert record is not None
    assert (record.kind, record.account, house.line(reply).parts) == ("message.edited", "shop", texts("hello, Ann"))


def test_what_was_taken_back_is_neither_taken_back_nor_changed_nor_reacted_to_again(house):
    reply = gone(house)
    before = house.line(reply)
    assert (before.parts, before.deleted_at is not None) == ((), True)
    assert [house.amend(reply), house.amend(reply, "new"), house.put_on(reply, "👍")] == [None] * 3
    assert house.amend("msg_none") is None
    assert house.line(reply) == before


amendments = st.lists(
    st.tuples(st.sampled_from(["edited", "deleted", "reacted by us", "reacted by them"]), st.integers(1, 99)),
    max_size=8,
    unique_by=lambda one: one[1],
)


def amended(line: Message, told: list[tuple[str, int]]) -> Message:
    """The line after amendments told in this order; each stands in the log as if it had been news."""
    house = House()
    house.receive()
    record = house.records[0]
    for what, second in told:
        by = PERSON if what.endswith("them") else AGENT
        when = at(second).isoformat()
        match what.split()[0]:
            case "edited":
                data = {"parts": [{"kind": "text", "text": str(second)}], "edited_at": when}
            case "deleted":
                data = {"at": when}
            case _:
                author = {"kind": by.kind, "id": by.id, "name": by.name}
                data = {"by": author, "emojis": ["👍", "❤"][: second % 3], "at": when}
        from_log = record._replace(kind=f"message.{what.split()[0]}", data={"message": line.id, **data})
        found = apply_to_line(line, from_log)
        assert found is not None
        line = found
    return line


@given(amendments.flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_amendments_in_any_order_give_the_same_line(orders):
    house = House()
    first = house.line(house.receive("first"))
    one, other = (amended(first, list(told)) for told in orders)
    assert (one.deleted_at is None) == (other.deleted_at is None)
    assert (one.parts, one.reacted) == (other.parts, other.reacted)
    assert {(each.emoji, each.by.id) for each in one.reactions} == {
        (each.emoji, each.by.id) for each in other.reactions
    }
    if one.deleted_at is None:
        assert one.edited_at == other.edited_at
