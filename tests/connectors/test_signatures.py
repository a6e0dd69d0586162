"""A secret equals itself, and nothing equals what is absent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.signatures import same

ANY = st.text(st.characters(exclude_categories=())) | st.binary()


@pytest.mark.parametrize(
    ("given", "expected", "verdict"),
    [
        ("s3cret", "s3cret", True),
        (b"s3cret", "s3cret", True),
        ("\u00e9t\u00e9", "\u00e9t\u00e9".encode(), True),
        ("s3cret", "S3cret", False),
        ("s3cret ", "s3cret", False),
        ("\udc80", b"\x80", False),
        ("", "", False),
        (None, None, False),
        (b"", b"", False),
        (None, "s3cret", False),
        ("s3cret", None, False),
        ("s3cret", "", False),
    ],
)
def test_same(given: str | bytes | None, expected: str | bytes | None, verdict: bool) -> None:
    assert same(given, expected) is verdict


@given(ANY, ANY)
def test_any_two_can_be_compared(left: str | bytes, right: str | bytes) -> None:
    assert same(left, left) is bool(left)
    if type(left) is type(right):
        assert same(left, right) is (bool(left) and left == right)
    else:
        assert same(left, right) is same(right, left)
