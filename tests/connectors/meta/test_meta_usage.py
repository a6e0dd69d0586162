"""How much of what Meta allows is used up: near the end an account slows down by itself."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import instagram, messenger, whatsapp
from connectors.api import Accepted, Answer, Call, Deferred
from connectors.meta import usage

CALL = Call("0:send", "POST", "https://graph.facebook.com/v26.0/1/messages")
SENT = b'{"message_id": "m_1"}'
FULL = {"error": {"message": "(#80006) too many", "code": 80006}}


def app(**told: Any) -> dict[str, str]:
    return {"x-app-usage": json.dumps(told)}


def business(*limits: Any) -> dict[str, str]:
    return {"x-business-use-case-usage": json.dumps({"123": list(limits)})}


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({}, 0),
        (app(call_count=80, total_time=12, total_cputime=3), 0),
        (app(call_count=90, total_time=12, total_cputime=3), 30),
        (app(call_count=12, total_time=85), 15),
        (app(call_count=12, total_cputime=100), 60),
        (app(call_count=250), 60),
        (business({"type": "messenger", "call_count": 95, "estimated_time_to_regain_access": 0}), 45),
        (business({"call_count": 10}, {"call_count": 100, "estimated_time_to_regain_access": 7}), 60),
        (business({"call_count": 40}, {"call_count": 100, "estimated_time_to_regain_access": 1000}), 60),
        (app(call_count=82) | business({"call_count": 84}), 12),
    ],
)
def test_above_eighty_per_cent_an_account_rests_and_the_longer_the_nearer_the_end(headers, rest):
    assert usage.rest(Answer(200, headers)) == rest


@pytest.mark.parametrize("connector", [messenger.connector, instagram.connector, whatsapp.connector])
def test_what_was_taken_says_how_long_to_rest(connector):
    outcome = connector.classify(CALL, Answer(200, app(call_count=90), SENT))
    assert isinstance(outcome, Accepted)
    assert outcome.rest == 30


def test_what_was_put_off_waits_until_meta_takes_calls_again():
    headers = business({"call_count": 100, "estimated_time_to_regain_access": 19})
    outcome = messenger.connector.classify(CALL, Answer(400, headers, json.dumps(FULL).encode()))
    assert isinstance(outcome, Deferred)
    assert (outcome.wait, outcome.scope, outcome.reason) == (1140, "account", "rate_limited")


def test_a_named_time_counts_before_an_estimated_one():
    headers = business({"call_count": 100, "estimated_time_to_regain_access": 19}) | {"retry-after": "5"}
    outcome = messenger.connector.classify(CALL, Answer(400, headers, json.dumps(FULL).encode()))
    assert isinstance(outcome, Deferred)
    assert outcome.wait == 5


@pytest.mark.parametrize("header", ["", "{", "[1]", "7", '{"call_count": "91"}', '{"call_count": true}', '{"1": 2}',
                                    '{"call_count": NaN}', '{"call_count": -5}', '{"1": [3, null]}', "[" * 9999])  # fmt: skip
def test_what_cannot_be_read_slows_nobody(header):
    answer = Answer(200, {"x-app-usage": header, "x-business-use-case-usage": header}, SENT)
    assert usage.rest(answer) == 0
    assert usage.regain(answer) is None
    assert messenger.connector.classify(CALL, answer) == Accepted(("m_1",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["call_count", "total_time", "estimated_time_to_regain_access", "1"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON.map(json.dumps) | st.text(), JSON.map(json.dumps) | st.text())
def test_a_rest_is_a_minute_at_the_most_and_no_wait_longer_than_a_day(of_app, of_business):
    answer = Answer(200, {"x-app-usage": of_app, "x-business-use-case-usage": of_business})
    assert 0 <= usage.rest(answer) <= usage.SLOWEST
    assert 0 < (usage.regain(answer) or 1) <= 86_400
