"""WhatsApp by the kit that every connector is tried with: at Meta, and at 360dialog."""

from hmac import new
from pathlib import Path
from typing import Any

from connectors.api import Request
from connectors.testing import conformance
from connectors.whatsapp import connector

SAMPLES = Path(__file__).parents[1] / "samples"


def sign(request: Request, settings: Any) -> dict[str, str]:
    """As Meta signs: the very bytes, with the app's secret."""
    secret = settings.app_secret.get_secret_value()
    return {"x-hub-signature-256": f"sha256={new(secret.encode(), request.body, 'sha256').hexdigest()}"}


test_whatsapp = conformance(connector, SAMPLES / "whatsapp", sign)
