"""The demo's first customers, who write by the simulator's control API as anybody would on its phone page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog

from gateway.commands.simulated import ACCOUNTS

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Customer:
    """Somebody with something to say; each saying is what the control API takes."""

    name: str
    language: str
    says: Sequence[dict[str, Any]]
    channel: str = "telegram"
    id: str = ""  # chosen, where the channel names people by their numbers


def _texts(*texts: str) -> list[dict[str, Any]]:
    return [{"text": text} for text in texts]


CUSTOMERS = (
    Customer("Ann Lee", "en", _texts("Hi! My order 4711 was due yesterday.", "Can you tell me where it is?")),
    Customer("Marc Lefèvre", "fr", _texts("Bonjour, êtes-vous ouverts dimanche ?"), "twilio", "33639980001"),
    Customer(
        "Chloé Dubois",
        "fr",
        [
            *_texts("Bonjour 👋 je voudrais être livrée à mon bureau, c'est possible ?"),
            {"location": {"latitude": 48.8566, "longitude": 2.3522}},
        ],
        "whatsapp",
        "33639980002",
    ),
    Customer(
        "Oliver Grant",
        "en",
        [
            *_texts("The kettle I bought leaks. Could a technician call my wife?"),
            {"contact": {"phone_number": "+442079460123", "first_name": "Mary", "last_name": "Grant"}},
        ],
    ),
    Customer("Priya Nair", "en", _texts("Do you ship to Ireland?", "And how much would it be?"), "messenger"),
    Customer("Emma Rossi", "en", _texts("Is the blue one coming back? 💙"), "instagram"),
)


async def write_samples(session: aiohttp.ClientSession, simulator: str) -> None:
    """Let each customer write; ``simulator`` is its address. A demo without them is still a demo: failures are logged."""
    ends = {one.channel: f"{simulator}/api/{one.channel}/{one.end}" for one in ACCOUNTS}
    for customer in CUSTOMERS:
        if customer.channel not in ends:
            continue
        try:
            await _write(session, ends[customer.channel], customer)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("sample conversation not written", channel=customer.channel, why=str(error))


async def _write(session: aiohttp.ClientSession, base: str, customer: Customer) -> None:
    first, _, last = customer.name.partition(" ")
    person = {"first_name": first, "last_name": last, "language_code": customer.language}
    async with session.post(
        f"{base}/people", json={**person, **({"id": customer.id} if customer.id else {})}
    ) as answer:
        answer.raise_for_status()
        chat = (await answer.json())["id"]
    for saying in customer.says:
        async with session.post(f"{base}/chats/{chat}/messages", json=saying) as answer:
            answer.raise_for_status()
