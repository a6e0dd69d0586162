"""Queues behind the exchange: one that follows it for as long as somebody looks, and lasting ones for integrators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from gateway.adapters.rabbitmq.connection import LOST, Connection, connected, let_go, really_cancelled, why
from gateway.adapters.rabbitmq.link import Link
from gateway.adapters.rabbitmq.topology import events
from gateway.ports import Clock, Unavailable

log = structlog.get_logger(__name__)

_AHEAD = 200
_KEPT = 100_000
"""Messages that wait at the server for a terminal that is slow; beyond that the oldest are dropped."""
_DECLARE_S = 10.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came by the exchange; ``missed`` says that the connection was lost before it, so something may be missing."""

    body: bytes
    missed: bool = False


class Following:
    """Whatever is published from now on under some binding keys, through a queue that nobody else sees."""

    def __init__(self, url: str, clock: Clock, keys: Sequence[str], name: str = "passerelle events tail") -> None:
        self._keys = keys
        self._found: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._link = Link(url, clock, name, self._ready, lambda: None)
        self._connections = 0
        self._missed = False
        self.there = asyncio.Event()
        """Set once it listens: what is published from then on will be seen."""

    @property
    def why(self) -> str:
        """Empty while it listens; otherwise why not."""
        return self._link.why

    async def start(self) -> None:
        """Begin to connect; returns though the server is away."""
        await self._link.start()

    async def stop(self) -> None:
        """Enough."""
        await self._link.stop()

    async def next(self) -> Delivered:
        """The next one; waits for it, through however many connections."""
        message = await self._found.get()
        try:
            await message.ack()
        except LOST:  # the queue has gone with its connection, and nothing of it comes again
            log.debug("an event was not acknowledged: its connection is gone")
        except asyncio.CancelledError:
            if really_cancelled():
                raise
        missed, self._missed = self._missed, False
        return Delivered(message.body, missed)

    async def _ready(self, connection: Connection) -> list[AbstractChannel]:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_AHEAD)
        exchange = await events(channel)
        queue = await channel.declare_queue(exclusive=True, arguments={"x-max-length": _KEPT})
        for key in self._keys:
            await queue.bind(exchange, key)
        await queue.consume(self._found.put)
        self._missed = self._connections > 0
        self._connections += 1
        self.there.set()
        return [channel]


async def declare(url: str, queue: str, keys: Sequence[str], most: int | None) -> None:
    """Make a quorum queue for an integrator, and bind it; nothing changes if it is there already.

    ``most`` messages wait in it; beyond that the oldest are dropped. Raises Unavailable, also where a queue of the name
    was made otherwise.
    """
    arguments: dict[str, str | int] = {"x-queue-type": "quorum"}
    if most is not None:
        arguments |= {"x-max-length": most, "x-overflow": "drop-head"}
    async with _once(url, "passerelle events declare") as channel:
        exchange = await events(channel)
        declared = await channel.declare_queue(queue, durable=True, arguments=dict(arguments))
        for key in keys:
            await declared.bind(exchange, key)


@asynccontextmanager
async def _once(url: str, name: str) -> AsyncIterator[AbstractChannel]:
    """A channel for a moment. Raises Unavailable."""
    try:
        async with asyncio.timeout(_DECLARE_S):
            connection = await connected(url, name)
            try:
                yield await connection.channel()
            finally:
                await let_go(connection)
    except LOST as error:
        raise Unavailable(f"RabbitMQ could not do it: {why(error, url)}") from None
