"""What Telegram's answers mean. https://core.telegram.org/bots/api#making-requests

The status decides; descriptions change, and are matched only where nothing else tells the cases apart.
"""

from __future__ import annotations

import re
from dataclasses import replace

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused
from connectors.outcomes import by_status, seconds
from connectors.telegram.results import Result, Sent
from normalizer.model import Reason

MOVED = "migrate_to_chat_id:"
"""Opens the ``provider_code`` of a refusal because the group has another id now; that id follows."""

DOWNLOAD = "0:download"
"""The one call that is not of a method: there a 404 is a file that is gone."""

# What was asked for is so already, or can no longer matter.
BENIGN = ("message is not modified", "message to delete not found", "query is too old")

REASONS: tuple[tuple[str, Reason], ...] = (
    ("chat not found", "invalid_recipient"),
    ("peer_id_invalid", "invalid_recipient"),
    ("user_is_blocked", "unreachable"),
    ("user is deactivated", "unreachable"),
    ("is too long", "too_long"),  # the message, or the caption
    ("too big", "media_unsupported"),
    ("http url", "media_unsupported"),  # it could not be fetched, as "wrong file identifier/HTTP URL specified"
    ("web page content", "media_unsupported"),
    ("webpage_", "media_unsupported"),
    ("photo_invalid_dimensions", "media_unsupported"),
    ("image_process_failed", "media_unsupported"),
)
"""Why a 400, by what its description contains."""

_TOKEN = re.compile(r"/bot([^/]+)/")
_LIKE_A_TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")


def classify(call: Call, answer: Answer) -> Outcome:
    """What an answer means: Accepted with ids ``<chat>:<message_id>``, or why not. Total; quotes no token."""
    said = answer.read(Result)
    if said is not None and said.ok is not False:
        said = None  # no error of Telegram's: a proxy answers in HTML, or in a JSON of its own
    outcome = by_status(call, answer, own=said is not None)
    if isinstance(outcome, Accepted):
        return Accepted(_ids(answer))
    if answer.status == 404 and call.name != DOWNLOAD:  # noqa: PLR2004 - a wrong token is an unknown address
        outcome = Refused("auth_expired", f"{call.name}: HTTP 404, as for a wrong token", "404")
    if answer.status == 409:  # noqa: PLR2004 - another program polls for the same bot
        outcome = Deferred(f"{call.name}: HTTP 409")
    return outcome if said is None else _refined(outcome, said, call)


def _refined(outcome: Outcome, said: Result, call: Call) -> Outcome:
    """The outcome in Telegram's own words."""
    detail = redacted(said.description, call) or getattr(outcome, "detail", "")
    match outcome:
        case Deferred():
            wait = seconds(said.parameters.get("retry_after"))
            return replace(outcome, detail=detail, wait=outcome.wait if wait is None else wait)
        case Refused(provider_code="400"):
            return _bad_request(said, detail)
        case Refused():
            return Refused(outcome.code, detail, outcome.provider_code)
        case _:
            return outcome


def _bad_request(said: Result, detail: str) -> Outcome:
    description = said.description.lower()
    moved = said.parameters.get("migrate_to_chat_id")
    if type(moved) is int:
        return Refused("invalid_recipient", detail, f"{MOVED}{moved}")
    if any(words in description for words in BENIGN):
        return Accepted()
    reasons = (reason for words, reason in REASONS if words in description)
    return Refused(next(reasons, "content_rejected"), detail, "400")


def _ids(answer: Answer) -> tuple[str, ...]:
    sent = answer.read(Sent, under="result")
    return (f"{sent.chat.id}:{sent.message_id}",) if sent and sent.message_id else ()


def redacted(text: str, call: Call) -> str:
    """What Telegram said, without the token should it quote our address."""
    for token in _TOKEN.findall(call.url):
        text = text.replace(token, "…")
    return _LIKE_A_TOKEN.sub("…", text)
