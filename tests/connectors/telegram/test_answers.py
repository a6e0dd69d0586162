"""What Telegram's answers mean, as a table."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused, Uncertain
from connectors.telegram import Settings, connector

TOKEN = "123456789:AAbbccddeeffgghhiijjkkllmmnnooppqq"
SETTINGS = Settings.model_validate({"name": "support", "connector": "telegram", "token": TOKEN, "secret": "s3cret"})
CALL = Call("0:sendMessage", "POST", f"https://api.telegram.org/bot{TOKEN}/sendMessage", json={"chat_id": 42})
HTML = b"<html><h1>502 Bad Gateway</h1></html>"


def error(status: int, description: str, **parameters: Any) -> Answer:
    said = {"ok": False, "error_code": status, "description": description}
    if parameters:
        said["parameters"] = parameters
    return Answer(status, body=json.dumps(said).encode())


def ok(result: Any) -> Answer:
    return Answer(200, body=json.dumps({"ok": True, "result": result}).encode())


def refused(code: Any, detail: str, provider_code: str = "400") -> Refused:
    return Refused(code, detail, provider_code)


SENT = {"message_id": 8, "date": 1, "chat": {"id": 42, "type": "private"}}
TABLE: dict[str, tuple[Answer, Outcome]] = {
    "sent": (ok(SENT), Accepted(("42:8",))),
    "sent, to be scheduled": (ok(SENT | {"message_id": 0}), Accepted()),
    "sent, ephemeral": (ok({"ephemeral_message_id": 3, "chat": {"id": 42}}), Accepted()),
    "true": (ok(result=True), Accepted()),
    "a list": (ok([SENT]), Accepted()),
    "200 in HTML": (Answer(200, body=HTML), Accepted()),
    "200, empty": (Answer(200), Accepted()),
    "200, broken text": (Answer(200, body=b'{"ok":true,"result":"\xff'), Accepted()),
    "too many requests": (
        error(429, "Too Many Requests: retry after 14", retry_after=14),
        Deferred("Too Many Requests: retry after 14", 14.0, "conversation", "rate_limited"),
    ),
    "too many requests, by header": (
        Answer(429, {"retry-after": "3"}, HTML),
        Deferred("0:sendMessage: HTTP 429", 3.0, "conversation", "rate_limited"),
    ),
    "too many requests, no time": (
        error(429, "Too Many Requests", retry_after="soon"),
        Deferred("Too Many Requests", None, "conversation", "rate_limited"),
    ),
    "Telegram is down": (error(502, "Bad Gateway"), Deferred("Bad Gateway")),
    "Telegram is down, without a word": (error(500, ""), Deferred("0:sendMessage: HTTP 500")),
    "a proxy is down": (Answer(502, body=HTML), Uncertain("0:sendMessage: HTTP 502 from a proxy")),
    "a proxy is down, in JSON": (Answer(504, body=b'{"error":"x"}'), Uncertain("0:sendMessage: HTTP 504 from a proxy")),
    "another poller": (error(409, "Conflict: terminated by other"), Deferred("Conflict: terminated by other")),
    "409 in HTML": (Answer(409, body=HTML), Deferred("0:sendMessage: HTTP 409")),
    "revoked": (error(401, "Unauthorized"), refused("auth_expired", "Unauthorized", "401")),
    "no such token": (error(404, "Not Found"), refused("auth_expired", "Not Found", "404")),
    "404 in HTML": (
        Answer(404, body=HTML),
        refused("auth_expired", "0:sendMessage: HTTP 404, as for a wrong token", "404"),
    ),
    "blocked": (
        error(403, "Forbidden: bot was blocked by the user"),
        refused("unreachable", "Forbidden: bot was blocked by the user", "403"),
    ),
    "blocked, in another word": (
        error(400, "Bad Request: USER_IS_BLOCKED"),
        refused("unreachable", "Bad Request: USER_IS_BLOCKED"),
    ),
    "no such chat": (
        error(400, "Bad Request: chat not found"),
        refused("invalid_recipient", "Bad Request: chat not found"),
    ),
    "no such peer": (
        error(400, "Bad Request: PEER_ID_INVALID"),
        refused("invalid_recipient", "Bad Request: PEER_ID_INVALID"),
    ),
    "moved": (
        error(400, "Bad Request: upgraded", migrate_to_chat_id=-1005),
        refused("invalid_recipient", "Bad Request: upgraded", "migrate_to_chat_id:-1005"),
    ),
    "moved nowhere": (
        error(400, "Bad Request: upgraded", migrate_to_chat_id=True),
        refused("content_rejected", "Bad Request: upgraded"),
    ),
    "too long": (
        error(400, "Bad Request: message is too long"),
        refused("too_long", "Bad Request: message is too long"),
    ),
    "nothing at the address": (
        error(400, "Bad Request: wrong file identifier/HTTP URL specified"),
        refused("media_unsupported", "Bad Request: wrong file identifier/HTTP URL specified"),
    ),
    "an address that Telegram does not reach": (
        error(400, "Bad Request: failed to get HTTP URL content"),
        refused("media_unsupported", "Bad Request: failed to get HTTP URL content"),
    ),
    "no file at the address": (
        error(400, "Bad Request: wrong type of the web page content"),
        refused("media_unsupported", "Bad Request: wrong type of the web page content"),
    ),
    "an empty page at the address": (
        error(400, "Bad Request: WEBPAGE_CURL_FAILED"),
        refused("media_unsupported", "Bad Request: WEBPAGE_CURL_FAILED"),
    ),
    "an odd photo": (
        error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        refused("media_unsupported", "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    ),
    "no photo at all": (
        error(400, "Bad Request: IMAGE_PROCESS_FAILED"),
        refused("media_unsupported", "Bad Request: IMAGE_PROCESS_FAILED"),
    ),
    "too big a photo": (
        error(400, "Bad Request: file of size 11 bytes is too big for a photo"),
        refused("media_unsupported", "Bad Request: file of size 11 bytes is too big for a photo"),
    ),
    "spoilt markup": (
        error(400, "Bad Request: can't parse entities: unsupported start tag"),
        refused("content_rejected", "Bad Request: can't parse entities: unsupported start tag"),
    ),
    "a spoilt button": (
        error(400, "Bad Request: BUTTON_DATA_INVALID"),
        refused("content_rejected", "Bad Request: BUTTON_DATA_INVALID"),
    ),
    "gone": (
        error(403, "Forbidden: user is deactivated"),
        refused("unreachable", "Forbidden: user is deactivated", "403"),
    ),
    "thrown out": (
        error(403, "Forbidden: bot was kicked from the supergroup chat"),
        refused("unreachable", "Forbidden: bot was kicked from the supergroup chat", "403"),
    ),
    "never started": (
        error(403, "Forbidden: bot can't initiate conversation with a user"),
        refused("unreachable", "Forbidden: bot can't initiate conversation with a user", "403"),
    ),
    "a bot": (
        error(403, "Forbidden: bot can't send messages to bots"),
        refused("unreachable", "Forbidden: bot can't send messages to bots", "403"),
    ),
    "too old to delete": (
        error(400, "Bad Request: message can't be deleted for everyone"),
        refused("content_rejected", "Bad Request: message can't be deleted for everyone"),
    ),
    "no such reaction": (
        error(400, "Bad Request: REACTION_INVALID"),
        refused("content_rejected", "Bad Request: REACTION_INVALID"),
    ),
    "empty": (
        error(400, "Bad Request: message text is empty"),
        refused("content_rejected", "Bad Request: message text is empty"),
    ),
    # Not benign: what quotes a message that is gone was not sent.
    "quoted message is gone": (
        error(400, "Bad Request: message to be replied not found"),
        refused("content_rejected", "Bad Request: message to be replied not found"),
    ),
    "400 in HTML": (Answer(400, body=HTML), refused("content_rejected", "0:sendMessage: HTTP 400")),
    "same text": (error(400, "Bad Request: message is not modified: same"), Accepted()),
    "deleted already": (error(400, "Bad Request: message to delete not found"), Accepted()),
    "pressed long ago": (error(400, "Bad Request: query is too old and response timeout expired"), Accepted()),
    "too large": (
        error(413, "Request Entity Too Large"),
        refused("media_unsupported", "Request Entity Too Large", "413"),
    ),
    "an odd refusal": (error(418, "I'm a teapot"), refused("content_rejected", "I'm a teapot", "418")),
    "a redirect": (Answer(301), Uncertain("0:sendMessage: HTTP 301")),
    "nonsense": (error(999, "?"), Uncertain("0:sendMessage: HTTP 999")),
}


def same(left: Outcome, right: Outcome) -> bool:
    if isinstance(left, Refused) and isinstance(right, Refused):  # an exception equals only itself
        return (left.code, left.detail, left.provider_code) == (right.code, right.detail, right.provider_code)
    return left == right


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_answer(case: tuple[Answer, Outcome]) -> None:
    answer, expected = case
    outcome = connector.classify(CALL, answer)
    assert same(outcome, expected), outcome


WORDS = st.sampled_from(
    ["ok", "result", "description", "parameters", "retry_after", "migrate_to_chat_id", "chat", "id"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
BODIES = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(WORDS | st.text(), inside),
    max_leaves=12,
)


@given(
    st.sampled_from([200, 201, 400, 401, 403, 404, 409, 413, 429, 500, 502]) | st.integers(),
    st.binary() | BODIES.map(lambda body: json.dumps(body).encode()) | BODIES.map(lambda p: error(400, "", p=p).body),
    st.dictionaries(st.just("retry-after"), st.text()),
)
def test_classify_is_total(status: int, body: bytes, headers: dict[str, str]) -> None:
    outcome = connector.classify(CALL, Answer(status, headers, body))
    assert isinstance(outcome, Accepted | Deferred | Uncertain | Refused)
    if 200 <= status < 300:
        assert isinstance(outcome, Accepted)
    if isinstance(outcome, Deferred) and outcome.wait is not None:
        assert 0 <= outcome.wait <= 86_400
    if isinstance(outcome, Uncertain):
        assert status == 408 or not (200 <= status < 300 or 400 <= status < 500)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 429, 500])
def test_no_answer_quotes_the_token(status: int) -> None:
    description = f"no method at {CALL.url}, nor for {TOKEN} or 987654321:zzyyxxwwvvuuttssrrqqppoo"
    outcome = connector.classify(CALL, error(status, description))
    text = f"{outcome!r} {outcome}"
    assert TOKEN not in text
    assert "zzyyxx" not in text
    assert "no method at" in text


def test_a_file_that_is_gone_says_nothing_of_the_token() -> None:
    call = Call("0:download", "GET", f"https://api.telegram.org/file/bot{TOKEN}/photos/1.jpg", effect=False)
    outcome = connector.classify(call, error(404, f"no photos/1.jpg for {TOKEN}"))
    assert same(outcome, refused("content_rejected", "no photos/1.jpg for …", "404"))


def test_an_answer_to_an_odd_address_is_read_all_the_same() -> None:
    call = Call("0:x", "GET", "https://elsewhere.example/")
    assert same(connector.classify(call, error(403, "no")), refused("unreachable", "no", "403"))
