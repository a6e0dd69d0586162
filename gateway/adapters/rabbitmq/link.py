"""A connection to RabbitMQ that comes back by itself, and is made ready anew each time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aio_pika.abc import AbstractChannel

from gateway.adapters.rabbitmq.connection import LOST, Connection, connected, let_go, really_cancelled, shown, why
from gateway.ports import Clock
from gateway.tasks import Background

log = structlog.get_logger(__name__)

_FIRST_S, _MOST_S = 0.25, 10.0
"""The waits before another try: twice as long each time, less a part by chance, so that not all come back at once."""
_SILENT = "it did not confirm what it was given"
_STEADY_S = 10.0
"""A connection that lasted so long was a good one: the next wait is short again."""

Ready = Callable[[Connection], Awaitable[list[AbstractChannel]]]
"""Makes a new connection ready, and gives the channels by whose end it ends."""


class Link:
    """Keeps a connection. ``why`` is empty while there is one that is ready; otherwise why not."""

    def __init__(self, url: str, clock: Clock, name: str, ready: Ready, gone: Callable[[], None]) -> None:
        self._url, self._clock, self._name, self._ready, self._gone = url, clock, name, ready, gone
        self._task = Background(self._run, clock, name)
        self._started = False
        self._drop = asyncio.Event()
        self._since: float | None = None
        self.why = "not connected yet"

    async def start(self) -> None:
        """Begin to connect; returns at once."""
        self._started = True
        await self._task.start()

    async def stop(self) -> None:
        """Close; does not wait for a server that is away."""
        if self._started:
            await self._task.stop()
        self.why = "stopped"

    def drop(self) -> None:
        """Let go of this connection and make another: it does not confirm what it is given."""
        self.why = _SILENT
        self._drop.set()

    async def _run(self) -> None:
        wait = _FIRST_S
        while True:
            self._since = None
            self.why = await self._session()
            if self._since is not None and self._clock.monotonic() - self._since >= _STEADY_S:
                wait = _FIRST_S
            pause = wait * (0.5 + self._clock.jitter() / 2)
            log.warning("not connected to RabbitMQ; trying again", url=shown(self._url), why=self.why, wait_s=pause)
            await self._clock.sleep(pause)
            wait = min(wait * 2, _MOST_S)

    async def _session(self) -> str:
        """One connection, from the first byte to the last; why it ended."""
        connection = None
        try:
            connection = await connected(self._url, self._name)
            return await self._use(connection)
        except LOST as error:
            return why(error, self._url)
        except asyncio.CancelledError as error:
            if really_cancelled():
                raise
            return why(error, self._url)
        finally:
            self._gone()
            if connection is not None:
                await let_go(connection)

    async def _use(self, connection: Connection) -> str:
        channels = await self._ready(connection)
        ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

        def end(_channel: AbstractChannel | None, error: BaseException | None) -> None:
            if not ended.done():
                ended.set_result(error)

        for channel in channels:
            channel.close_callbacks.add(end)
            if channel.is_closed:
                end(channel, None)
        self.why, self._since = "", self._clock.monotonic()
        log.info("connected to RabbitMQ", url=shown(self._url))
        return await self._until(ended)

    async def _until(self, ended: asyncio.Future[BaseException | None]) -> str:
        self._drop.clear()
        dropped = asyncio.ensure_future(self._drop.wait())
        waited: set[asyncio.Future[Any]] = {ended, dropped}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            dropped.cancel()
        return why(ended.result(), self._url) if ended.done() else _SILENT
