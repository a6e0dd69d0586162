"""What proves a request: Twilio's library behind our guards, against the rule as its documentation has it."""

import hashlib
import string
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys.twilio_rule import signature

from connectors.api import Malformed, Rejected, Request
from connectors.twilio import Settings, connector
from connectors.twilio.forms import MOST, form_of

TOKEN, SECOND, SHARED = (
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "0123456789abcdef0123456789abcdef",
    "shared-secret-of-a-hook-1",
)
SETTINGS = Settings.model_validate(
    {
        "name": "support",
        "connector": "twilio",
        "account_sid": "AC1",
        "auth_token": TOKEN,
        "secondary_token": SECOND,
        "sender": "+15550006789",
        "shared_keys": {"webhooks_sharedkey_1": SHARED},
    }
)
URL = "https://chat.example.com/hooks/support"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BODY = b"From=%2B1555&Body=hi"


def request(body: bytes = BODY, url: str = URL, method: str = "POST", **headers: str) -> Request:
    return Request(method, url, {name.replace("_", "-"): value for name, value in headers.items()}, NOW, body=body)


def lets_in(told: Request, settings: Settings = SETTINGS) -> bool:
    try:
        connector.verify(told, settings)
    except Rejected:
        return False
    return True


def signed(body: bytes = BODY, url: str = URL, key: str = TOKEN, by: str | None = None, **headers: str) -> Request:
    return request(body, url, x_twilio_signature=signature(by or url, body, key), **headers)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PAIRS = st.lists(st.tuples(st.sampled_from(["Body", "body", "Media", "From", "é"]) | WORDS, WORDS), max_size=8)


@given(PAIRS, st.sampled_from([quote_plus, quote]), st.sampled_from(["", "?ref=msg_1", "?a=%C3%a9&a=&b=1+2"]))
def test_any_form_is_let_in_that_was_signed_by_the_rule(pairs: list[tuple[str, str]], quoting: Any, query: str) -> None:
    body = urlencode(pairs, quote_via=quoting).encode()
    assert lets_in(signed(body, URL + query))


@given(PAIRS, PAIRS)
def test_another_form_is_not(pairs: list[tuple[str, str]], others: list[tuple[str, str]]) -> None:
    body, other = urlencode(pairs).encode(), urlencode(others).encode()
    right = signature(URL, other, TOKEN)
    assert lets_in(request(body, x_twilio_signature=right)) == (right == signature(URL, body, TOKEN))


@given(st.binary(max_size=60), st.text(string.printable, max_size=30))
def test_rubbish_is_rejected_and_nothing_else(body: bytes, given_: str) -> None:
    assert not lets_in(request(body, x_twilio_signature=given_))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (URL, "https://chat.example.com:443/hooks/support"),
        ("https://chat.example.com:443/hooks/support", URL),
        ("http://chat.example.com/hooks/support", "http://chat.example.com:80/hooks/support"),
        ("https://chat.example.com:8443/hooks/support", URL),
    ],
)
def test_a_port_that_goes_without_saying_may_be_said(ours: str, theirs: str) -> None:
    assert lets_in(signed(url=ours, by=theirs))


@pytest.mark.parametrize(
    "theirs",
    ["http://chat.example.com/hooks/support", f"{URL}/", f"{URL}?a=1", "https://chat.example.com/hooks/Support"],
)
def test_any_other_address_is_another(theirs: str) -> None:
    assert not lets_in(signed(by=theirs))


def test_either_token_proves_while_tokens_are_exchanged_and_no_third() -> None:
    assert lets_in(signed(key=SECOND))
    assert not lets_in(signed(key="f" * 32))
    assert not lets_in(signed(key=SECOND), SETTINGS.model_copy(update={"secondary_token": None}))


def test_a_get_is_signed_by_its_address_alone() -> None:
    url = f"{URL}?From=%2B1555&Body=hi&MessageSid=SM1"
    told = request(b"", url, "GET", x_twilio_signature=signature(url, b"", TOKEN))
    assert lets_in(told)
    assert not lets_in(request(b"", f"{url}2", "GET", x_twilio_signature=signature(url, b"", TOKEN)))
    [event] = connector.parse(told, SETTINGS)
    assert event.id == "message:SM1"


