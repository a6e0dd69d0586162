"""The contract's own few functions."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from connectors.api import Ailment, Answer, Call, Health, Malformed, Refused, Request, Settings, powers
from connectors.telegram import connector
from normalizer.model import Reason


class Body(BaseModel):
    number: int


def request(body: bytes) -> Request:
    return Request(
        "POST", "https://x.example/hooks/a", {"x-secret": "s3cret"}, datetime(2026, 1, 1, tzinfo=UTC), body=body
    )


def test_a_request_is_read() -> None:
    assert request(b'{"number": 5}').read(Body) == Body(number=5)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"number": "s3cret"}', b'{"number": 1'])
def test_what_cannot_be_read_is_malformed_and_not_quoted(body: bytes) -> None:
    with pytest.raises(Malformed) as malformed:
        request(body).read(Body)
    assert "s3cret" not in str(malformed.value)


def test_nothing_secret_is_shown() -> None:
    call = Call("0:x", "POST", "https://x.example/s3cret", headers={"a": "s3cret"}, json="s3cret", form={"a": "s3cret"})
    assert "s3cret" not in repr(call)
    assert "s3cret" not in repr(request(b"s3cret"))


@pytest.mark.parametrize(
    ("body", "under", "read"),
    [
        (b'{"number": 5}', None, Body(number=5)),
        (b'{"found": {"number": 5}}', "found", Body(number=5)),
        (b'{"found": 5}', "found", None),
        (b"{}", "found", None),
        (b"[]", "found", None),
        (b"<html>", None, None),
        (b"\xff", None, None),
        (b"[" * 100_000, None, None),
    ],
)
def test_an_answer_is_read_or_none(body: bytes, under: str | None, read: Body | None) -> None:
    assert Answer(200, body=body).read(Body, under) == read


def test_a_base_address() -> None:
    assert Settings(name="a", connector="b", api="http://localhost:1/").base == "http://localhost:1"
    assert Settings(name="a", connector="b").base == ""
    assert Settings(name="a", connector="b").address == ""


def test_a_refusal_says_what_it_is() -> None:
    assert repr(Refused("too_long", "no", "400")) == (
        "Refused(code='too_long', detail='no', provider_code='400', only='')"
    )


def test_the_powers_of_a_connector_are_the_fields_it_fills() -> None:
    assert "fetch" in powers(connector)
    assert "templates" not in powers(connector)


class Poor(Settings):
    """Of a channel that is told everything at one hook, at an address that never changes."""

    API = "https://provider.example/v1/"


def test_settings_say_nothing_that_no_account_was_given() -> None:
    found = Poor(name="a", connector="poor")
    assert (found.polls, found.address, found.pace, found.uncertain) == (False, "", None, None)
    assert (found.brand, found.hook) == ("main", "")


@pytest.mark.parametrize(
    ("api", "base"),
    [("", "https://provider.example/v1"), ("http://127.0.0.1:8090/", "http://127.0.0.1:8090")],
)
def test_the_providers_address_has_no_closing_slash(api: str, base: str) -> None:
    assert Poor(name="a", connector="poor", api=api).base == base


@pytest.mark.parametrize(
    ("reason", "code", "down"),
    [
        ("auth_expired", "auth_expired", True),
        ("account_restricted", "account_restricted", False),
        ("provider_down", "provider_down", False),
        ("rate_limited", "provider_down", False),
        ("too_long", "unknown", False),
    ],
)
def test_a_refusal_says_what_is_wrong_with_the_account(reason: Reason, code: Ailment, down: bool) -> None:
    health = Health.refused(Refused(reason, "no"), "auth_expired")
    assert health == Health(ok=False, detail="no", down=down, code=code)
