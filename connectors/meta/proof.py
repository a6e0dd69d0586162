"""What proves that a request is Meta's. https://developers.facebook.com/docs/graph-api/webhooks/getting-started"""

from __future__ import annotations

from hmac import new

from pydantic import SecretStr

from connectors.api import Rejected, Reply, Request
from connectors.signatures import same

SIGNATURE = "x-hub-signature-256"
"""The header. The older ``x-hub-signature``, of SHA-1, may come beside it and proves nothing."""


def verified(request: Request, *app_secrets: SecretStr) -> None:
    r"""Raise Rejected unless the body is signed with one of the app's secrets.

    Meta signs the very bytes that it sends, which have ``\u00e9`` for ``é``: they must not be read and written again.
    """
    scheme, _, given = request.headers.get(SIGNATURE, "").partition("=")
    for secret in app_secrets:
        key = secret.get_secret_value().encode()
        if key and scheme == "sha256" and same(given, new(key, request.body, "sha256").hexdigest()):
            return
    raise Rejected("wrong or no signature")


def challenge(request: Request, verify_token: SecretStr) -> Reply:
    """Say Meta's word back if it knows the token that we chose, else raise Rejected."""
    query = request.query
    if query.get("hub.mode") != "subscribe" or not same(query.get("hub.verify_token"), verify_token.get_secret_value()):
        raise Rejected("wrong or no verify token")
    return Reply(body=query.get("hub.challenge", ""))
