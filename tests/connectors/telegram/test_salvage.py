"""What is kept of an item that was not understood: everything, but for what no record could hold."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Malformed
from connectors.telegram.salvage import DEEPEST, raw_item


def kept(value: str) -> Any:
    """What is kept of a field, given as JSON."""
    return raw_item(f'{{"message": {{"odd": {value}}}}}'.encode(), "message")["odd"]


@pytest.mark.parametrize(
    ("told", "stays"),
    [
        ('["é", 1, 2.5, true, null, {"a": {}}]', ["é", 1, 2.5, True, None, {"a": {}}]),
        ("[1e999, -1e999, NaN]", [None, None, None]),
        (f"[{2**63 - 1}, {2**63}, {-(2**63)}, {-(2**63) - 1}]", [2**63 - 1, str(2**63), -(2**63), str(-(2**63) - 1)]),
        (r'"\ud83d\ude00 and \ud83d"', "😀 and \ufffd"),
        (r'{"\ude00": 1}', {"\ufffd": 1}),
    ],
)
def test_of_what_no_record_can_hold_something_stays(told: str, stays: Any) -> None:
    assert kept(told) == stays


def test_what_lies_too_deep_is_cut() -> None:
    found, levels = kept("[" * 200 + "1" + "]" * 200), 0
    while isinstance(found, list):
        (found,), levels = found, levels + 1
    assert found is None
    assert 0 < levels <= DEEPEST


def test_what_is_no_json_cannot_be_kept_and_is_not_quoted() -> None:
    with pytest.raises(Malformed) as malformed:
        raw_item(b'{"message": s3cret', "message")
    assert "s3cret" not in str(malformed.value)


numbers = st.integers() | st.floats()
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(anything)
def test_whatever_is_kept_can_be_written_and_comes_back_the_same(value: Any) -> None:
    found = raw_item(json.dumps({"message": value}).encode(), "message")
    assert orjson.loads(orjson.dumps(found)) == found
