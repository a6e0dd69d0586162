"""The laws of ``classify`` and ``polled``: total, and the status before the body."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

from hypothesis import strategies as st

from connectors.api import Accepted, Answer, Call, Deferred, Malformed, Outcome, Refused, Uncertain
from connectors.outcomes import LONGEST_WAIT
from connectors.testing.asking import Asking
from connectors.testing.mutations import ODD, mutated
from connectors.testing.samples import Samples, answer_of
from connectors.testing.trying import PICKS, for_all
from connectors.testing.verdict import Broken, only
from normalizer.model import Reason

TOTAL = "classify is total: any status with any body is an outcome"
READ = "a 2xx with a body that cannot be read is Accepted"
PROXY = "a 5xx in a proxy's words is Uncertain: nobody knows whether the provider took it"
SLOW = "a 429 is Deferred: nothing was taken"
NO = "a 4xx in a proxy's words was not accepted"
WAIT = "a wait is a number of seconds, of a day at most"
QUOTED = "no outcome quotes a secret"
POLLED = "polled takes any answer, and raises nothing but Malformed"

STATUSES = (200, 201, 202, 204, 301, 400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504, 0, 999)
REASONS = frozenset(get_args(Reason))
PAGE = b"<html><body><h1>Sorry</h1></body></html>"
UNREADABLE = (b"", PAGE, b'{"a', b"\xff\xfe", b"[" * 5_000)
WAITS = ("1", "0", "-1", "1e400", "nan", "soon", "", "9" * 400, "Wed, 21 Oct 2026 07:28:00 GMT", "٣")


def bodies(samples: Samples) -> st.SearchStrategy[bytes]:
    """Bodies of answers: at random, JSON of any shape, and those of the samples, spoilt."""
    scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(ODD)
    shapes = st.recursive(
        scalars,
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(_words(samples) | st.text(max_size=5), inside),
        max_leaves=8,
    )
    known = [answer.body for answer in _known(samples)]
    spoilt = st.tuples(st.sampled_from(known or [b"{}"]), PICKS).map(lambda one: mutated(*one))
    return st.sampled_from(UNREADABLE) | st.binary(max_size=60) | spoilt | shapes.map(_dumped)


def answers(samples: Samples) -> st.SearchStrategy[Sequence[Answer]]:
    """What a provider may answer, one after the other: its own answers, and worse."""
    odd = st.builds(Answer, status=st.sampled_from(STATUSES), headers=headers(), body=bodies(samples))
    return st.lists(st.sampled_from([*_known(samples), Answer(200), Answer(400)]) | odd, max_size=5)


def headers() -> st.SearchStrategy[dict[str, str]]:
    """Headers that engines read."""
    return st.dictionaries(st.just("retry-after"), st.sampled_from(WAITS) | st.text(max_size=6))


def _known(samples: Samples) -> list[Answer]:
    calls = (call for case in samples.asked for call in case.expected.get("calls", ()))
    inside = [answer_of(call["answer"]) for call in calls if "answer" in call]
    return [*inside, *(case.answer for case in samples.answered)]


def _words(samples: Samples) -> st.SearchStrategy[str]:
    """The words of the provider's answers."""
    found: set[str] = set()
    for one in _known(samples):
        try:
            value = json.loads(one.body)
        except ValueError:
            continue
        found |= _keys(value)
    return st.sampled_from(sorted(found) or ["error"])


def _keys(value: Any) -> set[str]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = set(value) if isinstance(value, dict) else set()
    return own.union(*(_keys(one) for one in inside))


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


