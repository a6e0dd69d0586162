"""One process with every role: what is made of what, and the order of starting and stopping."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from agent_api.app import Inside, mount
from gateway.adapters.http import AiohttpHttp
from gateway.adapters.memory import MemoryBroker
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock
from gateway.amending import Amending
from gateway.attempts import Attempts
from gateway.config import Config, data_folder, hook_url, store_path
from gateway.delivery import Delivery
from gateway.edge import MAX_BODY, Edge
from gateway.intake import Intake
from gateway.media import Folder, Media
from gateway.metrics import VIEWS_BEHIND
from gateway.outbox import Relay
from gateway.polling import Polling
from gateway.pruning import Pruning
from gateway.replies import Replies
from gateway.states import States
from gateway.taking import Taking
from gateway.tasks import Background
from gateway.waking import Waking

_SHUTDOWN_S = 2.0
_COLLECT = (10_000, 20, 50)
"""When the garbage collector runs: a webhook makes some hundred objects, and nearly all go without it."""


@dataclass(frozen=True)
class Running:
    """A gateway that answers. ``url`` is where it listens."""

    app: web.Application
    url: str
    store: SqliteStore
    states: States


@asynccontextmanager
async def running(config: Config, extra: Callable[[web.Application], None] | None = None) -> AsyncIterator[Running]:
    """Everything started, in order, and stopped in the other. ``extra`` may mount more (the demo's simulator).

    Raises Unavailable where the store cannot be used, OSError where the address cannot be listened on.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = SqliteStore(store_path(config), clock, config.retention.feed, alone=True)
        await store.start()
        stack.push_async_callback(store.stop)
        broker = MemoryBroker()
        folder = data_folder(config) / "media"
        http = AiohttpHttp(Folder(folder, store).locate, allow=config.media.allow)
        await http.start()
        stack.push_async_callback(http.stop)
        media = Media(store, http, config.accounts, clock, folder=folder, max_bytes=config.media.max_bytes,
                      public_url=config.http.public_url, keep=config.retention.media)  # fmt: skip
        store.on_commit(media.notice)
        intake = Intake(store, http, clock)
        states = States(config.accounts, http, clock)
        attempts = Attempts(store, http, clock, states.heard)
        delivery = Delivery(store, broker, attempts, config.accounts, clock, config.delivery,
                            link=media.signed_url, news_of=intake.news_of,
                            callback=lambda account: hook_url(config, account) if config.http.public_url else "",
                            stopped=states.stopped)  # fmt: skip
        app = web.Application(client_max_size=MAX_BODY)
        taking = Taking(intake, store, clock)
        edge = Edge(config.accounts, taking, store, clock, config.http.public_url)
        edge.mount(app)
        app.router.add_get("/media/{id}", media.provider_media)
        listened = _Listening(config.http.host, config.http.port)
        replies = Replies(store, clock, config.accounts, links=config.http.public_url is not None)
        amending = Amending(store, http, clock, config.accounts)
        stack.push_async_callback(amending.stop)
        mount(app, Inside(store, broker, replies, amending, states, media, clock, config.accounts, config.answer_within,
                          config.http.public_url, lambda: (listened.host, listened.port)))  # fmt: skip
        if extra is not None:
            extra(app)
        VIEWS_BEHIND.set_function(lambda: store.views_behind)
        relay = Relay(store, broker, clock)
        await intake.start(config.accounts)
        waking = Background(Waking(store, clock).run, clock, "waking")
        pruning = Background(Pruning(store, clock, config.retention.raw, media.tidy).run, clock, "pruning")
        checking = Background(states.run, clock, "checking accounts")
        polling = Polling(config.accounts, taking, store, http, clock, states)
        for part in (relay, media, delivery, waking, pruning, checking, polling):
            await part.start()
            stack.push_async_callback(part.stop)
        stack.push_async_callback(intake.stop)
        await listened.start(stack, app, edge)
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not look at it again and again
        gc.set_threshold(*_COLLECT)
        yield Running(app, f"http://{listened.shown}:{listened.port}", store, states)


class _Listening:
    """The address that is listened on; the port is known once it is."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    @property
    def shown(self) -> str:
        """The host as an address writes it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    async def start(self, stack: AsyncExitStack, app: web.Application, edge: Edge) -> None:
        """Listen; what is under way is given a moment at the end."""
        runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=_SHUTDOWN_S,
            handle_signals=False,
            auto_decompress=False,  # a small body may unfold into a huge one, and signatures are of the bytes as sent
        )
        await runner.setup()
        if runner.server is not None:
            runner.server.request_handler = edge.directly(runner.server.request_handler)
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self.host, self.port, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
