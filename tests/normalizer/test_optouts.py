"""A refusal tells that a person opted out, where their own word never reached us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_kit import SMS, House, at

from normalizer.decision import Refusal
from normalizer.model import Failure, Reach

STOPPED = Failure(reason="opted_out", detail="send: stopped (21610)", provider_code="21610")
SPARED = Failure(reason="opted_out", detail="no marketing", provider_code="131050", only="marketing")
KEY = "shop telegram:42"


@pytest.fixture
def house() -> House:
    found = House()
    found.receive(when=0)
    return found


def refused(house: House, failure: Failure = STOPPED, when: float | None = None) -> str:
    reply = house.reply(when=when)
    record = house.settle(reply, "failed", failure=failure, when=when)
    assert record is not None
    assert record.kind == "message.failed"
    return reply


def may_write(house: House) -> bool:
    try:
        house.reply()
    except Refusal as refusal:
        return refusal.code != "opted_out"
    return True


def test_who_is_found_to_have_opted_out_is_not_written_to_again(house):
    refused(house)
    assert house.conversation.reach[KEY].opted_out
    assert not may_write(house)


def test_it_is_one_record_which_says_whom_and_since_when(house):
    before = len(house.records)
    refused(house, when=7)
    queued, failed = house.records[before:]
    assert (queued.kind, failed.kind) == ("message.queued", "message.failed")
    assert (failed.data["identity"], failed.data["opted_out_at"]) == ("telegram:42", "2026-11-22T09:00:07.000Z")


def test_start_undoes_it_and_a_plain_message_does_not(house):
    refused(house, when=5)
    house.receive(when=6)
    assert not may_write(house)
    house.reach("opted_in", happened=8)
    assert may_write(house)


def test_what_is_about_marketing_alone_stops_nothing_else(house):
    refused(house, SPARED)
    assert KEY not in house.conversation.reach
    assert may_write(house)


def test_another_failure_says_nothing_of_the_person(house):
    refused(house, Failure(reason="content_rejected"))
    assert KEY not in house.conversation.reach


def test_other_identities_of_the_person_may_be_written_to(house):
    house.receive(channel=SMS, when=1)
    house.receive(when=2)
    refused(house)
    assert not may_write(house)
    assert house.reply(via="sms")


def test_a_receipt_that_says_so_counts_from_when_the_provider_said_it(house):
    house.receive(channel=SMS, when=1)
    reply = house.reply()
    house.settle(reply, "sent", ["SM1"], when=3)
    house.receipt(reply, "SM1", "failed", STOPPED, happened=4)
    assert house.conversation.reach["sms tel:+33612345678"] == Reach(opted_out=True, opted_out_at=at(4))


def test_a_receipt_without_a_time_counts_from_when_the_message_was_sent(house):
    house.receive(channel=SMS, when=1)
    reply = house.reply()
    house.settle(reply, "sent", ["SM1"], when=3)
    house.receipt(reply, "SM1", "failed", STOPPED)
    assert house.conversation.reach["sms tel:+33612345678"].opted_out_at == at(3)


def test_a_receipt_that_is_told_again_for_its_window_stops_nobody_anew(house):
    house.receive(channel=SMS, when=1)
    reply = house.reply()
    house.settle(reply, "sent", ["SM1"], when=3)
    house.receipt(reply, "SM1", "failed", STOPPED, happened=4)
    house.reach("opted_in", channel=SMS, happened=5)
    again = house.receipt(reply, "SM1", "failed", STOPPED, window_until=at(9_000), happened=6)
    assert again is not None
    assert "opted_out_at" not in again.data
    assert may_write(house)


def test_word_that_ends_a_doubt_says_so_too(house):
    reply = house.reply()
    house.settle(reply, "uncertain")
    house.settle_by_word(reply, "a", STOPPED)
    assert not may_write(house)


def test_word_that_ends_a_doubt_counts_from_when_the_provider_said_it(house):
    reply = house.reply()
    house.settle(reply, "uncertain")
    house.reach("opted_in", happened=9)
    house.settle_by_word(reply, "a", STOPPED, happened=8)
    assert may_write(house)


def test_word_without_a_time_that_ends_a_doubt_counts_from_when_the_message_was_asked_for(house):
    house.receive(channel=SMS, when=1)
    reply = house.reply(when=3)
    house.settle(reply, "uncertain")
    house.settle_by_word(reply, "SM1", STOPPED)
    house.receipt(reply, "SM1", "failed", STOPPED)  # the same word, once the message is known by its name
    assert house.conversation.reach["sms tel:+33612345678"].opted_out_at == at(3)


def test_an_end_that_is_recorded_late_counts_from_when_the_provider_said_it(house):
    reply = house.reply()
    house.reach("opted_in", happened=9)
    house.settle(reply, "failed", failure=STOPPED, when=20, happened=8)
    assert may_write(house)


def test_a_start_that_we_hear_before_we_learn_of_the_stop_is_not_forgotten(house):
    house.receive(channel=SMS, when=1)
    reply = house.reply()
    house.settle(reply, "sent", ["SM1"], when=3)
    house.reach("opted_in", channel=SMS, happened=9, if_news=True)
    house.receipt(reply, "SM1", "failed", STOPPED, happened=4)
    assert may_write(house)


@given(st.permutations([("refused", 5.0), ("opted_in", 3.0), ("opted_out", 1.0)]), st.booleans())
def test_the_newest_word_counts_in_whatever_order_it_arrives(told, start_is_newest):
    house = House()
    house.receive(when=0)
    waiting = house.reply(when=0)
    for what, when in told:
        if what == "refused":
            house.settle(waiting, "failed", failure=STOPPED, when=when)
        else:
            house.reach(what, happened=when + (10 if start_is_newest and what == "opted_in" else 0))
    assert house.conversation.reach[KEY].opted_out is not start_is_newest
    assert house.view.stored() == house.view


@given(st.permutations([("refused", 5.0), ("opted_in", 3.0), ("opted_out", 1.0)]), st.booleans())
def test_the_newest_word_counts_though_not_every_yes_is_recorded(told, start_is_newest):
    house = House()
    house.receive(channel=SMS, when=0)
    waiting = house.reply(when=0)
    house.settle(waiting, "sent", ["SM1"], when=0.5)
    for what, when in told:
        if what == "refused":
            house.receipt(waiting, "SM1", "failed", STOPPED, happened=when)
        else:
            newer = 10 if start_is_newest and what == "opted_in" else 0
            house.reach(what, channel=SMS, happened=when + newer, if_news=True)
    assert house.conversation.reach["sms tel:+33612345678"].opted_out is not start_is_newest
