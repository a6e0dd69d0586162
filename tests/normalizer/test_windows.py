"""Reply windows: until when an answer may be free, what opens them again, and whom a late word is left to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_kit import AGENT, BOT, CHANNELS, SYSTEM, House, at, texts

from normalizer import conversation
from normalizer.conversation import Asked
from normalizer.decision import Refusal
from normalizer.model import Conversation, Part, PersonRef, Template, reach_key
from normalizer.windows import Window, closes_at, last_sign, standing

HOUR = 3600
DAY = Window(24)
WITH_LATE = Window(24, 24 * 7)
HERE = ("shop", "telegram:42")
OPENING = Template(name="hello")


def wrote(**signs: float) -> Conversation:
    """A conversation with somebody; ``signs`` are seconds after the start, by field."""
    empty = Conversation(id="cnv_1", person=PersonRef(id="per_1"), opened_at=at(0), updated_at=at(0))
    return empty.model_copy(update={field: {reach_key(*HERE): at(seconds)} for field, seconds in signs.items()})


def test_a_channel_without_a_window_is_always_open():
    assert standing(wrote(), *HERE, None, at(0)) == "open"
    assert closes_at(wrote(last_inbound_at=0), *HERE, None) is None


def test_who_never_wrote_there_has_opened_no_window():
    assert (closes_at(wrote(), *HERE, DAY), last_sign(wrote(), *HERE)) == (None, None)
    assert standing(wrote(), *HERE, WITH_LATE, at(0)) == "closed"
    assert standing(wrote(last_inbound_at=0), "shop", "telegram:43", DAY, at(1)) == "closed"


@pytest.mark.parametrize(
    ("signs", "last"),
    [
        ({"last_inbound_at": 5}, 5),
        ({"touched_at": 7}, 7),
        ({"last_inbound_at": 5, "touched_at": 7}, 7),
        ({"last_inbound_at": 7, "touched_at": 5}, 7),
    ],
)
def test_the_newest_sign_of_any_kind_opens_the_window(signs, last):
    found = wrote(**signs)
    assert last_sign(found, *HERE) == at(last)
    assert closes_at(found, *HERE, DAY) == at(last + 24 * HOUR)


@pytest.mark.parametrize(("told", "closes"), [(72 * HOUR, 72), (1 * HOUR, 24)])
def test_what_the_provider_grants_holds_where_it_is_more_than_the_rule(told, closes):
    assert closes_at(wrote(last_inbound_at=0, free_until=told), *HERE, DAY) == at(closes * HOUR)


@given(
    hours=st.integers(0, 100),
    late=st.integers(0, 300),
    granted=st.none() | st.integers(-50, 300),
    asked=st.integers(-10, 400),
)
def test_a_window_only_ever_closes_and_at_its_end_it_is_closed(hours, late, granted, asked):
    window = Window(hours, late)
    found = wrote(last_inbound_at=0, **({} if granted is None else {"free_until": granted * HOUR}))
    closes = closes_at(found, *HERE, window)
    assert closes is not None
    now = at(asked * HOUR)
    stands, later = (standing(found, *HERE, window, moment) for moment in (now, now + timedelta(hours=1)))
    order = ("open", "late", "closed")
    assert order.index(stands) <= order.index(later)
    assert (stands == "open") == (now < closes)
    assert (stands == "closed") == (now >= max(closes, at(late * HOUR)))


# What a reply meets.


@pytest.fixture
def house() -> House:
    found = House()
    found.receive(when=0)
    return found


def ask(house: House, hours: float, parts: tuple[Part, ...], window: Window, by=AGENT) -> None:
    asked = Asked(f"msg_{house.number()}", parts, f"idem:{house.number()}")
    conversation.reply(house.view, asked, house.stamp(by, hours * HOUR), CHANNELS, {"shop": window})


def refused(house: House, hours: float, parts: tuple[Part, ...], window: Window, by=AGENT) -> Refusal:
    with pytest.raises(Refusal) as found:
        ask(house, hours, parts, window, by)
    return found.value


def test_a_reply_in_time_is_free_for_everybody(house):
    for by in (AGENT, BOT, SYSTEM):
        ask(house, 23.9, texts("hello"), DAY, by)


def test_after_it_closed_a_template_alone_goes_out(house):
    ask(house, 25, (OPENING,), DAY)
    why = refused(house, 25, (OPENING, *texts("and my own words")), DAY)
    assert (why.code, why.pointer) == ("window_closed", "/parts/1")
    assert why.about == {"may_send": ["template"], "closed_at": "2026-11-23T09:00:00.000Z"}
    assert "own words" not in why.detail


def test_a_late_word_is_a_persons_own(house):
    ask(house, 25, texts("it took me a day"), WITH_LATE)
    why = refused(house, 25, texts("an automatic answer"), WITH_LATE, BOT)
    assert (why.code, why.pointer) == ("window_closed", "/parts/0")
    assert "an agent's own words" in why.detail
    ask(house, 25, (OPENING,), WITH_LATE, BOT)
    assert refused(house, 24 * 7, texts("too late"), WITH_LATE).code == "window_closed"


def test_a_window_that_was_never_open_has_no_time_of_closing():
    house = House()
    house.reach("unblocked")
    assert refused(house, 1, texts("hello"), DAY).about == {"may_send": ["template"], "closed_at": None}


def test_a_reaction_opens_the_window_again(house):
    reply = house.reply("hello")
    house.settle(reply, "sent", ["a"])
    assert refused(house, 30, texts("hello"), DAY).code == "window_closed"
    house.react(reply, ["👍"], happened=20 * HOUR)
    ask(house, 30, texts("hello"), DAY)
    house.react(reply, [], happened=10 * HOUR)  # told late: sets nothing back
    assert last_sign(house.conversation, *HERE) == at(20 * HOUR)
