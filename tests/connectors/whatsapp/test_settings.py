"""What an account of WhatsApp may be configured with."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.whatsapp import Settings

GIVEN: dict[str, Any] = {
    "name": "support", "connector": "whatsapp", "phone_number_id": "123", "token": "made-up-token",
    "app_secret": "made-up-app-secret", "verify_token": "made-up-verify-token",
}  # fmt: skip
AT_360DIALOG: dict[str, Any] = {
    "name": "support", "connector": "whatsapp", "provider": "360dialog", "phone_number_id": "123",
    "token": "made-up-token", "hook_secret": "made-up-hook-secret",
}  # fmt: skip


def test_both_providers() -> None:
    at_meta, at_360dialog = Settings.model_validate(GIVEN), Settings.model_validate(AT_360DIALOG)
    assert (at_meta.base, at_360dialog.base) == ("https://graph.facebook.com/v26.0", "https://waba-v2.360dialog.io")
    assert Settings.model_validate(AT_360DIALOG | {"api": "http://127.0.0.1:1/"}).base == "http://127.0.0.1:1"
    assert at_meta.address == "123"


def test_yaml_may_have_the_ids_as_numbers() -> None:
    settings = Settings.model_validate(GIVEN | {"phone_number_id": 106540352242922, "waba_id": 102290129340398})
    assert (settings.phone_number_id, settings.waba_id) == ("106540352242922", "102290129340398")


@pytest.mark.parametrize("key", ["phone_number_id", "token", "app_secret", "verify_token"])
def test_meta_needs(key: str) -> None:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate({name: value for name, value in GIVEN.items() if name != key})
    assert [(one["loc"], one["type"]) for one in error.value.errors()] == [((key,), "missing")]


@pytest.mark.parametrize("key", ["phone_number_id", "token", "hook_secret"])
def test_360dialog_needs(key: str) -> None:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate({name: value for name, value in AT_360DIALOG.items() if name != key})
    assert [(one["loc"], one["type"]) for one in error.value.errors()] == [((key,), "missing")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phone_number_id", "+33123"), ("phone_number_id", ""), ("phone_number_id", "1\n"), ("waba_id", "x"),
        ("token", ""), ("token", "a b"), ("token", "a\r\nb"), ("app_secret", ""), ("verify_token", ""),
        ("hook_header", "x y"), ("hook_header", ""), ("list_button", ""), ("list_button", "x" * 21), ("provider", "x"),
    ],
)  # fmt: skip
def test_refuses(key: str, value: str) -> None:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate(GIVEN | {key: value})
    assert error.value.errors()[0]["loc"] == (key,)
    assert "made-up" not in str(error.value)


def test_headers_have_small_letters() -> None:
    assert Settings.model_validate(AT_360DIALOG | {"hook_header": "X-From"}).hook_header == "x-from"
