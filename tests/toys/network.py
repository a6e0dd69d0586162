"""A network that can be cut, hold everything back, delay it and lose connections: a way over TCP to one server."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_CHUNK = 65_536


class Network:
    """Hands bytes on between whoever connects to ``port`` and the server, as badly as it was told to."""

    def __init__(self, host: str, port: int, chance: random.Random) -> None:
        self._to, self._chance = (host, port), chance
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._open, self._delay, self._lost_after = True, 0.0, 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    # What may befall it. Each lasts until it is healed.

    def cut(self) -> None:
        """Every connection ends at once, and no new one is made."""
        self._open = False
        self._end_all()

    def hold(self) -> None:
        """Connections stay, and nothing comes through, either way; new ones are made and are as silent."""
        self._flowing.clear()

    def slow(self, seconds: float) -> None:
        """Everything takes so much longer, each way."""
        self._delay = seconds

    def lose(self, after: int) -> None:
        """Every connection ends after some bytes, up to so many, counted both ways: old ones and new ones."""
        self._lost_after = after

    def heal(self) -> None:
        """All is well again; what was held back arrives."""
        self._open, self._delay, self._lost_after = True, 0.0, 0
        self._flowing.set()

    # The way itself.

    async def start(self) -> None:
        """Open it."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close it, and every connection."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end_all(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):  # either end went away, or the test is over
            await self._connect(reader, writer)
        writer.transport.abort()
        self._writers.discard(writer)
        self._tasks.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            return
        there_reader, there_writer = await asyncio.open_connection(*self._to)
        self._writers.add(there_writer)
        ways = [
            asyncio.create_task(self._carry(reader, there_writer)),
            asyncio.create_task(self._carry(there_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            there_writer.transport.abort()
            self._writers.discard(there_writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way; ends when the connection does, or is lost. Each chunk waits behind the one before it."""
        left: float | None = None
        while chunk := await reader.read(_CHUNK):
            if self._delay:
                await asyncio.sleep(self._delay)
            await self._flowing.wait()
            if self._lost_after and left is None:
                left = self._chance.randrange(1, self._lost_after)
            if self._lost_after and left is not None:
                if len(chunk) >= left:
                    writer.write(chunk[: int(left)])  # half an order may arrive
                    await writer.drain()
                    return
                left -= len(chunk)
            else:
                left = None
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def network(host: str, port: int, chance: random.Random) -> AsyncIterator[Network]:
    """One that is open and well."""
    found = Network(host, port, chance)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()
