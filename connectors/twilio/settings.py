"""What a Twilio account is configured with, and how its API is called. https://www.twilio.com/docs/usage/api"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors import api
from connectors.api import Call
from connectors.twilio.addresses import WHATSAPP


def _filled(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value():
        raise ValueError("must not be empty")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_filled)]

_ACCOUNT = re.compile(r"AC[0-9A-Za-z]{1,64}")
_SERVICE = re.compile(r"MG[0-9A-Za-z]{1,64}")
_SENDER = re.compile(r"(whatsapp:)?\+[1-9][0-9]{1,14}|[0-9]{3,8}|(?=.*[A-Za-z])[0-9A-Za-z +_&-]{1,11}")
_DOMAIN = re.compile(r"^https://api\.(?=([a-z0-9-]+\.)*twilio\.com$)")


class Settings(api.Settings):
    """One of our ends: ``sender`` is its number, ``messaging_service`` a pool of them; one of both is needed.

    ``auth_token`` proves what Twilio tells us, and so does ``secondary_token`` once it is promoted. Calls are made with
    ``api_key`` and ``api_secret``, or with the token where there is no key. ``shared_keys`` are secrets by their ids,
    for webhooks that are signed with those. ``opt_out_words`` says whether a text such as STOP is an opt-out by itself.
    """

    model_config = ConfigDict(hide_input_in_errors=True)
    API: ClassVar[str] = "https://api.twilio.com"

    account_sid: str
    auth_token: Secret
    sender: str = ""
    messaging_service: str = ""
    secondary_token: Secret | None = None
    api_key: Secret | None = None
    api_secret: Secret | None = None
    shared_keys: Mapping[str, Secret] = Field(default_factory=dict)
    smart_quotes: Literal["fold", "keep"] = "fold"
    opt_out_words: bool = True

    @field_validator("account_sid")
    @classmethod
    def _is_account(cls, sid: str) -> str:
        # It becomes a piece of an address, which nothing in it may end.
        if not _ACCOUNT.fullmatch(sid):
            raise ValueError("must be the SID of the account, which begins with AC")
        return sid

    @field_validator("sender")
    @classmethod
    def _is_sender(cls, sender: str) -> str:
        if sender and not _SENDER.fullmatch(sender):
            raise ValueError('must be a number such as "+15550006789", or a short code, or a sender\'s name')
        return sender

    @field_validator("messaging_service")
    @classmethod
    def _is_service(cls, sid: str) -> str:
        if sid and not _SERVICE.fullmatch(sid):
            raise ValueError("must be the SID of a messaging service, which begins with MG")
        return sid

    @model_validator(mode="after")
    def _goes_together(self) -> Settings:
        if not self.sender and not self.messaging_service:
            raise ValueError("needs a sender or a messaging_service")
        if (self.api_key is None) != (self.api_secret is None):
            raise ValueError("api_key and api_secret go together")
        return self

    @property
    def prefix(self) -> str:
        """What stands before the numbers of this end: ``whatsapp:``, or nothing."""
        return WHATSAPP if self.sender.startswith(WHATSAPP) else ""

    @property
    def address(self) -> str:
        """Our end, as Twilio names it: the number, else the pool, with the prefix of the channel."""
        return self.sender or f"{self.prefix}{self.messaging_service}"

    @property
    def root(self) -> str:
        """The address of everything that belongs to the account."""
        return f"{self.base}/2010-04-01/Accounts/{self.account_sid}"

    def domain(self, name: str) -> str:
        """The base address of another of Twilio's domains; what stands in for the API stands in for all of them."""
        return _DOMAIN.sub(f"https://{name}.", self.base)

    @property
    def basic(self) -> str:
        """The header's value that every call carries."""
        if self.api_key is not None and self.api_secret is not None:
            return _basic(self.api_key.get_secret_value(), self.api_secret)
        return self.basic_token

    @property
    def basic_token(self) -> str:
        """The same with the account's own token."""
        return _basic(self.account_sid, self.auth_token)


class WhatsAppSettings(Settings):
    """A WhatsApp sender: the same, but that its number needs no prefix here."""

    @field_validator("sender")
    @classmethod
    def _is_whatsapp(cls, sender: str) -> str:
        if sender and not sender.removeprefix(WHATSAPP).startswith("+"):
            raise ValueError('must be a number such as "+15550006789"')
        return WHATSAPP + sender.removeprefix(WHATSAPP) if sender else ""

    @property
    def prefix(self) -> str:
        """What stands before the numbers of this end."""
        return WHATSAPP


def _basic(user: str, password: SecretStr) -> str:
    return "Basic " + b64encode(f"{user}:{password.get_secret_value()}".encode()).decode()


def get(settings: Settings, name: str, url: str, *, part: int = 0) -> Call:
    """A lookup."""
    return Call(name, "GET", url, effect=False, part=part, headers={"authorization": settings.basic})


def post(
    settings: Settings, name: str, url: str, form: Mapping[str, str], *, part: int = 0, effect: bool = False
) -> Call:
    """A form to Twilio."""
    return Call(name, "POST", url, effect, part, headers={"authorization": settings.basic}, form=dict(form))
