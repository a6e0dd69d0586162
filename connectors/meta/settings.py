"""What an account of Messenger or Instagram is configured with, and how Graph is called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hmac import new
from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

from pydantic import ConfigDict, Field, SecretStr, field_validator

from connectors import api
from connectors.api import Call, File

Id = Annotated[str, Field(coerce_numbers_to_str=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""As Meta names pages and accounts; it becomes a piece of an address."""

_PRINTABLE = re.compile(r"[!-~]+")


class Settings(api.Settings):
    """An account of a Meta app.

    ``token`` lets us send, ``app_secret`` is what Meta signs with (two while it is changed, or where it is not known
    which of the app's secrets signs), ``verify_token`` is what Meta says when it asks whether the hook is ours.
    ``proof`` is for an app that demands one with every call ("Require App Secret").
    """

    model_config = ConfigDict(hide_input_in_errors=True)
    OBJECT: ClassVar[str] = ""
    """What a webhook calls itself that is about such an account."""
    FIELDS: ClassVar[tuple[str, ...]] = ()
    """The kinds of news that we read, as they are subscribed."""
    PROFILE: ClassVar[str] = "name"
    """What is asked of a customer."""
    UPLOADS: ClassVar[bool] = False
    """Whether files can be brought to Meta; else it fetches them."""

    token: SecretStr
    app_secret: SecretStr | tuple[SecretStr, ...]
    verify_token: SecretStr
    proof: bool = False

    @property
    def app_secrets(self) -> tuple[SecretStr, ...]:
        """Any of these may have signed."""
        return self.app_secret if isinstance(self.app_secret, tuple) else (self.app_secret,)

    @property
    def sender(self) -> str:
        """Who sends, as addresses of Graph name it."""
        return self.address

    @property
    def subscribed(self) -> str:
        """Whose webhooks are subscribed."""
        return self.address

    @property
    def who(self) -> str:
        """What is asked of the token's owner."""
        return "id,name"

    @field_validator("token")
    @classmethod
    def _is_token(cls, token: SecretStr) -> SecretStr:
        if not _PRINTABLE.fullmatch(token.get_secret_value()):  # it becomes a header
            raise ValueError("must be the token that Meta gave, in one line without spaces")
        return token

    @field_validator("app_secret")
    @classmethod
    def _is_secret(cls, secret: SecretStr | tuple[SecretStr, ...]) -> SecretStr | tuple[SecretStr, ...]:
        secrets = secret if isinstance(secret, tuple) else (secret,)
        if not secrets or not all(secrets):
            raise ValueError("must be the secret of the app, or a list of such")
        return secret

    @field_validator("verify_token")
    @classmethod
    def _is_word(cls, word: SecretStr) -> SecretStr:
        if not word:
            raise ValueError("must be the word that the app was told as its verify token")
        return word


def call(
    settings: Settings,
    name: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    query: Mapping[str, str] | None = None,
    files: Mapping[str, str | File] | None = None,
    method: str = "POST",
    part: int = 0,
    effect: bool = False,
) -> Call:
    """A call of Graph: ``body`` as JSON, or as multipart where there are ``files``.

    https://developers.facebook.com/docs/graph-api/guides/secure-requests tells of the proof.
    """
    token = settings.token.get_secret_value()
    asked = dict(query or {})
    if settings.proof:
        key = settings.app_secrets[0].get_secret_value().encode()
        asked["appsecret_proof"] = new(key, token.encode(), "sha256").hexdigest()
    url = f"{settings.base}/{path}{'?' if asked else ''}{urlencode(asked)}"
    headers = {"authorization": f"Bearer {token}"}
    if files:
        fields = {field: json.dumps(value, ensure_ascii=False) for field, value in (body or {}).items()}
        return Call(name, method, url, effect, part, headers, multipart={**fields, **files})
    return Call(name, method, url, effect, part, headers, json=dict(body) if body is not None else None)
