"""How fast an account sends: what a provider asks for is kept, and taken back as soon as it says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Pace
from gateway.pace import Rates

FAST = Pace(per_second=1000, per_chat=1000)
seconds = st.floats(0, 10_000)


def test_calls_are_so_far_apart_as_the_provider_would_have_them() -> None:
    rates = Rates(FAST, 0.0)
    rates.keep_apart(30.0)
    assert rates.reserve("ann", 0.0) == 0  # nobody was called before
    assert rates.reserve("bob", 10.0) == 20
    assert rates.reserve("bob", 30.0) == 0
    assert rates.reserve("ann", 30.0) == 30


def test_a_provider_that_warns_is_heeded_from_the_next_call_on() -> None:
    rates = Rates(FAST, 0.0)
    assert rates.reserve("ann", 5.0) == 0
    rates.keep_apart(30.0)
    assert rates.reserve("ann", 6.0) == 29


def test_a_provider_that_has_room_again_is_waited_for_no_more() -> None:
    rates = Rates(FAST, 0.0)
    rates.keep_apart(3600.0)
    assert rates.reserve("ann", 36_000.0) == 0  # ten hours later; its answer says that all is well
    rates.keep_apart(0.0)
    assert rates.reserve("bob", 36_000.2) == 0


def test_a_hold_is_not_taken_back_by_what_another_call_was_answered() -> None:
    rates = Rates(FAST, 0.0)
    rates.hold(60.0)
    rates.keep_apart(0.0)
    assert (rates.held(20.0), rates.reserve("ann", 20.0)) == (40, 40)
    assert (rates.held(60.0), rates.reserve("ann", 60.0)) == (0, 0)


def test_an_accounts_own_pace_holds_nobody() -> None:
    rates = Rates(Pace(per_second=1, per_chat=1), 0.0)
    assert rates.reserve("ann", 0.0) == 0
    assert rates.reserve("bob", 0.0) == 1
    assert rates.held(0.0) == 0


@given(seconds, seconds, seconds)
def test_no_wait_is_longer_than_what_was_said_last(earlier: float, apart: float, after: float) -> None:
    rates = Rates(FAST, 0.0)
    rates.keep_apart(earlier)
    assert rates.reserve("ann", 1.0) == 0
    rates.keep_apart(apart)
    assert rates.reserve("bob", 1.0 + after) <= apart + 0.001
