"""The live feed: one task per client, in order and without a gap, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import structlog
from aiohttp import WSMsgType, web

from agent_api import counts
from agent_api.auth import Door, Signed
from gateway import frames
from gateway.frames import Frames
from gateway.ports import Broker, Clock, CursorExpired, Store, Subscription, Unavailable
from gateway.tasks import ended
from normalizer.record import Record

BOUND = 256
"""How many frames a client may be behind."""
PAGE = 256
ENDED, SLOW, EXPIRED, GOING, BROKEN, LATER = 4401, 4008, 4010, 1001, 1011, 1013
PULSE, CHECKED_EVERY = 0.5, 4
"""Seconds between looks at every client, and looks between two checks of their credentials."""
STUCK, STUCK_FOR_EVER = 1.0, 60.0
"""Seconds after which a write that does not end shows that nobody reads."""
GRACE, GRACE_GOING = 10.0, 0.5
"""Seconds that a client has to take our goodbye; then the connection is cut."""
_BUFFER = 64 * 1024
log = structlog.get_logger()


async def start(store: Store, after: str | None) -> int:
    """The place in the feed that a stream starts at. Raises BadCursor, CursorExpired."""
    if after is None:
        return await store.head()
    if after == frames.START:
        return await store.oldest()
    place = frames.place(after)
    if place > await store.head():  # of another store, or of this one before it was put back
        raise CursorExpired
    return place


class Client:
    """One open socket, and how far it has got."""

    def __init__(self, socket_: web.WebSocketResponse, request: web.Request, signed: Signed, clock: Clock) -> None:
        self._socket, self._request, self._clock = socket_, request, clock
        self.signed = signed
        self.place = self.joined = 0
        self.writing_since: float | None = None
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def sees(self, record: Record) -> bool:
        """Whether a record is of the client's brands."""
        return self.signed.caller.sees(record.brand)

    def end(self, code: int) -> None:
        """Ask for the socket to be closed."""
        if not self.ended.done():
            self.ended.set_result(code)

    async def send(self, frame: bytes) -> None:
        """Write one frame; waits while the connection is full."""
        self.writing_since = self._clock.monotonic()
        await self._socket.send_frame(frame, WSMsgType.TEXT)
        self.writing_since = None

    def stuck(self, head: int) -> bool:
        """Whether nobody reads at the other end, and too much has been said meanwhile."""
        if self.writing_since is None:
            return False
        waits = self._clock.monotonic() - self.writing_since
        behind = head - max(self.place, self.joined)
        return waits > STUCK_FOR_EVER or (waits > STUCK and behind > BOUND)

    async def close(self, code: int) -> None:
        """Say goodbye; cut the connection if that does not get through."""
        transport = self._request.transport
        try:
            async with asyncio.timeout(GRACE_GOING if code == GOING else GRACE):
                await self._socket.close(code=code)
        except TimeoutError:
            if transport is not None:
                transport.abort()