@dataclass(frozen=True, slots=True)
class AnswerLaws:
    """The laws of what answers mean."""

    asking: Asking

    def laws(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Each law by name."""
        yield "classify is total", self.total
        yield READ, self.unreadable
        yield PROXY, self.proxy
        yield QUOTED, self.secrets
        if self.asking.connector.polled is not None:
            yield "polled takes any answer", self.polled

    def total(self) -> None:
        """Any status with any body and header is an outcome, in proper words."""
        call = self.asking.a_call()
        for status, body, wait in product(STATUSES, UNREADABLE[:2], WAITS):
            self._outcome(
                call, Answer(status, {"retry-after": wait}, body), f"HTTP {status}, retry-after {wait!r}: {body!r}"
            )
        found = st.builds(
            Answer,
            status=st.sampled_from(STATUSES) | st.integers(-1, 1000),
            headers=headers(),
            body=bodies(self.asking.samples),
        )
        for_all(found, lambda answer: self._outcome(call, answer, f"HTTP {answer.status}: {answer.body[:500]!r}"), 200)

    def _outcome(self, call: Call, answer: Answer, name: str) -> Outcome:
        with only((), TOTAL, name, "classify"):
            outcome = self.asking.connector.classify(call, answer)
        match outcome:
            case Deferred(wait=wait, reason=reason):
                if wait is not None and not (math.isfinite(wait) and 0 <= wait <= LONGEST_WAIT):
                    raise Broken(WAIT, name, f"None, or 0 to {LONGEST_WAIT}", wait, "classify")
                self._reason(reason, name)
            case Refused(code=reason):
                self._reason(reason, name)
            case Accepted() | Uncertain():
                pass
            case _:
                raise Broken(TOTAL, name, "Accepted, Deferred, Refused or Uncertain", outcome, "classify")
        if answer.status == 429 and not isinstance(outcome, Deferred):  # noqa: PLR2004 - a status is its own name
            raise Broken(SLOW, name, "Deferred", outcome, "classify")
        return outcome

    def _reason(self, reason: str, name: str) -> None:
        if reason not in REASONS:
            raise Broken("a reason is one of the closed list", name, sorted(REASONS), reason, "classify")

    def unreadable(self) -> None:
        """The status decides: a body that says nothing makes no failure of a success, nor a success of a failure."""
        call = self.asking.a_call()
        for body in UNREADABLE:
            for status in (200, 201, 204):
                outcome = self._outcome(call, Answer(status, body=body), f"HTTP {status}: {body[:40]!r}")
                if not isinstance(outcome, Accepted):
                    raise Broken(READ, f"HTTP {status}: {body[:40]!r}", "Accepted", outcome, "classify")
            for status in (400, 401, 403, 404, 413, 422):
                outcome = self._outcome(call, Answer(status, body=body), f"HTTP {status}: {body[:40]!r}")
                if isinstance(outcome, Accepted):
                    raise Broken(NO, f"HTTP {status}: {body[:40]!r}", "Refused or Deferred", outcome, "classify")

    def proxy(self) -> None:
        """Only the provider's own error proves that nothing was taken."""
        for body in UNREADABLE:
            for status in (500, 502, 503, 504):
                name = f"HTTP {status}: {body[:40]!r}"
                outcome = self._outcome(self.asking.a_call(), Answer(status, body=body), name)
                if not isinstance(outcome, Uncertain):
                    raise Broken(PROXY, name, "Uncertain", outcome, "classify")

    def secrets(self) -> None:
        """A provider may quote our address and our secrets; an outcome may not."""
        call = self.asking.a_call()
        refusals = [one for one in _known(self.asking.samples) if one.status not in range(400)]
        known = refusals or [Answer(400, body=b'{"error": "x"}')]
        for secret in self.asking.samples.secrets:
            for one in known:
                for quoted in (call.url, secret, f"no such method: {call.url}"):
                    self._quotes(call, Answer(one.status, one.headers, _quoting(one.body, quoted)), secret)

    def _quotes(self, call: Call, answer: Answer, secret: str) -> None:
        name = f"HTTP {answer.status}: {answer.body[:500]!r}"
        outcome = self._outcome(call, answer, name)
        if secret in f"{outcome!r} {outcome}":
            raise Broken(QUOTED, name, "words without it", repr(outcome), "secrets")

    def polled(self) -> None:
        """Whatever a poll is answered: bodies, and a cursor to go on from."""
        polled, settings = self.asking.connector.polled, self.asking.samples.settings
        assert polled is not None  # noqa: S101 - the law is only listed where there is one
        found = st.builds(Answer, status=st.just(200), headers=headers(), body=bodies(self.asking.samples))

        def holds(answer: Answer) -> None:
            name = f"{answer.body[:500]!r}"
            with only((), POLLED, name, "powers"):
                try:
                    brought, cursor = polled(answer, settings)
                except Malformed:
                    return
            if not isinstance(cursor, str) or not all(isinstance(body, bytes) for body in brought):
                raise Broken(POLLED, name, "bodies in bytes, and a cursor", (brought, cursor), "powers")

        for answer in _known(self.asking.samples):
            holds(answer)
        for_all(found, holds)


def _quoting(body: bytes, words: str) -> bytes:
    """An answer whose every text says these words."""
    try:
        return json.dumps(_all_saying(json.loads(body), words)).encode()
    except ValueError:
        return words.encode()


def _all_saying(value: Any, words: str) -> Any:
    if isinstance(value, dict):
        return {key: _all_saying(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_all_saying(one, words) for one in value]
    return words if isinstance(value, str) else value
