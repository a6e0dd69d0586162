"""The plain meaning of an HTTP status, as a table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused, Uncertain
from connectors.outcomes import by_status, seconds

CALL = Call("0:send", "POST", "https://provider.example/send?key=s3cret")


@pytest.mark.parametrize(
    ("status", "own", "kind", "reason"),
    [
        (200, False, Accepted, None),
        (204, True, Accepted, None),
        (301, False, Uncertain, None),
        (400, True, Refused, "content_rejected"),
        (401, False, Refused, "auth_expired"),
        (403, False, Refused, "unreachable"),
        (404, False, Refused, "content_rejected"),
        (408, False, Uncertain, None),
        (408, True, Deferred, "provider_down"),
        (413, False, Refused, "media_unsupported"),
        (429, False, Deferred, "rate_limited"),
        (500, True, Deferred, "provider_down"),
        (502, False, Uncertain, None),
        (0, False, Uncertain, None),
        (600, True, Uncertain, None),
    ],
)
def test_status(status: int, own: bool, kind: type[Outcome], reason: str | None) -> None:
    outcome = by_status(CALL, Answer(status), own)
    assert isinstance(outcome, kind)
    assert "s3cret" not in repr(outcome)
    if isinstance(outcome, Refused):
        assert (outcome.code, outcome.detail, outcome.provider_code) == (reason, f"0:send: HTTP {status}", str(status))
    if isinstance(outcome, Deferred):
        assert (outcome.reason, outcome.scope, outcome.wait) == (reason, "conversation", None)


@given(st.integers(), st.booleans(), st.dictionaries(st.just("retry-after"), st.text()))
def test_every_status_means_something(status: int, own: bool, headers: dict[str, str]) -> None:
    assert isinstance(by_status(CALL, Answer(status, headers), own), Accepted | Deferred | Uncertain | Refused)


def test_a_wait_in_a_header() -> None:
    outcome = by_status(CALL, Answer(429, {"retry-after": "7"}), own=False)
    assert outcome == Deferred("0:send: HTTP 429", 7.0, "conversation", "rate_limited")


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (14, 14.0),
        (0.5, 0.5),
        (" 3 ", 3.0),
        ("1e400", None),
        (10**400, None),
        (10**12, 86_400.0),
        (-1, None),
        ("nan", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
        (None, None),
        (True, None),
        ([3], None),
    ],
)
def test_seconds(value: Any, wait: float | None) -> None:
    assert seconds(value) == wait