class Hub:
    """All live clients."""

    def __init__(self, store: Store, broker: Broker, encoded: Frames, door: Door, clock: Clock) -> None:
        self._store, self._broker, self._frames, self._door, self._clock = store, broker, encoded, door, clock
        self._clients: set[Client] = set()
        self.going = asyncio.Event()

    async def serve(self, request: web.Request, signed: Signed, after: str | None) -> web.WebSocketResponse:
        """One client, from its upgrade to its end."""
        listening = self._listen()
        try:
            try:
                place = await start(self._store, after)
                await self._store.feed(place, 1)
            except CursorExpired:
                place = -1
            opened = web.WebSocketResponse(
                heartbeat=30, compress=False, max_msg_size=_BUFFER, writer_limit=_BUFFER // 4
            )
            await opened.prepare(request)
            narrow(request)
            client = Client(opened, request, signed, self._clock)
            self._clients.add(client)
            counts.LIVE.inc()
            try:
                await self._attend(client, opened, place, listening)
            finally:
                counts.LIVE.dec()
                self._clients.discard(client)
        finally:
            listening.close()
        return opened

    async def _attend(self, client: Client, opened: web.WebSocketResponse, place: int, listening: Listening) -> None:
        if place < 0:
            await client.close(EXPIRED)
            return
        if self.going.is_set():
            client.end(GOING)
        telling = asyncio.create_task(self._tell(client, place, listening))
        hearing = asyncio.create_task(_hear(opened))
        try:
            ends: set[asyncio.Future[Any]] = {telling, hearing, client.ended}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            telling.cancel()
            if code := _code(client, telling):
                await client.close(code)
        finally:
            await ended(telling, hearing)

    async def _tell(self, client: Client, place: int, listening: Listening) -> None:
        client.place, client.joined = place, await self._store.head()
        await client.send(frames.hello(place))
        async for records in listening.after(place):
            for record in records:
                if client.sees(record):
                    await client.send(self._frames.encoded(record))
                client.place = record.feed

    def _listen(self) -> Listening:
        return Listening(self._store, self._broker)

    def end(self, credential: str) -> None:
        """Close the sockets of a session or a key that has ended."""
        for client in self._clients:
            if client.signed.credential == credential:
                client.end(ENDED)

    async def watch(self) -> None:
        """Look at every client now and then: is it stuck, may it still be here?"""
        looks = 0
        while True:
            await self._clock.sleep(PULSE)
            looks += 1
            try:
                await self._look(credentials=looks % CHECKED_EVERY == 0)
            except Unavailable:
                continue

    async def _look(self, *, credentials: bool) -> None:
        head = await self._store.head() if self._clients else 0
        for client in tuple(self._clients):
            if client.stuck(head):
                client.end(SLOW)
        if credentials:
            for credential, signed in {client.signed.credential: client.signed for client in self._clients}.items():
                if await self._door.again(signed) is None:
                    self.end(credential)

    async def stop(self) -> None:
        """The server is going: tell every client, and wait for them a moment."""
        self.going.set()
        for client in self._clients:
            client.end(GOING)
        for _ in range(20):
            if not self._clients:
                return
            await asyncio.sleep(GRACE_GOING / 10)


class Listening:
    """The feed from a place on, first as it is kept, then as it is published. Listens from when it is made."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self._store, self._broker = store, broker
        self._subscription: Subscription = broker.subscribe(BOUND)

    async def after(self, place: int) -> AsyncIterator[tuple[Record, ...]]:
        """Records in feed order, without a gap or a repeat. Raises CursorExpired, Unavailable."""
        while True:
            while kept := await self._store.feed(place, PAGE):
                yield tuple(kept)
                place = kept[-1].feed
            while (record := await self._subscription.next()) is not None and record.feed <= place + 1:
                if record.feed > place:
                    yield (record,)
                    place = record.feed
            if record is None:  # it came too fast to be listened to: read what was missed
                self._subscription.close()
                self._subscription = self._broker.subscribe(BOUND)

    def close(self) -> None:
        """Stop listening."""
        self._subscription.close()


async def _hear(opened: web.WebSocketResponse) -> None:
    """Take what the client says (nothing that we know yet) until it leaves."""
    with contextlib.suppress(ConnectionError):
        async for _ in opened:
            pass


def _code(client: Client, telling: asyncio.Task[None]) -> int:
    """Why a client's socket ends; 0 when the client itself left."""
    if client.ended.done():
        return client.ended.result()
    error = telling.exception() if telling.done() and not telling.cancelled() else None
    match error:
        case None | ConnectionError():
            return 0
        case CursorExpired():
            return EXPIRED
        case Unavailable():
            return LATER
        case _:
            log.error("live client broke", exc_info=error)
            return BROKEN


def narrow(request: web.Request) -> None:
    """Keep little of what a client has not read in buffers, so that who does not read is noticed soon."""
    if (transport := request.transport) is None:
        return
    transport.set_write_buffer_limits(high=_BUFFER // 4)
    if (found := transport.get_extra_info("socket")) is not None:
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
