"""An integrator on RabbitMQ: notes every event of a lasting queue, through however many connections it takes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from toys.rabbit import Rabbit, lasting_queue

from gateway.adapters.rabbitmq.connection import LOST, Connection, connected, let_go, really_cancelled
from gateway.adapters.rabbitmq.link import Link
from gateway.adapters.system import SystemClock

_AHEAD = 300


class Tail:
    """``first`` are the ids of records as each came first, ``kinds`` counts them; ``repeats`` those that came again."""

    def __init__(self, rabbit: Rabbit, queue: str) -> None:
        self._rabbit, self._queue = rabbit, queue
        self.first: dict[str, bytes] = {}
        self.kinds: Counter[str] = Counter()
        self.repeats = 0
        self.changed: list[str] = []
        self._link = Link(rabbit.url, SystemClock(), queue, self._ready, lambda: None)

    async def start(self) -> None:
        """Declare the queue, bound to everything, and listen."""
        await lasting_queue(self._rabbit, self._queue)
        await self._link.start()

    async def stop(self) -> None:
        """Enough; the queue goes, too."""
        await self._link.stop()
        connection = await connected(self._rabbit.url, "tidying")
        try:
            await (await connection.channel()).queue_delete(self._queue)
        finally:
            await let_go(connection)

    def data_of(self, record: str) -> dict[str, Any]:
        """What an event said."""
        found: dict[str, Any] = json.loads(self.first[record])
        return found

    async def _ready(self, connection: Connection) -> list[AbstractChannel]:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_AHEAD)
        queue = await channel.get_queue(self._queue)
        await queue.consume(self._note)
        return [channel]

    async def _note(self, message: AbstractIncomingMessage) -> None:
        record = message.message_id or ""
        if record in self.first:
            self.repeats += 1
            if self.first[record] != message.body:
                self.changed.append(record)
        else:
            self.first[record] = message.body
            self.kinds[(message.routing_key or "").rsplit(".", 2)[0]] += 1  # then come the channel and the account
        try:
            await message.ack()
        except LOST:  # it comes once more
            return
        except asyncio.CancelledError:
            if really_cancelled():
                raise