def in_json(body: bytes, digested: bytes | None = None) -> Request:
    url = f"{URL}?bodySHA256={hashlib.sha256(body if digested is None else digested).hexdigest()}"
    return request(body, url, x_twilio_signature=signature(url, b"", TOKEN))


def test_json_is_signed_by_its_digest() -> None:
    assert lets_in(in_json(b'{"a": "\xc3\xa9"}'))
    assert not lets_in(in_json(b'{"a": 2}', digested=b'{"a": 1}'))
    assert not lets_in(in_json(b"\xff\xfe"))


def test_an_empty_digest_is_none() -> None:
    url = f"{URL}?bodySHA256="
    assert lets_in(signed(url=url))  # a form like any other
    assert not lets_in(request(b'{"a": 1}', url, x_twilio_signature=signature(url, b"", TOKEN)))


def with_key(told: str, digest: str = "sha256", key: str = SHARED) -> Request:
    return request(x_twilio_signature=signature(URL, BODY, key, digest), x_twilio_webhooks_signature_settings=told)


@pytest.mark.parametrize(
    ("told", "digest"),
    [
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "sha256"),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA1", "sha1"),
        ("algorithm=HMAC_SHA256, key=webhooks_sharedkey_1", "sha256"),
    ],
)
def test_a_shared_key_proves_with_the_algorithm_that_is_said(told: str, digest: str) -> None:
    assert lets_in(with_key(told, digest))
    assert not lets_in(with_key(told, "sha1" if digest == "sha256" else "sha256"))
    assert not lets_in(with_key(told, digest, TOKEN))


@pytest.mark.parametrize(
    "told",
    [
        "key=webhooks_sharedkey_2,algorithm=HMAC_SHA256",
        "key=webhooks_sharedkey_1,algorithm=HMAC_MD5",
        "key=webhooks_sharedkey_1,algorithm=",
        "key=webhooks_sharedkey_1",
        "algorithm=HMAC_SHA256",
        ",,=",
        " ",
    ],
)
def test_an_unknown_key_or_algorithm_proves_nothing_whoever_signed(told: str) -> None:
    for key in (SHARED, TOKEN):
        for digest in ("sha1", "sha256", "md5"):
            assert not lets_in(with_key(told, digest, key))


@pytest.mark.parametrize(
    "told",
    [
        request(),
        request(x_twilio_signature=""),
        request(b"Body=%ff", x_twilio_signature=signature(URL, b"Body=%ff", TOKEN)),
        request(b"Body=\xff", x_twilio_signature=signature(URL, b"Body=\xff", TOKEN)),
        signed(b"&".join([b"a=1"] * (MOST + 1))),
        signed(url="https://[/"),
        signed(url="https://chat.example.com:port/"),
        request(x_twilio_signature="\udcff" * 28),
    ],
)
def test_what_would_break_the_check_is_rejected(told: Request) -> None:
    assert not lets_in(told)


def test_a_body_that_is_no_text_is_malformed_if_it_is_read_all_the_same() -> None:
    with pytest.raises(Malformed, match="body: not a form"):
        connector.parse(request(b"Body=%ff"), SETTINGS)


def test_a_form_is_as_long_as_the_number_of_its_names() -> None:
    form = form_of(request(b"a=1&a=2&b="))
    assert len(form) == 2
    assert ("a" in form, "c" in form, form["c"], form.getall("a")) == (True, False, "", ["1", "2"])
    assert form.raw() == {"a": ["1", "2"], "b": ""}


def test_the_query_of_a_get_is_its_body_and_no_other() -> None:
    url = f"{URL}?{BODY.decode()}"
    proof = signature(url, b"", TOKEN)
    assert lets_in(request(BODY, url, "GET", x_twilio_signature=proof))
    assert not lets_in(request(b"From=%2B1555&Body=ho", url, "GET", x_twilio_signature=proof))
    assert form_of(request(BODY, URL, "GET"))["Body"] == form_of(request(b"", url, "GET"))["Body"] == "hi"
