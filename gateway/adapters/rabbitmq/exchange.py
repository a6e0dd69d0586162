"""The exchange: batches confirmed as a whole, and nudges that may get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from aiormq import Channel as Underlay

from gateway.adapters.rabbitmq.confirms import Confirms, write
from gateway.adapters.rabbitmq.connection import LOST, Connection, really_cancelled, shown, why
from gateway.adapters.rabbitmq.link import Link
from gateway.adapters.rabbitmq.topology import events, nudges
from gateway.ports import Announcement, Clock, Unavailable

log = structlog.get_logger(__name__)

AT_ONCE = 1000
"""Announcements that are on their way before the first of them is confirmed, at most."""

_BURST = 50
"""Announcements that the socket is given at a time."""
_CONFIRM_S = 15.0
_BLOCKED_S = 10.0
_NUDGE_S = 1.0
_BLOCKED = "RabbitMQ takes no messages just now: it has raised an alarm (memory or disk space)"
_STUCK = "RabbitMQ is not there: its socket takes nothing just now"
_REFUSED = "a queue behind passerelle.events refuses messages: it is full (overflow: reject-publish), or has no leader"


class RabbitExchange:
    """The real ``Exchange``. Nobody need listen: what no queue is bound for is confirmed and gone."""

    def __init__(self, url: str, clock: Clock, name: str = "passerelle") -> None:
        self._url, self._clock, self._name = url, clock, name
        self._me = clock.new_id("prc").encode()
        self._link = Link(url, clock, name, self._ready, self._gone)
        self._listeners: list[Callable[[], None]] = []
        self._connection: Connection | None = None
        self._channel: Underlay | None = None
        self._nudges: AbstractExchange | None = None

    def __repr__(self) -> str:
        return f"RabbitExchange({shown(self._url)!r})"

    async def start(self) -> None:
        """Begin to connect; returns though the server is away."""
        await self._link.start()

    async def stop(self) -> None:
        """Let go."""
        await self._link.stop()

    async def ready(self) -> str:
        """Empty when the server is there and takes messages; otherwise why not."""
        if self._link.why:
            return f"RabbitMQ is not there: {self._link.why}"
        return _BLOCKED if await self._blocked(0) else ""

    def on_nudge(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` at each nudge of another process, and at each new connection."""
        self._listeners.append(listener)

    async def nudge(self) -> None:
        """Tell our other processes that the feed has grown. It may get lost; nothing is raised."""
        exchange = self._nudges
        if exchange is None or await self._blocked(0):
            return
        try:
            async with asyncio.timeout(_NUDGE_S):
                await exchange.publish(Message(self._me), "", mandatory=False)
        except LOST as error:  # they are told when they are connected again
            log.debug("a nudge got lost", why=why(error, self._url))
        except asyncio.CancelledError:
            if really_cancelled():
                raise

    async def publish(self, announcements: Sequence[Announcement]) -> None:
        """Publish in this order, all confirmed when this returns. Raises Unavailable: then repeat all of them."""
        for start in range(0, len(announcements), AT_ONCE):
            channel = self._channel
            if channel is None or channel.is_closed:
                raise Unavailable(f"RabbitMQ is not there: {self._link.why or 'the connection was lost'}")
            if await self._blocked(_BLOCKED_S):
                raise Unavailable(_BLOCKED)
            await self._batch(channel, announcements[start : start + AT_ONCE])

    async def _batch(self, channel: Underlay, announcements: Sequence[Announcement]) -> None:
        """All of them into one channel, which keeps their order; then all confirms."""
        confirms, closing = Confirms(len(announcements)), channel.closing
        waited: set[asyncio.Future[Any]] = {confirms, closing}
        try:
            for start in range(0, len(announcements), _BURST):
                write(channel, announcements[start : start + _BURST], confirms)
                await asyncio.sleep(0)  # the socket gets this burst while the next one is made
            await asyncio.wait(waited, timeout=_CONFIRM_S, return_when=asyncio.FIRST_COMPLETED)
            if confirms.left:
                raise Unavailable(await self._reason(confirms, closing))
        except asyncio.QueueFull:
            raise Unavailable(_STUCK) from None
        finally:
            confirms.cancel()
            closing.cancel()

    async def _reason(self, confirms: Confirms, closing: asyncio.Future[Any]) -> str:
        """Why a batch was not confirmed; a connection that says nothing is given up."""
        if confirms.refused:
            return _REFUSED
        if closing.done():
            error = None if closing.cancelled() else closing.exception()
            said = f": {why(error, self._url)}" if error is not None else ""
            return f"the connection to RabbitMQ was lost before it confirmed{said}"
        if await self._blocked(0):
            return _BLOCKED
        self._gone()
        self._link.drop()
        return f"RabbitMQ did not confirm {confirms.left} messages within {_CONFIRM_S:.0f} s"

    async def _blocked(self, patience: float) -> bool:
        """Whether the server has blocked this connection, still after so many seconds."""
        transport = self._connection.transport if self._connection is not None else None
        if transport is None:
            return False
        try:
            async with asyncio.timeout(patience):
                await transport.ready()
        except TimeoutError:
            return True
        return False

    async def _ready(self, connection: Connection) -> list[AbstractChannel]:
        confirmed = await connection.channel()
        await events(confirmed)
        plain = await connection.channel(publisher_confirms=False)
        exchange = await nudges(plain)
        queue = await plain.declare_queue(exclusive=True, auto_delete=True, arguments={"x-max-length": 16})
        await queue.bind(exchange)
        await queue.consume(self._heard, no_ack=True)
        self._connection, self._nudges = connection, exchange
        underlay = await confirmed.get_underlay_channel()
        assert isinstance(underlay, Underlay)  # noqa: S101 - the one kind there is; its ``wait`` is not in the abstract one
        self._channel = underlay
        self._tell()  # whatever was said while there was no connection was missed
        return [confirmed, plain]

    def _gone(self) -> None:
        self._connection = self._channel = self._nudges = None

    async def _heard(self, message: AbstractIncomingMessage) -> None:
        if message.body != self._me:
            self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                log.exception("somebody could not be told that the feed has grown")
