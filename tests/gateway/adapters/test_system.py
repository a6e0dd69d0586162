"""The machine's clock and dice: what the port promises of them."""

from __future__ import annotations

import re
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.system import SystemClock

CLOCK = SystemClock()
_2100 = 4102444800


@given(nanoseconds=st.integers(0, _2100 * 10**9))
def test_the_time_is_in_utc_and_to_the_millisecond(nanoseconds):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: nanoseconds)
        now = CLOCK.now()
    assert now.tzinfo is UTC
    assert now == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=nanoseconds // 10**6)


def test_it_is_now():
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert before <= CLOCK.now() <= datetime.now(UTC)
    assert CLOCK.monotonic() <= CLOCK.monotonic()


def test_an_id_is_a_prefix_and_a_uuid_of_version_7():
    before = time.time_ns() // 10**6
    made = CLOCK.new_id("msg")
    assert re.fullmatch(r"msg_[0-9a-f]{32}", made)
    found = uuid.UUID(made.removeprefix("msg_"))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert before <= found.int >> 80 <= time.time_ns() // 10**6


def test_ids_are_all_different_and_rise_with_time(monkeypatch):
    made = [CLOCK.new_id("x") for _ in range(5000)]
    assert len(set(made)) == 5000
    assert [one[:14] for one in made] == sorted(one[:14] for one in made)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    earlier = CLOCK.new_id("x")
    monkeypatch.setattr(time, "time_ns", lambda: now + 10**6)
    assert earlier < CLOCK.new_id("x")


def test_the_62_bits_after_the_count_are_chance():
    ids = [uuid.UUID(CLOCK.new_id("x").removeprefix("x_")).int for _ in range(400)]
    fixed = [bit for bit in range(64) if len({made >> bit & 1 for made in ids}) == 1]
    assert fixed == [62, 63]  # the variant


def test_ids_sort_as_they_were_made_even_when_the_clock_stands_still(monkeypatch):
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    made = [CLOCK.new_id("x") for _ in range(10_000)]
    assert made == sorted(set(made))


def test_secrets_are_long_different_and_fit_an_address():
    made = {CLOCK.secret() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[\w-]{43}", one) for one in made)


def test_jitter_is_from_0_to_1():
    thrown = [CLOCK.jitter() for _ in range(1000)]
    assert all(0 <= one <= 1 for one in thrown)
    assert min(thrown) < 0.1
    assert max(thrown) > 0.9


async def test_sleep_waits():
    started = CLOCK.monotonic()
    await CLOCK.sleep(0.01)
    assert CLOCK.monotonic() - started >= 0.009
