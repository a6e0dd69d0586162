"""Messenger and Instagram by the kit that every connector is tried with."""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

from connectors.api import Request
from connectors.instagram import connector as instagram
from connectors.messenger import connector as messenger
from connectors.meta.settings import Settings
from connectors.testing import conformance

SAMPLES = Path(__file__).parents[2] / "samples"


def sign(request: Request, settings: Settings) -> Mapping[str, str]:
    """What Meta signs with, over the bytes that it sends."""
    key = settings.app_secrets[0].get_secret_value().encode()
    return {"x-hub-signature-256": f"sha256={hmac.new(key, request.body, hashlib.sha256).hexdigest()}"}


test_messenger = conformance(messenger, SAMPLES / "messenger", sign)
test_instagram = conformance(instagram, SAMPLES / "instagram", sign)
