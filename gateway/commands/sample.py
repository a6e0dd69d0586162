"""The demo's first customers, who write by the simulator's control API as anybody would on its phone page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Customer:
    """Somebody with something to say; each saying is what the control API takes."""

    name: str
    language: str
    says: Sequence[dict[str, Any]]


def _texts(*texts: str) -> list[dict[str, Any]]:
    return [{"text": text} for text in texts]


CUSTOMERS = (
    Customer("Ann Lee", "en", _texts("Hi! My order 4711 was due yesterday.", "Can you tell me where it is?")),
    Customer("Marc Lefèvre", "fr", _texts("Bonjour, êtes-vous ouverts dimanche ?")),
    Customer(
        "Chloé Dubois",
        "fr",
        [
            *_texts("Bonjour 👋 je voudrais être livrée à mon bureau, c'est possible ?"),
            {"location": {"latitude": 48.8566, "longitude": 2.3522}},
        ],
    ),
    Customer(
        "Oliver Grant",
        "en",
        [
            *_texts("The kettle I bought leaks. Could a technician call my wife?"),
            {"contact": {"phone_number": "+442079460123", "first_name": "Mary", "last_name": "Grant"}},
        ],
    ),
    Customer("Priya Nair", "en", _texts("Do you ship to Ireland?", "And how much would it be?", "Thanks a lot! 🙏")),
)


async def write_samples(simulator: str, bot: int) -> None:
    """Let each customer write; ``simulator`` is its address. A demo without them is still a demo: failures are logged."""
    base = f"{simulator}/api/telegram/{bot}"
    try:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            await session.post(base, json={"name": "Passerelle demo", "username": "passerelle_demo_bot"})
            for customer in CUSTOMERS:
                await _write(session, base, customer)
    except (aiohttp.ClientError, TimeoutError) as error:
        log.warning("sample conversations not written", why=str(error))


async def _write(session: aiohttp.ClientSession, base: str, customer: Customer) -> None:
    first, _, last = customer.name.partition(" ")
    person = {"first_name": first, "last_name": last, "language_code": customer.language}
    async with session.post(f"{base}/people", json=person) as answer:
        chat = (await answer.json())["id"]
    for saying in customer.says:
        async with session.post(f"{base}/chats/{chat}/messages", json=saying):
            pass
