"""The exchange: batches confirmed as a whole, and nudges that may get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from aiormq import Channel as Underlay
from aiormq.exceptions import DeliveryError
from pamqp.commands import Basic

from gateway.adapters.rabbitmq.connection import LOST, Connection, really_cancelled, shown, why
from gateway.adapters.rabbitmq.link import Link
from gateway.adapters.rabbitmq.topology import CONTENT_TYPE, EVENTS, events, nudges
from gateway.ports import Announcement, Clock, Unavailable

log = structlog.get_logger(__name__)

AT_ONCE = 1000
"""Announcements that are on their way before the first of them is confirmed, at most."""

_CONFIRM_S = 15.0
_BLOCKED_S = 10.0
_NUDGE_S = 1.0
_PERSISTENT = 2
_BLOCKED = "RabbitMQ takes no messages just now: it has raised an alarm (memory or disk space)"
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
        """All of them at once into one channel, which keeps their order; then all confirms."""
        tasks = [asyncio.create_task(_published(channel, one)) for one in announcements]
        waiting: set[asyncio.Task[None]] = set(tasks)
        try:
            waiting = (await asyncio.wait(tasks, timeout=_CONFIRM_S, return_when=asyncio.FIRST_EXCEPTION))[1]
        finally:
            if waiting:
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
        if waiting or any(task.cancelled() or task.exception() for task in tasks):
            failures = [None if task.cancelled() else task.exception() for task in tasks]
            raise Unavailable(await self._reason([found for found in failures if found], len(waiting)))

    async def _reason(self, failures: Sequence[BaseException], unconfirmed: int) -> str:
        """Why a batch was not confirmed; a connection that says nothing is given up."""
        if any(isinstance(failure, DeliveryError) for failure in failures):
            return _REFUSED
        if failures or not unconfirmed:
            said = f": {why(failures[0], self._url)}" if failures else ""
            return f"the connection to RabbitMQ was lost before it confirmed{said}"
        if await self._blocked(0):
            return _BLOCKED
        self._gone()
        self._link.drop()
        return f"RabbitMQ did not confirm {unconfirmed} messages within {_CONFIRM_S:.0f} s"

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


class _Properties(Basic.Properties):
    """Those of an announcement, written out: they differ in one, and pamqp asks for each of fourteen every time."""

    _FIRST = (0b1001_0000_1000_0000).to_bytes(2) + bytes([len(CONTENT_TYPE)]) + CONTENT_TYPE.encode() + b"\x02"

    def __init__(self, message_id: str) -> None:
        super().__init__(content_type=CONTENT_TYPE, delivery_mode=_PERSISTENT, message_id=message_id)

    def marshal(self) -> bytes:
        """Flags, content type, delivery mode, message id (AMQP 0-9-1, 4.2.6.1)."""
        name = (self.message_id or "").encode()
        return self._FIRST + bytes([len(name)]) + name


async def _published(channel: Underlay, one: Announcement) -> None:
    """Into the channel without waiting for the socket, then the confirm."""
    await channel.basic_publish(
        one.body, exchange=EVENTS, routing_key=one.routing_key, properties=_Properties(one.id), wait=False
    )
