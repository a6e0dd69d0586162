"""What the API's answers mean, and the errors that come later.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused, Uncertain
from connectors.meta import SLOW_DOWN, Later, Problem, Table, classified, meaning, redacted
from connectors.whatsapp.said import Details, Sent, Trouble
from normalizer.model import Failure, Only, Reason

NO_MARKETING = 131050
"""They stopped marketing messages in WhatsApp's own settings; answers still go."""

_ACCOUNT: Reason = "account_restricted"
_CONTENT: Reason = "content_rejected"

TABLE: Table = {
    0: "auth_expired",
    33: "invalid_recipient",
    470: "window_closed",  # of the older API
    130429: SLOW_DOWN,
    130472: "unreachable",  # somebody whom Meta keeps marketing from, as an experiment
    130497: _ACCOUNT,
    131000: Later(),
    131005: _ACCOUNT,
    131008: _CONTENT,
    131009: _CONTENT,
    131016: Later(),
    131021: "invalid_recipient",
    131026: "unreachable",
    131030: "invalid_recipient",
    131031: _ACCOUNT,
    131037: _ACCOUNT,
    131042: _ACCOUNT,
    131045: _ACCOUNT,
    131047: "window_closed",
    131048: SLOW_DOWN,  # too many people blocked or reported the number
    131049: "rate_limited",  # enough marketing for this person today: to repeat it would make it worse
    NO_MARKETING: "opted_out",
    131051: _CONTENT,
    131052: "media_unsupported",
    131053: "media_unsupported",
    131056: Later("rate_limited"),  # too many messages to this person
    131057: Later("provider_down", "account"),
    131062: "invalid_recipient",
    131063: _CONTENT,
    131064: Later("rate_limited"),  # too many people written to first: those who wrote to us do not count
    132000: _CONTENT,
    132001: _CONTENT,
    132005: "too_long",
    132007: _CONTENT,
    132008: _CONTENT,
    132012: _CONTENT,
    132015: _CONTENT,
    132016: _CONTENT,
    132068: _CONTENT,
    132069: _CONTENT,
    133004: Later("provider_down", "account"),
    133016: SLOW_DOWN,
    135000: Later(),
    137000: _CONTENT,
}

WAITS: Mapping[int, float] = {131048: 3600, 131056: 6, 131064: 3600, 133016: 3600}
"""Seconds to wait where the answer names none."""


def classify(call: Call, answer: Answer) -> Outcome:
    """What an answer means: Accepted with the message's id, or why not. Total; quotes no token."""
    outcome = classified(call, answer, TABLE, _ids)
    problem = answer.read(Problem, under="error")
    if problem is None or isinstance(outcome, Accepted | Uncertain):
        return outcome
    detail = _without_ours(f"{outcome.detail}{_details(problem)}", call)
    if isinstance(outcome, Deferred):
        wait = WAITS.get(problem.code) if outcome.wait is None else outcome.wait
        return replace(outcome, detail=detail, wait=wait)
    return Refused(outcome.code, detail, outcome.provider_code, _only(problem.code))


def _details(problem: Problem) -> str:
    """What the message leaves out: which parameter it was, which file."""
    told = problem.error_data if isinstance(problem.error_data, dict) else {}
    details = redacted(Details.model_validate(told).details)
    return f": {details}" if details else ""


def _without_ours(words: str, call: Call) -> str:
    """Without what proves us, should it be short and so not look like a secret."""
    for proof in call.headers.values():
        words = words.replace(proof.removeprefix("Bearer "), "…")
    return words


def _ids(answer: Answer) -> tuple[str, ...]:
    sent = answer.read(Sent)
    return tuple(one.id for one in sent.messages) if sent else ()


def failure(errors: Sequence[Trouble]) -> Failure:
    """Why a message that was accepted did not arrive, by the first error of its status."""
    if not errors:
        return Failure(reason="unknown")
    first = errors[0]
    means = meaning(Problem(code=first.code), TABLE)
    reason = means.reason if isinstance(means, Later) else means or "unknown"
    said = [first.message or first.title, first.error_data.details]
    detail = ": ".join(dict.fromkeys(redacted(one) for one in said if one))
    return Failure(reason=reason, detail=detail, provider_code=str(first.code), only=_only(first.code))


def _only(code: int) -> Only:
    """What a no is about, where answers still go."""
    return "marketing" if code == NO_MARKETING else ""
