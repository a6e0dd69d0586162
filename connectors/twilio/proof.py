"""What proves that a request is Twilio's. https://www.twilio.com/docs/usage/security"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import (  # type: ignore[import-untyped] # it comes without types
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from connectors.api import Rejected, Request
from connectors.twilio.forms import Form, form_of
from connectors.twilio.settings import Settings

SIGNATURE, SIGNED_WITH = SIGNATURE_HEADER.lower(), SIGNATURE_SETTINGS_HEADER.lower()


def verify(request: Request, settings: Settings) -> None:
    """Raise Rejected unless the address and the form are signed with a key of ours.

    The rule is that of Twilio's own library, which must be kept from what it would raise at: no signature, bytes that
    are no text, an address that is none, algorithms that it does not know.
    """
    signature = request.headers.get(SIGNATURE)
    if signature:
        try:
            said = _said(request)
            keys = _keys(request.headers.get(SIGNED_WITH), settings)
            if any(RequestValidator(key).validate(request.url, said, signature, rule) for key, rule in keys):
                return
        except ValueError:
            pass
    raise Rejected("wrong or no signature")


def _said(request: Request) -> Form | str | None:
    """What is signed beside the address: the form; nothing of a GET; of anything else the text, by its digest.

    Raises ValueError for what is no text, and for a GET that says another thing than its address.
    https://www.twilio.com/docs/usage/webhooks/webhooks-security#signature-validation-with-a-json-body
    """
    if request.method == "GET":
        if request.body.decode() not in ("", urlsplit(request.url).query):
            raise ValueError("what is read is not what was signed")
        return None
    digested = "bodySHA256" in parse_qs(urlsplit(request.url).query)
    return request.body.decode() if digested else form_of(request)


def _keys(told: str | None, settings: Settings) -> Iterator[tuple[str, str]]:
    """The keys that may have signed, each with its algorithm; none for a key or an algorithm that we do not know.

    https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys
    """
    if not told:
        for token in (settings.auth_token, settings.secondary_token):
            if token is not None:
                yield token.get_secret_value(), HMAC_SHA1
        return
    named = dict(piece.strip().partition("=")[::2] for piece in told.split(","))
    secret, rule = settings.shared_keys.get(named.get("key", "")), named.get("algorithm", "")
    if secret is not None and rule in (HMAC_SHA1, HMAC_SHA256):
        yield secret.get_secret_value(), rule
