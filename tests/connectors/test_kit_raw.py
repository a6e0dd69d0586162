"""What a provider said can be kept, whatever it was."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.raw import DEEPEST, kept
from connectors.testing.mutations import ODD


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"in": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "kept_as"),
    [
        ({"a": [1, "x", None, True, 0.5]}, {"a": [1, "x", None, True, 0.5]}),
        (float("inf"), "inf"),
        (2**63, "0x8000000000000000"),
        (-(2**63), -(2**63)),
        ("a\ud800b", "a\ufffdb"),
        ({"\udfff": 1}, {"\ufffd": 1}),
    ],
)
def test_kept(value: Any, kept_as: Any) -> None:
    assert kept(value) == kept_as


def test_a_bottomless_pit_is_cut() -> None:
    assert json.dumps(kept(deep(500))).count("[") == DEEPEST // 2
    assert "…" in json.dumps(kept(deep(500)), ensure_ascii=False)
    assert kept(deep(DEEPEST // 2)) == deep(DEEPEST // 2)


@settings(max_examples=40)
@given(st.recursive(st.sampled_from(ODD) | st.text(st.characters(exclude_categories=())), st.lists))
def test_whatever_json_there_is_can_be_written(value: Any) -> None:
    written = json.dumps(kept(value), allow_nan=False, ensure_ascii=False).encode()
    assert orjson.loads(orjson.dumps(kept(value))) == json.loads(written)
