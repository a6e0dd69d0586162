"""What becomes of a message that we send: each end, once, and an agent's word on an uncertain one."""

import pytest
from view_kit import SYSTEM, House, texts

from normalizer.conversation import missing_parts
from normalizer.decision import Refusal
from normalizer.model import Failure

BUSY = Failure(reason="provider_down", detail="busy")


@pytest.fixture
def house() -> House:
    found = House()
    found.receive()
    return found


@pytest.fixture
def reply(house: House) -> str:
    return house.reply("one", "two")


@pytest.mark.parametrize(
    ("how", "ids", "status", "failure"),
    [
        ("sent", ["a", "b"], "sent", None),
        ("failed", ["a"], "failed", BUSY),
        ("uncertain", ["a"], "uncertain", BUSY),
    ],
)
def test_an_end_is_one_record_and_the_lines_status(house, reply, how, ids, status, failure):
    record = house.settle(reply, how, ids)
    assert record is not None
    assert (record.kind, record.key, record.by, record.account) == (f"message.{how}", f"{reply}:{how}", SYSTEM, "shop")
    line = house.line(reply)
    assert (line.status, line.failure, line.provider_ids) == (status, failure, tuple(ids))
    assert (line.sent_at is not None) == (how == "sent")
    assert "send_at" not in record.data


def test_a_wait_leaves_the_line_queued_and_says_until_when(house, reply):
    record = house.settle(reply, "deferred")
    assert record is not None
    assert (record.kind, record.data["status"]) == ("message.deferred", "queued")
    assert record.data["send_at"] == "2026-11-22T09:00:33.000Z"
    assert house.line(reply).status == "queued"


@pytest.mark.parametrize(
    ("known", "told", "after"),
    [
        ("queued", "sent failed uncertain deferred", "sent failed uncertain deferred"),
        ("uncertain", "sent failed uncertain deferred", "sent failed"),
        ("sent", "sent failed uncertain deferred", ""),
        ("failed", "sent failed uncertain deferred", ""),
        ("delivered", "sent failed uncertain deferred", ""),
        ("read", "sent failed uncertain deferred", ""),
    ],
)
def test_an_end_is_told_only_while_it_is_news(known, told, after):
    for how in told.split():
        house = House()
        house.receive()
        reply = house.reply()
        if known in {"delivered", "read"}:
            house.settle(reply, "sent", ["a"])
            house.receipt(reply, "a", known)
        elif known != "queued":
            house.settle(reply, known, ["a"])
        before = house.line(reply)
        assert before.status == known
        assert (house.settle(reply, how) is not None) == (how in after.split())
        if how not in after.split():
            assert house.line(reply) == before


def test_the_end_of_a_message_that_is_not_here_makes_no_record(house):
    assert house.settle("msg_none", "sent") is None


def test_a_late_answer_ends_an_uncertain_message(house, reply):
    house.settle(reply, "uncertain", ["a"], part=1)
    house.settle(reply, "sent", ["a", "b"])
    line = house.line(reply)
    assert (line.status, line.failure, line.provider_ids) == ("sent", None, ("a", "b"))


# By hand.


@pytest.mark.parametrize(
    ("status", "part", "kind", "failure"),
    [
        ("sent", 1, "sent", None),
        ("failed", 1, "failed", Failure(reason="unknown", detail="settled as failed by hand", part=1)),
        ("sent", 0, "failed", Failure(reason="unknown", detail="the parts after this one were never sent", part=1)),
    ],
)
def test_an_agent_ends_an_uncertain_message(house, reply, status, part, kind, failure):
    house.settle(reply, "uncertain", ["a"][:part], part=part)
    record = house.settle_by_hand(reply, status)
    assert record is not None
    assert (record.kind, record.by.kind) == (f"message.{kind}", "agent")
    line = house.line(reply)
    assert (line.status, line.failure, line.provider_ids) == (kind, failure, ("a",)[:part])


@pytest.mark.parametrize("known", ["sent", "failed", None])
def test_only_an_uncertain_message_is_ended_by_hand(house, reply, known):
    if known:
        house.settle(reply, known, ["a", "b"])
    with pytest.raises(Refusal) as refused:
        house.settle_by_hand(reply, "sent")
    assert refused.value.code == "not_uncertain"
    assert (known or "queued") in refused.value.detail


def test_a_message_that_is_not_here_is_not_ended_by_hand(house):
    with pytest.raises(Refusal) as refused:
        house.settle_by_hand("msg_none", "sent")
    assert refused.value.code == "not_found"


def test_what_was_never_tried_can_be_sent_again_after_a_settlement_by_hand(house, reply):
    house.settle(reply, "uncertain", part=0)
    house.settle_by_hand(reply, "sent")
    assert missing_parts(house.line(reply)) == texts("two")


# By the provider's word on a part that nobody was sure of.


@pytest.mark.parametrize(
    ("told", "part", "kind", "failure"),
    [
        (None, 1, "sent", None),
        (BUSY, 1, "failed", BUSY.model_copy(update={"part": 1})),
        (None, 0, "failed", Failure(reason="unknown", detail="the parts after this one were never sent", part=1)),
    ],
)
def test_the_providers_word_ends_an_uncertain_message(house, reply, told, part, kind, failure):
    house.settle(reply, "uncertain", ["a"][:part], part=part)
    record = house.settle_by_word(reply, "b", told)
    assert record is not None
    assert (record.kind, record.by, record.request) == (f"message.{kind}", SYSTEM, None)
    line = house.line(reply)
    assert (line.status, line.failure, line.provider_ids) == (kind, failure, (*("a",)[:part], "b"))
    assert house.settle_by_word(reply, "b", told) is None


def test_the_providers_word_on_a_part_that_is_known_ends_no_doubt(house, reply):
    house.settle(reply, "uncertain", ["a"], part=1)
    assert house.settle_by_word(reply, "a") is None
    assert house.line(reply).status == "uncertain"


@pytest.mark.parametrize("known", [None, "sent", "failed"])
def test_the_providers_word_on_what_nobody_doubts_makes_no_record(house, reply, known):
    if known:
        house.settle(reply, known, ["a"])
    assert house.settle_by_word(reply, "b") is None
    assert house.settle_by_word("msg_none", "b") is None


def test_a_failure_is_of_a_part_that_the_message_still_has_after_it_was_changed_to_fewer():
    for amended_first in (True, False):
        house = House()
        house.receive()
        reply = house.reply("one", "two", "three")
        if amended_first:
            house.amend(reply, "only")
        house.settle(reply, "failed", ["a", "b"], part=2)
        if not amended_first:
            house.amend(reply, "only")
        assert house.line(reply).failure == BUSY
        house.amend(reply)
        assert house.line(reply).failure == BUSY
