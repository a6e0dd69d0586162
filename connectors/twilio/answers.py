"""What Twilio's answers mean. https://www.twilio.com/docs/usage/twilios-response"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused
from connectors.outcomes import by_status, seconds
from connectors.twilio.codes import LATER, REASONS
from normalizer.model import Reason

_LIKE_A_SECRET = re.compile(r"[A-Za-z0-9_+/=-]{20,}")
_STATUSES: dict[str, Reason] = {"403": "account_restricted", "404": "auth_expired"}


class Problem(BaseModel):
    """An error in Twilio's words: decide on the code."""

    code: int = Field(ge=10_000, lt=100_000)
    message: Any = None


class Sent(BaseModel):
    """What was made: its name."""

    sid: str = Field(min_length=1)


def classify(call: Call, answer: Answer) -> Outcome:
    """What an answer means: Accepted with the message's SID, or why not. Total; quotes no secret."""
    problem = answer.read(Problem)
    outcome = by_status(call, answer, own=problem is not None)
    if isinstance(outcome, Accepted):
        sent = answer.read(Sent)
        return Accepted((sent.sid,) if sent else ())
    if problem is not None:
        return _refined(outcome, problem, answer, call)
    if isinstance(outcome, Refused):
        return Refused(_STATUSES.get(outcome.provider_code, outcome.code), outcome.detail, outcome.provider_code)
    return outcome


def _refined(outcome: Outcome, problem: Problem, answer: Answer, call: Call) -> Outcome:
    """The outcome in Twilio's own words: the code first, then the status."""
    detail = f"{call.name}: {redacted(problem.message)} ({problem.code})"
    later, wait = LATER.get(problem.code), seconds(answer.headers.get("retry-after"))
    if later is not None:
        return Deferred(detail, later.wait if wait is None else wait, later.scope, REASONS[problem.code])
    if isinstance(outcome, Deferred):
        return replace(outcome, detail=detail)
    if isinstance(outcome, Refused):
        code = REASONS.get(problem.code) or _STATUSES.get(outcome.provider_code, outcome.code)
        return Refused(code, detail, str(problem.code))
    return outcome


def redacted(words: object) -> str:
    """What Twilio said, without anything that looks like a key or a token, which it may quote."""
    return _LIKE_A_SECRET.sub("…", words) if isinstance(words, str) else ""
