"""The demo's accounts, one at each simulated provider: how the gateway is configured, and what the provider is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

BOT = 4_200_000_001
"""The bot's number at the simulated Telegram."""
NAME = "Passerelle demo"
_META = "/v26.0"


@dataclass(frozen=True)
class Simulated:
    """An account of the demo. Its ``secrets`` are made up once and kept; ``signs`` is the one that signs webhooks."""

    account: str
    connector: str
    channel: str  # as the simulator calls it
    end: str  # our end there: a number or an id
    secrets: Sequence[str]
    settings: Mapping[str, Any] = field(default_factory=dict)  # what else the gateway is configured with
    told: Mapping[str, Any] = field(default_factory=dict)  # what else the provider is told
    signs: str = ""  # none: the hook is registered by a call, with its secret
    version: str = ""  # the piece of the API's address after the channel

    def configuration(self, here: str, secrets: Mapping[str, str]) -> dict[str, Any]:
        """What stands in the gateway's configuration; ``here`` is the gateway's own address."""
        api = f"{here}/simulator/{self.channel}{self.version}"
        return {"connector": self.connector, **self.settings, **secrets, "api": api}

    def form(self, hook: str, secrets: Mapping[str, str]) -> dict[str, Any]:
        """What one would enter at the provider by hand."""
        hooked = {"webhook": hook, "secret": secrets[self.signs]} if self.signs else {}
        return {"name": NAME, **self.told, **hooked}


_TWILIO = "AC" + "42" * 16
ACCOUNTS = (
    Simulated(
        "demo-telegram", "telegram", "telegram", str(BOT), ("token", "secret"), told={"username": "passerelle_demo_bot"}
    ),
    Simulated(
        "demo-sms", "twilio", "twilio", "15550004200", ("auth_token",),
        settings={"account_sid": _TWILIO, "sender": "+15550004200"}, told={"account_sid": _TWILIO}, signs="auth_token",
    ),
    Simulated(
        "demo-whatsapp", "whatsapp", "whatsapp", "104200000000001", ("token", "app_secret", "verify_token"),
        settings={"phone_number_id": "104200000000001", "waba_id": "204200000000001"},
        told={"waba_id": "204200000000001", "phone": "+15550004201"}, signs="app_secret", version=_META,
    ),
    Simulated(
        "demo-messenger", "messenger", "messenger", "104200000000002", ("token", "app_secret", "verify_token"),
        settings={"page_id": "104200000000002"}, signs="app_secret", version=_META,
    ),
    Simulated(
        "demo-instagram", "instagram", "instagram", "178420000000003", ("token", "app_secret", "verify_token"),
        settings={"account_id": "178420000000003"}, signs="app_secret", version=_META,
    ),
)  # fmt: skip
"""A line here adds a channel to the demo."""


async def configure(session: aiohttp.ClientSession, simulator: str, one: Simulated, form: Mapping[str, Any]) -> None:
    """Tell a simulated provider about an account; raises aiohttp.ClientError."""
    async with session.post(f"{simulator}/api/{one.channel}/{one.end}", json=form) as answer:
        answer.raise_for_status()
