"""The plain meaning of an HTTP status, for connectors to refine."""

from __future__ import annotations

import math

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused, Uncertain
from normalizer.model import Reason

LONGEST_WAIT = 86_400.0
"""Seconds. Nothing is tried for longer than a day, so a longer wait means the same; an absurd one must not overflow."""

REASONS: dict[int, Reason] = {
    401: "auth_expired",
    403: "unreachable",
    413: "media_unsupported",  # it is files that are too large
}


def by_status(call: Call, answer: Answer, own: bool) -> Outcome:
    """What an answer means by its status alone.

    ``own`` says whether the body is the provider's own error: only then does a 5xx prove that nothing was accepted; a
    proxy's page leaves it open.
    """
    status = answer.status
    said = f"{call.name}: HTTP {status}"
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of HTTP are their own names
        return Accepted()
    if status == 429:  # noqa: PLR2004 - as above
        return Deferred(said, seconds(answer.headers.get("retry-after")), reason="rate_limited")
    if status == 408 or 500 <= status < 600:  # noqa: PLR2004 - as above
        return Deferred(said) if own else Uncertain(f"{said} from a proxy")
    if 400 <= status < 500:  # noqa: PLR2004 - as above
        return Refused(REASONS.get(status, "content_rejected"), said, str(status))
    return Uncertain(said)


def seconds(value: object) -> float | None:
    """A wait as a provider writes it, a number or its digits; None for anything else, such as a date."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        wait = float(value)
    except (ValueError, OverflowError):
        return None
    return min(wait, LONGEST_WAIT) if math.isfinite(wait) and wait >= 0 else None
