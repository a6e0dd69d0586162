"""What accounts of Messenger and Instagram are configured with."""

import hashlib
import hmac
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors import instagram, messenger
from connectors.api import Answer, Call
from normalizer.event import Outgoing
from normalizer.model import Text

PAGE = {
    "name": "page", "connector": "messenger", "page_id": "123", "token": "EAAx", "app_secret": "s3cret",
    "verify_token": "word",
}  # fmt: skip
ACCOUNT = {
    "name": "insta", "connector": "instagram", "account_id": "178", "token": "IGAx", "app_secret": ["one", "two"],
    "verify_token": "word",
}  # fmt: skip


def page(**given: Any) -> messenger.Settings:
    return messenger.Settings.model_validate({**PAGE, **given})


def account(**given: Any) -> instagram.Settings:
    return instagram.Settings.model_validate({**ACCOUNT, **given})


def first_call(settings: messenger.Settings | instagram.Settings) -> Call:
    outgoing = Outgoing(id="msg_1", to="messenger:123:9", parts=(Text(text="hi"),))
    if isinstance(settings, messenger.Settings):
        return next(messenger.connector.send(outgoing, settings))
    return next(instagram.connector.send(outgoing, settings))


def test_a_page_sends_as_itself() -> None:
    call = first_call(page())
    assert call.url == "https://graph.facebook.com/v26.0/123/messages"
    assert call.headers == {"authorization": "Bearer EAAx"}


def test_an_account_of_its_own_sends_as_itself_at_instagram() -> None:
    assert first_call(account()).url == "https://graph.instagram.com/v26.0/178/messages"
    assert account().subscribed == account().address == "178"


def test_an_account_of_a_page_sends_with_the_token_of_the_page_at_facebook() -> None:
    linked = account(page_id=55)
    assert first_call(linked).url == "https://graph.facebook.com/v26.0/me/messages"
    assert (linked.address, linked.subscribed) == ("178", "55")


def test_another_address_of_graph() -> None:
    assert first_call(account(api="http://127.0.0.1:1/")).url == "http://127.0.0.1:1/178/messages"
    assert first_call(page(api="http://127.0.0.1:1")).url == "http://127.0.0.1:1/123/messages"


def test_the_proof_of_the_secret_goes_along_only_where_it_is_asked_for() -> None:
    proof = hmac.new(b"s3cret", b"EAAx", hashlib.sha256).hexdigest()
    assert first_call(page(proof=True)).url.endswith(f"/123/messages?appsecret_proof={proof}")
    asked = next(messenger.connector.profile("messenger:123:9", page(proof=True)))  # type: ignore[misc]
    assert asked.url.endswith(f"/9?fields=first_name%2Clast_name%2Cprofile_pic&appsecret_proof={proof}")
    assert proof not in repr(asked)


def test_numbers_and_lists_are_taken() -> None:
    assert page(page_id=123).address == "123"
    assert [one.get_secret_value() for one in account().app_secrets] == ["one", "two"]
    assert account(app_secret="one").app_secrets == (SecretStr("one"),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": ""}, {"token": "two words"}, {"token": "a\nb"}, {"app_secret": ""}, {"app_secret": []},
        {"app_secret": ["one", ""]}, {"verify_token": ""}, {"page_id": ""}, {"page_id": "1/2"}, {"page_id": "1\n"},
        {"proof": "perhaps"}, {"no_such_key": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_without_being_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        page(**wrong)
    assert "two words" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_account_of_its_own_is_asked_for_the_id_that_webhooks_name() -> None:
    steps = instagram.connector.check(account())  # type: ignore[misc]
    assert next(steps).url == "https://graph.instagram.com/v26.0/me?fields=user_id%2Cusername"
    asked = steps.send(Answer(200, {}, b'{"user_id": "178", "id": "9", "username": "shop"}'))
    assert asked.url == "https://graph.instagram.com/v26.0/178/subscribed_apps"
    with pytest.raises(StopIteration) as end:
        steps.send(Answer(200, {}, b'{"data": [{"subscribed_fields": ["comments"]}]}'))
    assert end.value.value.detail == "shop: nothing is subscribed; `passerelle connect` subscribes"
