"""Both connectors of Twilio by the kit that every connector is tried with; requests are signed by the rule itself."""

from __future__ import annotations

from pathlib import Path

from toys.twilio_rule import signature

from connectors.api import Request
from connectors.testing import conformance
from connectors.twilio import Settings, connector, whatsapp

SAMPLES = Path(__file__).parents[1] / "samples"


def sign(request: Request, settings: Settings) -> dict[str, str]:
    return {"x-twilio-signature": signature(request.url, request.body, settings.auth_token.get_secret_value())}


test_twilio = conformance(connector, SAMPLES / "twilio", sign)
test_twilio_whatsapp = conformance(whatsapp, SAMPLES / "twilio_whatsapp", sign)
