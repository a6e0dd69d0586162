"""What proves a request, against HMAC as RFC 2104 writes it, and the words that Meta is told back."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.api import Rejected, Reply, Request
from connectors.meta import challenge, verified

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECRET, OTHER = SecretStr("0123456789abcdef0123456789abcdef"), SecretStr("fedcba9876543210fedcba9876543210")


def hmac_by_hand(key: bytes, body: bytes) -> str:
    """https://www.rfc-editor.org/rfc/rfc2104, without the library's help."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + body).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).hexdigest()


def as_meta_writes(value: Any) -> bytes:
    """JSON with everything beyond ASCII escaped, and slashes too."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def posted(body: bytes, signature: str | None) -> Request:
    headers = {} if signature is None else {"x-hub-signature-256": signature}
    return Request("POST", "https://chat.example.com/hooks/meta", headers, AT, body=body)


def signed(body: bytes, secret: SecretStr = SECRET) -> Request:
    return posted(body, f"sha256={hmac_by_hand(secret.get_secret_value().encode(), body)}")


@given(st.text(max_size=50), st.booleans())
def test_the_bytes_count_not_what_they_say(text: str, second: bool) -> None:
    body = as_meta_writes({"text": text, "url": "https://example.com/a"})
    verified(signed(body, OTHER if second else SECRET), SECRET, OTHER)
    rewritten = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert rewritten != body  # slashes, at the least
    with pytest.raises(Rejected):
        verified(posted(rewritten, signed(body).headers["x-hub-signature-256"]), SECRET, OTHER)


@pytest.mark.parametrize("signature", [None, "", "sha256", "sha256=", "=", "sha1=x", "sha256=é", "sha256=\udcff"])
def test_what_is_no_signature_proves_nothing(signature: str | None) -> None:
    with pytest.raises(Rejected):
        verified(posted(b"{}", signature), SECRET)


def test_another_scheme_proves_nothing() -> None:
    good = signed(b"{}").headers["x-hub-signature-256"].removeprefix("sha256=")
    for scheme in ("sha1", "SHA256", "", "sha256 "):
        with pytest.raises(Rejected):
            verified(posted(b"{}", f"{scheme}={good}"), SECRET)


def test_no_secret_or_an_empty_one_lets_nobody_in() -> None:
    empty = SecretStr("")
    for secrets in ((), (empty,)):
        with pytest.raises(Rejected):
            verified(signed(b"{}", empty), *secrets)


def test_the_older_header_proves_nothing_but_does_no_harm() -> None:
    request = signed(b"{}")
    both = Request("POST", request.url, {**request.headers, "x-hub-signature": "sha1=x"}, AT, body=b"{}")
    verified(both, SECRET)


ASKED = {"hub.mode": "subscribe", "hub.verify_token": "our-word", "hub.challenge": "1158201444"}


def asked(query: dict[str, str]) -> Reply:
    return challenge(Request("GET", "https://chat.example.com/hooks/meta", {}, AT, query), SecretStr("our-word"))


def test_the_challenge_is_said_back_as_text() -> None:
    assert asked(ASKED) == Reply(200, "1158201444", "text/plain")


@pytest.mark.parametrize("change", [{"hub.mode": "x"}, {"hub.verify_token": "our-wor"}, {"hub.verify_token": ""}])
def test_a_stranger_is_told_nothing(change: dict[str, str]) -> None:
    with pytest.raises(Rejected) as caught:
        asked({**ASKED, **change})
    assert "our-word" not in str(caught.value)
