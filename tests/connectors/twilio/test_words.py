"""Addresses, words and codes, whatever they are."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.api import Refused
from connectors.twilio import Settings
from connectors.twilio.addresses import WHATSAPP, address_of, alias_of, canonical, identity_of
from connectors.twilio.codes import _BY_REASON, LATER, REASONS
from connectors.twilio.forms import Form
from connectors.twilio.keywords import START, STOP, change_of
from connectors.twilio.outbound import LIMIT, words
from normalizer.fit import folded, measure, segments

SETTINGS = Settings.model_validate(
    {"name": "sms", "connector": "twilio", "account_sid": "AC1", "auth_token": "t" * 32, "sender": "+15550006789"}
)
NUMBERS = st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True)
USERS = st.from_regex(r"[A-Z]{2}\.[A-Za-z0-9]{1,20}", fullmatch=True)


@given(NUMBERS)
def test_a_number_is_one_person_over_sms_and_whatsapp_and_each_is_written_back_to(number: str) -> None:
    assert identity_of(number) == identity_of(WHATSAPP + number) == f"tel:{number}"
    assert identity_of(WHATSAPP + number[1:]) == f"tel:{number}"
    assert address_of(f"tel:{number}", "") == number
    assert address_of(f"tel:{number}", WHATSAPP) == WHATSAPP + number == canonical(WHATSAPP + number[1:])


@given(USERS, NUMBERS)
def test_a_user_id_is_kept_whole_and_bound_to_its_number(user: str, number: str) -> None:
    assert identity_of(WHATSAPP + user) == address_of(WHATSAPP + user, WHATSAPP) == WHATSAPP + user
    for told in (user, WHATSAPP + user):
        assert alias_of(WHATSAPP + number, number[1:], told) == (WHATSAPP + user,)
    assert alias_of(WHATSAPP + user, number[1:], user) == (f"tel:{number}",)
    assert alias_of(WHATSAPP + user, "", user) == alias_of(WHATSAPP + number, "", "") == ()
    assert alias_of(number, number[1:], user) == ()  # an SMS knows of no user ids
    with pytest.raises(Refused):
        address_of(WHATSAPP + user, "")


@given(st.text(max_size=30))
def test_an_address_names_somebody_or_nobody(address: str) -> None:
    identity = identity_of(address)
    assert bool(identity) == bool(address.removeprefix(WHATSAPP))
    assert not identity or ":" in identity


def test_an_endless_address_names_nobody() -> None:
    assert identity_of("x" * 201) == ""


TEXTS = st.text(st.sampled_from("ab é€\u201c\u201d\u2019\u2013… Ł🎉\n"), min_size=1, max_size=200)


@given(TEXTS)
def test_a_text_goes_as_it_is_or_with_plain_quotes_where_that_saves_segments(text: str) -> None:
    said = words(text, SETTINGS)
    assert said in (text, folded(text))
    assert segments(said).segments <= segments(text).segments
    assert words(said, SETTINGS) == said
    assert words(text, SETTINGS.model_copy(update={"smart_quotes": "keep"})) == text
    assert words(text, SETTINGS.model_copy(update={"sender": "whatsapp:+15550006789"})) == text


@given(st.integers(0, LIMIT), st.integers(0, 3))
def test_no_text_gets_too_long_by_that(plain: int, dots: int) -> None:
    text = "a" * plain + "…" * dots
    assume(0 < measure(text, "gsm-7") <= LIMIT)
    assert measure(words(text, SETTINGS), "gsm-7") <= LIMIT


def test_a_text_of_nothing_but_what_is_left_out_stays() -> None:
    assert words("\u200b", SETTINGS) == "\u200b"


@pytest.mark.parametrize("word", sorted(STOP))
def test_each_word_opts_out_alone(word: str) -> None:
    for body in (word, word.upper(), f" {word.title()}! "):
        assert change_of(Form([("Body", body)]), by_words=True) == "opted_out"
    assert change_of(Form([("Body", word)]), by_words=False) is None
    assert change_of(Form([("Body", f"{word} it")]), by_words=True) is None
    assert change_of(Form([("Body", word), ("OptOutType", "HELP")]), by_words=True) is None


def test_no_word_opts_both_out_and_in() -> None:
    assert not STOP & START


def test_a_code_means_one_thing() -> None:
    assert sum(map(len, _BY_REASON.values())) == len(REASONS)
    assert set(LATER) <= set(REASONS)
    assert {REASONS[code] for code in LATER} == {"rate_limited", "provider_down"}
