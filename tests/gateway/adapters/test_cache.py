"""What is kept in memory is bounded in number and in bytes, and what was put last is what stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.cache import Cache, Tail, weigh
from normalizer.model import Author, Choice, Message, Text

PUTS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 300)), max_size=40)


@given(PUTS, st.integers(0, 6), st.integers(0, 1500))
def test_a_trimmed_cache_is_within_its_bounds_and_has_the_last_that_fit(puts, most, most_bytes):
    cache = Cache[int](most, most_bytes)
    last: dict[str, tuple[int, int]] = {}
    for number, (name, weight) in enumerate(puts):
        cache.put(name, number, weight)
        last.pop(name, None)
        last[name] = number, weight
    names = list(cache.keys())
    assert {name: cache.get(name) for name in names} == {name: number for name, (number, _) in last.items()}
    cache.trim()
    assert len(cache) <= most
    assert cache.weight <= most_bytes
    kept = list(cache.keys())
    assert kept == list(last)[len(last) - len(kept) :]
    left = list(last)[: len(last) - len(kept)]
    if left and len(kept) < most:  # the one before would have been too heavy
        assert cache.weight + last[left[-1]][1] + 64 > most_bytes


def test_nothing_goes_before_it_is_trimmed():
    cache = Cache[str](1, 10)
    for name in "abc":
        cache.put(name, name, 1000)
    assert [cache[name] for name in "abc"] == ["a", "b", "c"]
    cache.trim()
    assert len(cache) == 0
    assert cache.weight == 0


def test_what_is_dropped_or_put_again_weighs_no_more():
    cache = Cache[str](10, 1000)
    cache.put("a", "long", 900)
    cache.put("a", "short", 1)
    cache.put("b", "b", 1)
    cache.drop("b")
    cache.drop("nobody")
    assert cache.weight == 65
    assert cache.get("a") == "short"
    assert cache.get("b") is None
    with pytest.raises(KeyError):
        cache["b"]
    cache.clear()
    assert (len(cache), cache.weight) == (0, 0)


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(0, 6), st.integers(0, 1500))
def test_a_tail_is_the_end_of_its_list_within_its_bounds(weights, most, most_bytes):
    tail = Tail[int](most, most_bytes)
    for number, weight in enumerate(weights):
        tail.add(number, weight)
        assert len(tail) <= most
        assert tail.weight <= most_bytes
    assert list(tail) == list(range(len(weights)))[len(weights) - len(tail) :]
    if len(tail):
        assert (tail.first, tail.last) == (len(weights) - len(tail), len(weights) - 1)
    tail.clear()
    assert (len(tail), tail.weight) == (0, 0)


def test_text_is_what_weighs():
    said = (Text(text="x" * 50_000), Choice(id="1", label="y" * 7000))
    line = Message(
        id="msg_1",
        direction="in",
        author=Author(kind="person", id="per_1"),
        parts=said,
        received_at=datetime(2026, 11, 22, tzinfo=UTC),
        status="received",
    )
    assert 57_000 < weigh(said) < 58_000
    assert 57_000 < weigh(line) < 59_000
    assert 57_000 < weigh(line.model_dump()) < 59_000
    assert weigh({"one": [b"z" * 3000, None, 7, True]}) == 3064
    assert weigh(Text(text="hello")) < 200
