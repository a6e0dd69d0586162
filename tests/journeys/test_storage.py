"""A store that cannot be written for a while: 503 meanwhile, nothing lost or doubled, and no restart needed."""

from __future__ import annotations

import asyncio
import io
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.api import Api
from journeys.books import Books, whole
from journeys.load import Provider
from journeys.passage import Passage
from journeys.programs import Gateway, Simulator, eventually

CHATS = range(1, 5)
Full = Callable[[Gateway], AbstractContextManager[None]]


class Shop:
    """A gateway at work, with its customers."""

    def __init__(self, session: ClientSession, gateway: Gateway) -> None:
        self.gateway, self.provider, self.api = gateway, Provider(session, gateway), Api(session, gateway)
        self.numbers = dict.fromkeys(CHATS, 0)
        self._session = session

    async def opened(self, simulator: Simulator) -> Shop:
        await self.gateway.add_key()
        await self.gateway.up()
        for chat in CHATS:
            await simulator.person(chat, f"Customer {chat}")
        await self.everybody_writes()
        self.conversations = await self.api.conversations()
        return self

    async def everybody_writes(self) -> None:
        """Returns once it has all been answered 200."""
        await asyncio.gather(*[self.writes(chat) for chat in CHATS])

    async def writes(self, chat: int) -> None:
        self.numbers[chat] += 1
        await self.provider.write(chat, self.numbers[chat], f"in {chat} {self.numbers[chat]} " + "x" * 3000)

    async def is_ready(self) -> bool:
        async with self._session.get(f"{self.gateway.url}/readyz") as answer:
            assert answer.status in (200, 503)
            return answer.status == 200

    async def refuses(self) -> None:
        """Whatever would have to be written is answered 503, and so is the question whether it could be."""
        status, headers = 200, {}
        while status == 200:  # it may go on for a little, where there is room for a little
            assert self.numbers[1] < 1000
            self.numbers[1] += 1
            text = f"in 1 {self.numbers[1]} " + "x" * 3000
            update = self.provider.update(1, self.numbers[1], text)
            status, headers = await self.provider.post(update)
            if status == 200:
                self.provider.told[f"1:{1_000_000 + self.numbers[1]}"] = text
        self.numbers[1] -= 1
        assert (status, headers["Retry-After"]) == (503, "1")
        ready, said = await asyncio.gather(
            self.is_ready(), self.api.reply(self.conversations["telegram:2"], "not taken")
        )
        assert not ready
        assert (said.status, said.headers["Retry-After"], said.json["code"]) == (503, "1", "unavailable")

    async def recovers(self) -> None:
        """Without a restart."""
        await eventually(self.is_ready, "it is ready again")
        await self.everybody_writes()

    async def balanced(self, simulator: Simulator) -> None:
        """Nothing was lost, nothing is there twice, and the file is sound."""
        books = Books(await self.api.settled())
        books.without_gaps()
        books.received_once(self.provider.told)
        assert set(books.balanced(await simulator.texts())) == {"sent"}
        assert (await self.gateway.stop())[0] == 0
        whole(self.gateway.db)


async def test_a_store_that_another_process_locks(
    session: ClientSession, simulator: Simulator, between: Passage, gateways: Callable[..., Gateway]
) -> None:
    shop = await Shop(session, gateways({"bot": between.url})).opened(simulator)
    coming = between.stop("under way", "coming back")
    under_way = await shop.api.replied(shop.conversations["telegram:3"], "under way")
    await coming.reached.wait()
    with closing(sqlite3.connect(shop.gateway.db, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN EXCLUSIVE")
        writing = asyncio.create_task(shop.everybody_writes())
        coming.go.set()  # the provider's answer comes just when it cannot be noted
        began = asyncio.get_running_loop().time()
        await shop.refuses()
        assert len((await shop.api.get("/v1/conversations"))["data"]) == len(CHATS)  # what is written can be read
        assert (await shop.api.message(under_way))["status"] in ("queued", "sending")
        await asyncio.sleep(max(0.0, began + 3 - asyncio.get_running_loop().time()))
        assert shop.provider.answers[503] > 1
        other.execute("COMMIT")
    await shop.recovers()
    await writing
    await shop.api.becomes(under_way, "sent")
    assert await simulator.texts() == ["under way"]
    await shop.balanced(simulator)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own, of few megabytes; only root may make one."""
    folder.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(gateway: Gateway) -> Iterator[None]:
    """Somebody else's file takes all the room that there is."""
    filler = gateway.data / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def forbidden(gateway: Gateway) -> Iterator[None]:
    """The process may not write to files at all; not its log either."""
    limit = resource.RLIMIT_FSIZE
    before = resource.prlimit(gateway.pid, limit)
    resource.prlimit(gateway.pid, limit, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(gateway.pid, limit, before)


@pytest.fixture(params=["a full disk", "a limit of the process"])
def no_room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Full]]:
    """Where the data is, and what takes its room away."""
    if request.param == "a full disk":
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small disk")
        with small_disk(tmp_path / "disk"):
            yield tmp_path / "disk", filled
    else:
        yield tmp_path / "data", forbidden


async def test_a_disk_without_room(
    session: ClientSession, simulator: Simulator, no_room: tuple[Path, Full], gateways: Callable[..., Gateway]
) -> None:
    data, full = no_room
    gateway = gateways({"bot": simulator.api}, data=data)
    try:
        shop = await Shop(session, gateway).opened(simulator)
        first = await shop.api.replied(shop.conversations["telegram:3"], "before")
        await shop.api.becomes(first, "sent")
        await simulator.order("delay", method="sendMessage", seconds=0.5)
        under_way = await shop.api.replied(shop.conversations["telegram:4"], "under way")
        await shop.api.message(under_way)  # so that what is written can be read, whatever can be written from now on
        with full(gateway):
            await shop.refuses()
            file = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(100_000))
            assert (await shop.api.ask("POST", "/v1/attachments", data={"file": file})).status == 503
            assert len((await shop.api.get("/v1/conversations"))["data"]) == len(CHATS)
            await shop.refuses()
            writing = asyncio.create_task(shop.everybody_writes())
            await asyncio.sleep(0.7)
            assert not await shop.is_ready()
        await shop.recovers()
        await writing
        await shop.api.becomes(under_way, "sent")
        assert await simulator.texts() == ["before", "under way"]
        await shop.api.becomes(await shop.api.replied(shop.conversations["telegram:2"], "after"), "sent")
        await shop.balanced(simulator)
    finally:
        gateway.kill()  # before the disk goes
