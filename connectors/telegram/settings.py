"""What a Telegram account is configured with, and how a method of its bot is called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from connectors import api
from connectors.api import Call, File

_TOKEN = re.compile(r"[!-~]+")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class Settings(api.Settings):
    """A bot: ``token`` is what BotFather gave, ``secret`` what Telegram is to repeat with every update.

    ``mode`` says how its updates come: Telegram calls our hook, or we ask for them and need no public address.
    """

    model_config = ConfigDict(hide_input_in_errors=True)
    API: ClassVar[str] = "https://api.telegram.org"

    token: SecretStr
    mode: Literal["webhook", "polling"] = "webhook"
    secret: SecretStr | None = Field(default=None, validate_default=True)

    @property
    def polls(self) -> bool:
        """Whether updates are asked for, instead of told to a hook."""
        return self.mode == "polling"

    @field_validator("token")
    @classmethod
    def _is_token(cls, token: SecretStr) -> SecretStr:
        # It becomes a piece of an address, which nothing in it may end.
        value = token.get_secret_value()
        if not _TOKEN.fullmatch(value) or set(value) & set("/?#%\\"):
            raise ValueError("must be the token that BotFather gave, such as 123456:ABC-DEF1234ghIkl")
        return token

    @field_validator("secret")
    @classmethod
    def _is_secret(cls, secret: SecretStr | None, given: ValidationInfo) -> SecretStr | None:
        # https://core.telegram.org/bots/api#setwebhook: secret_token
        if secret is None and given.data.get("mode") == "webhook":
            raise PydanticKnownError("missing")
        if secret is not None and not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -, as Telegram demands")
        return secret


def call(
    settings: Settings,
    method: str,
    fields: Mapping[str, Any] | None = None,
    files: Mapping[str, str | File] | None = None,
    *,
    part: int = 0,
    effect: bool = True,
    waits: float = 0,
) -> Call:
    """A call of a method: in JSON, or as multipart when there are ``files``. ``fields`` are JSON values.

    https://core.telegram.org/bots/api#making-requests
    """
    url = f"{settings.base}/bot{settings.token.get_secret_value()}/{method}"
    name = f"{part}:{method}"
    if files:
        texts = {
            field: value if isinstance(value, str) else json.dumps(value) for field, value in (fields or {}).items()
        }
        return Call(name, "POST", url, effect, part, multipart={**texts, **files})
    return Call(name, "POST", url, effect, part, json=dict(fields or {}), waits=waits)
