"""How providers prove what they send, so that a spoilt webhook is let in and must be read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from multidict import MultiDict
from twilio.request_validator import RequestValidator

from connectors.api import Request
from connectors.testing.samples import Sign


def _meta(request: Request, settings: Any) -> Mapping[str, str]:
    """https://developers.facebook.com/docs/graph-api/webhooks/getting-started"""
    secret = settings.app_secret[0] if isinstance(settings.app_secret, tuple) else settings.app_secret
    digest = hmac.new(secret.get_secret_value().encode(), request.body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={digest}"}


def _twilio(request: Request, settings: Any) -> Mapping[str, str]:
    """https://www.twilio.com/docs/usage/security"""
    form = MultiDict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    sign = RequestValidator(settings.auth_token.get_secret_value()).compute_signature
    return {"x-twilio-signature": sign(request.url, form)}


SIGN: Mapping[str, Sign] = {
    "instagram": _meta,
    "messenger": _meta,
    "twilio": _twilio,
    "twilio_whatsapp": _twilio,
    "whatsapp": _meta,
}
