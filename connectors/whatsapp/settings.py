"""What a WhatsApp account is configured with, and how the API is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from connectors import api
from connectors.api import Call, File

HOST_360DIALOG = "https://waba-v2.360dialog.io"

_PRINTABLE = re.compile(r"[!-~]+")
_HEADER = re.compile(r"[a-z0-9-]+")
_ID = re.compile(r"[0-9]{1,30}")


class Settings(api.Settings):
    """A number. ``token`` is what proves us; ``provider`` is whose API we call.

    Of Meta, ``app_secret`` signs the webhooks and ``verify_token`` is what we chose for the hook. 360dialog does not sign:
    it repeats ``hook_secret`` in the header ``hook_header``. ``waba_id`` is the account that the number and its templates
    belong to, and ``list_button`` what stands on the button that opens a list of choices.
    """

    model_config = ConfigDict(hide_input_in_errors=True, coerce_numbers_to_str=True)
    API: ClassVar[str] = "https://graph.facebook.com/v26.0"

    phone_number_id: str
    token: SecretStr
    provider: Literal["meta", "360dialog"] = "meta"
    app_secret: SecretStr | None = Field(default=None, validate_default=True)
    verify_token: SecretStr | None = Field(default=None, validate_default=True)
    hook_header: str = "x-hook-secret"
    hook_secret: SecretStr | None = Field(default=None, validate_default=True)
    waba_id: str = ""
    list_button: str = Field(default="Choose", min_length=1, max_length=20)

    @property
    def base(self) -> str:
        """The provider's base address, without a closing slash."""
        return HOST_360DIALOG if self.provider == "360dialog" and not self.api else super().base

    @property
    def address(self) -> str:
        """Our end, as events name it: the id of the number."""
        return self.phone_number_id

    def own(self, path: str) -> str:
        """A path of this number's: 360dialog knows it by the key."""
        return path if self.provider == "360dialog" else f"{self.phone_number_id}/{path}"

    @property
    def proof(self) -> dict[str, str]:
        """The header that proves us."""
        token = self.token.get_secret_value()
        return {"D360-API-KEY": token} if self.provider == "360dialog" else {"authorization": f"Bearer {token}"}

    @field_validator("phone_number_id", "waba_id")
    @classmethod
    def _is_id(cls, given: str) -> str:
        if not _ID.fullmatch(given):
            raise ValueError("must be an id of digits, as Meta shows it; not a telephone number")
        return given

    @field_validator("token", "app_secret", "verify_token", "hook_secret")
    @classmethod
    def _is_secret(cls, secret: SecretStr | None, given: ValidationInfo) -> SecretStr | None:
        needed = {"meta": ("app_secret", "verify_token"), "360dialog": ("hook_secret",)}
        if secret is None and given.field_name in needed.get(given.data.get("provider", ""), ()):
            raise PydanticKnownError("missing")
        # It stands in a header, or is compared with one.
        if secret is not None and not _PRINTABLE.fullmatch(secret.get_secret_value()):
            raise ValueError("must be letters, digits and signs, without spaces")
        return secret

    @field_validator("hook_header")
    @classmethod
    def _is_header(cls, name: str) -> str:
        if not _HEADER.fullmatch(name.lower()):
            raise ValueError("must be the name of a header: letters, digits and -")
        return name.lower()


def call(
    settings: Settings,
    name: str,
    path: str,
    *,
    method: str = "POST",
    json: Mapping[str, Any] | None = None,
    multipart: Mapping[str, str | File] | None = None,
    part: int = 0,
    effect: bool = False,
) -> Call:
    """A call of the API, with our proof in its header."""
    url = f"{settings.base}/{path}"
    return Call(name, method, url, effect, part, settings.proof, json=json, multipart=multipart)
