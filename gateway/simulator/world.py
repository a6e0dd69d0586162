"""What all channels of the simulator have in common: the store, the live board, the faults, the traffic, the clock."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiohttp import web

from gateway.simulator.board import Board
from gateway.simulator.faults import Fault, Faults
from gateway.simulator.store import Json, Store
from gateway.simulator.traffic import Traffic


@dataclass(frozen=True)
class Pace:
    """How webhooks are repeated, in seconds. Telegram's own waits are longer; tests want short ones."""

    first: float = 0.2
    factor: float = 2.0
    longest: float = 10.0
    timeout: float = 60.0
    kept: float = 24 * 3600.0

    def wait(self, attempts: int) -> float:
        """Seconds before the next attempt, after so many failed ones."""
        return min(self.longest, self.first * self.factor ** min(attempts - 1, 32))


class World:
    """One simulator: everything its channels have in common. It lives from `start` to `stop`."""

    def __init__(
        self, folder: Path, clock: Callable[[], datetime], pace: Pace, seed: int = 0, *, quiet: bool = False
    ) -> None:
        self.clock = clock
        self.quiet = quiet  # no webhook goes out: what waits goes on waiting
        self.seed = seed  # added to where the numbers start that no two folders should share
        self.pace = pace
        self.url = ""  # where the simulator is, as whoever asked last called it: for the addresses of files
        self.store = Store(folder)
        self.board = Board()
        self.faults = Faults(self.store, self.board)
        self.traffic = Traffic(self.board, clock)
        self._stopping: asyncio.Event | None = None
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the store and what speaks to the network."""
        self.store.open()
        self.faults.load()
        self._stopping = asyncio.Event()
        connector = aiohttp.TCPConnector(limit=0, ssl=True)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def release(self) -> None:
        """Wake everyone who waits (long polls, delayed calls, live pages): the simulator is about to stop."""
        self.stopping.set()
        self.board.close()

    async def stop(self) -> None:
        """End every task; nothing of the simulator runs afterwards."""
        self.release()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.session.close()
        self.store.close()

    @property
    def stopping(self) -> asyncio.Event:
        """Set once the simulator stops."""
        if self._stopping is None:
            raise RuntimeError("the simulator has not started")
        return self._stopping

    @property
    def session(self) -> aiohttp.ClientSession:
        """The client for webhooks and for fetching pictures by URL."""
        if self._session is None:
            raise RuntimeError("the simulator has not started")
        return self._session

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work in the background until it ends or the simulator stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def pause(self, seconds: float) -> bool:
        """Wait; False when the simulator stops meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return True
        return False

    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock().timestamp()


@dataclass(frozen=True)
class Upload:
    """A file that came with a form."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Target:
    """Where an account wants its webhooks, and how many at once."""

    url: str
    parallel: int


class Refusal(Exception):
    """The control API cannot do what it was asked; the reason is for people."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


Fields = Mapping[str, Any]  # of a form: strings, JSON values and Uploads
Deed = Callable[[str, str, Fields], Coroutine[Any, Any, Json]]  # (account, chat, fields)


class Channel(Protocol):
    """What a provider must bring to be simulated; the rest (delivery, faults, traffic, page) is common to all."""

    name: str
    faults: frozenset[str]  # those that can be ordered
    sends: frozenset[str]  # the names of the calls that make a message
    attempts: int | None  # how often a webhook is posted; None: for a day

    def about(self) -> Json:
        """What the page must know of the channel: see `provider.Provider.about`."""
        ...

    def check(self, account: str) -> None:
        """Raises Refusal when an account cannot be named so."""
        ...

    @property
    def deeds(self) -> Mapping[str, Deed]:
        """What a customer can do in a chat (`messages`, `press`, `edit`, `block` …), by name."""
        ...

    def routes(self) -> list[web.RouteDef]:
        """The provider's own API."""
        ...

    async def start(self) -> None:
        """The store is open: take up what was left."""
        ...

    def accounts(self) -> list[Json]:
        """Our ends, as the page shows them."""
        ...

    def configure(self, account: str, fields: Fields) -> Json:
        """Say something about one of our ends (name, webhook, secret …), making it if it is new."""
        ...

    def people(self, account: str) -> list[Json]:
        """The customers who can write to an account."""
        ...

    def add_person(self, account: str, fields: Fields) -> Json:
        """A new customer of an account."""
        ...

    def messages(self, account: str, chat: str, after: int, limit: int) -> list[Json]:
        """Everything in a chat, both directions, oldest first."""
        ...

    def file(self, account: str, number: str) -> Upload | None:
        """A picture or document of a chat, for the page."""
        ...

    def picture(self, account: str, chat: str) -> Upload | None:
        """What a customer looks like, or None."""
        ...

    def change_picture(self, account: str, chat: str, fields: Fields) -> Json:
        """Give a customer another picture, or none; the customer as the control API shows them."""
        ...

    def ordered(self, fault: Fault) -> None:
        """A fault was ordered that may need preparation."""
        ...

    def target(self, account: str) -> Target | None:
        """Where webhooks go, or None."""
        ...

    def kind(self, body: bytes) -> str:
        """In one word, what a webhook tells."""
        ...

    def said(self, params: Json) -> str:
        """The words of an accepted call, or nothing."""
        ...

    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:
        """The content type of a webhook, and what proves that it is from the provider."""
        ...

    def delivered(self, account: str, body: bytes) -> None:
        """A webhook was acknowledged with this body."""
        ...

    def undelivered(self, account: str, why: str) -> None:
        """A webhook was not acknowledged."""
        ...
