"""A live client that never reads, among two hundred that do: nobody waits for it."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from journeys.load import Provider
from journeys.programs import KEY, PATIENCE_S, Gateway, eventually

from gateway import frames

READERS, FRAMES = 200, 320
TOO_SLOW = 4008
CURSOR = re.compile(rb'"cursor":"([^"]+)"')
MEMORY = 64 << 10
"""KiB that the server may grow by: a tenth of what it would hold if it kept everything for everybody."""


async def read_all(session: aiohttp.ClientSession, gateway: Gateway, joined: asyncio.Semaphore) -> list[int]:
    """The places of all frames, as one client gets them."""
    url = f"{gateway.url}/v1/live?after=start"
    async with session.ws_connect(url, headers={"Authorization": f"Bearer {KEY}"}, max_msg_size=0) as live:
        hello = (await live.receive_str()).encode()
        places = [place_of(hello)]
        joined.release()
        while places[-1] < FRAMES:
            places.append(place_of((await live.receive_str()).encode()))
    return places


def place_of(frame: bytes) -> int:
    found = CURSOR.search(frame)
    assert found is not None
    return frames.place(found[1].decode())


class Stuck:
    """A client by hand: it upgrades, and then reads nothing until it is told to."""

    def __init__(self, reader: asyncio.StreamReader, connection: socket.socket) -> None:
        self.reader, self.connection = reader, connection

    async def rest(self) -> tuple[int, int | None]:
        """Read what is there: how many frames, and the code of the closing one; None where the connection was cut."""
        count = 0
        try:
            while True:
                first, length = await self.reader.readexactly(2)
                if length == 126:
                    (length,) = struct.unpack(">H", await self.reader.readexactly(2))
                body = await self.reader.readexactly(length)
                if first & 0x0F == 0x8:
                    return count, struct.unpack(">H", body[:2])[0]
                count += first & 0x0F == 0x1
        except (asyncio.IncompleteReadError, ConnectionError):
            return count, None


@asynccontextmanager
async def stuck(gateway: Gateway) -> AsyncIterator[Stuck]:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(0)
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    try:
        upgrade = [
            "GET /v1/live HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            f"Authorization: Bearer {KEY}", "", "",
        ]  # fmt: skip
        writer.write("\r\n".join(upgrade).encode())
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        yield Stuck(reader, connection)
    finally:
        writer.transport.abort()


def memory(gateway: Gateway) -> int:
    """What the server holds, in KiB."""
    status = Path(f"/proc/{gateway.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


async def nobody_is_left(session: aiohttp.ClientSession, gateway: Gateway) -> bool:
    async with session.get(f"{gateway.url}/metrics") as answer:
        found = re.search(r"^passerelle_live_clients (\S+)$", await answer.text(), re.MULTILINE)
    assert found is not None
    return float(found[1]) == 0


async def test_nobody_waits_for_a_client_that_never_reads(
    session: aiohttp.ClientSession, gateways: Callable[..., Gateway]
) -> None:
    gateway = gateways({"bot": "http://127.0.0.1:9"})
    await gateway.add_key()
    await gateway.up()
    provider, joined = Provider(session, gateway), asyncio.Semaphore(0)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as many,
        stuck(gateway) as silent,
    ):
        readers = [asyncio.create_task(read_all(many, gateway, joined)) for _ in range(READERS)]
        try:
            for _ in readers:
                await asyncio.wait_for(joined.acquire(), PATIENCE_S)
            before = memory(gateway)
            numbers = iter(range(1, FRAMES + 1))

            async def customer() -> None:
                for number in numbers:
                    await provider.write(1, number, f"{number} " + "x" * 4000)

            await asyncio.gather(*[customer() for _ in range(8)])
            told = time.monotonic()
            got = await asyncio.wait_for(asyncio.gather(*readers), PATIENCE_S)
            late = time.monotonic() - told
        finally:
            for reader in readers:
                reader.cancel()
        assert all(places == list(range(FRAMES + 1)) for places in got)
        assert late < 10, f"the last frame came {late:.1f} s after the last webhook was answered"
        assert memory(gateway) - before < MEMORY
        await asyncio.sleep(2)  # by now it has been seen that it does not read
        count, code = await asyncio.wait_for(silent.rest(), PATIENCE_S)
        assert code in (TOO_SLOW, None)
        assert count < FRAMES
    await eventually(lambda: nobody_is_left(session, gateway), "every socket is closed")
    assert not gateway.lines()
