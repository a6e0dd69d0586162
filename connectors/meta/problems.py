"""What Meta's errors mean. https://developers.facebook.com/docs/graph-api/guides/error-handling"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused
from connectors.meta import usage
from connectors.outcomes import by_status, seconds
from normalizer.model import Reason


class Problem(BaseModel):
    """The ``error`` of an answer: decide on ``code`` and ``error_subcode``; the words are for people, and change."""

    code: int = Field(ge=0, lt=2**31)
    error_subcode: int | None = Field(default=None, ge=0, lt=2**31)
    message: Any = None
    is_transient: Any = None
    error_data: Any = None

    @property
    def name(self) -> str:
        """The code, and the subcode after a slash."""
        return f"{self.code}/{self.error_subcode}" if self.error_subcode else str(self.code)


@dataclass(frozen=True, slots=True)
class Later:
    """What a code means that will pass."""

    reason: Reason = "provider_down"
    scope: Literal["conversation", "account"] = "conversation"


Table = Mapping[int | tuple[int, int], Reason | Later]
"""What a code means, or a code with a subcode, which is looked for first."""

SLOW_DOWN = Later("rate_limited", "account")
"""More than the account may have."""

REASONS: Table = {
    1: Later(),  # unknown
    2: Later(),  # unexpected
    3: "account_restricted",
    4: SLOW_DOWN,  # the app's limit
    10: "account_restricted",
    17: SLOW_DOWN,  # the user's
    32: SLOW_DOWN,  # the page's
    100: "content_rejected",
    102: "auth_expired",
    190: "auth_expired",
    368: "account_restricted",
    613: SLOW_DOWN,
    **dict.fromkeys(range(200, 300), "account_restricted"),
    **dict.fromkeys(
        range(80000, 80015), SLOW_DOWN
    ),  # https://developers.facebook.com/docs/graph-api/overview/rate-limiting
}
"""The codes that mean the same in all of Graph; a product's own table goes over it."""

_LIKE_A_SECRET = re.compile(r"[A-Za-z0-9_|-]{20,}")


def classified(
    call: Call, answer: Answer, table: Table, ids: Callable[[Answer], tuple[str, ...]] = lambda _: ()
) -> Outcome:
    """What an answer means; ``ids`` reads those of an accepted one. Total; quotes nothing that looks like a secret."""
    problem = answer.read(Problem, under="error")
    outcome = by_status(call, answer, own=problem is not None)
    if isinstance(outcome, Accepted):
        return Accepted(ids(answer), usage.rest(answer))
    return outcome if problem is None else _refined(outcome, problem, answer, call, table)


def _refined(outcome: Outcome, problem: Problem, answer: Answer, call: Call, table: Table) -> Outcome:
    """The outcome in Meta's own words. Nothing was done, whatever the status: Meta throttles with a 400 too."""
    detail = f"{call.name}: {redacted(problem.message)} ({problem.name})"
    means = meaning(problem, table)
    if answer.status == 429:  # noqa: PLR2004 - it is its own name
        means = means if isinstance(means, Later) else SLOW_DOWN
    match means:
        case Later(reason=reason, scope=scope):
            wait = seconds(answer.headers.get("retry-after"))
            return Deferred(detail, usage.regain(answer) if wait is None else wait, scope, reason)
        case str():
            return Refused(means, detail, problem.name)
        case _:
            return Refused(outcome.code, detail, problem.name) if isinstance(outcome, Refused) else outcome


def meaning(problem: Problem, table: Table) -> Reason | Later | None:
    """What an error means; None if nobody knows. Also for the errors that come in webhooks."""
    known = {**REASONS, **table}
    exactly = known.get((problem.code, problem.error_subcode or 0))
    if exactly is None and problem.is_transient is True:
        return Later()
    return exactly or known.get(problem.code)


def redacted(words: object) -> str:
    """What Meta said, without anything that looks like a token, which it may quote."""
    return _LIKE_A_SECRET.sub("…", words) if isinstance(words, str) else ""
