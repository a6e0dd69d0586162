"""What stands at the broker: names, and the one way in which each is declared."""

from __future__ import annotations

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange

EVENTS = "passerelle.events"
"""Topic, durable: for everyone outside."""

NUDGES = "passerelle.nudges"
"""Fanout: wake-ups between our own processes."""

CONTENT_TYPE = "application/cloudevents+json"


async def events(channel: AbstractChannel) -> AbstractExchange:
    """Declare the exchange for everyone outside; it stays as it is if it is there."""
    return await channel.declare_exchange(EVENTS, ExchangeType.TOPIC, durable=True)


async def nudges(channel: AbstractChannel) -> AbstractExchange:
    """Declare the exchange for our own processes."""
    return await channel.declare_exchange(NUDGES, ExchangeType.FANOUT, durable=True)
