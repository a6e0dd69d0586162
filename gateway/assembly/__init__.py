"""One process with some or all of the roles: what is made of what, and the order of starting and stopping."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from gateway.assembly.house import ROLES, House
from gateway.assembly.listening import Listening
from gateway.assembly.roles import add_api, add_delivery, add_edge, add_relay
from gateway.assembly.standing import add_standing
from gateway.config import Config
from gateway.edge import MAX_BODY
from gateway.ports import Store
from gateway.states import States

__all__ = ["ROLES", "Running", "running"]

_COLLECT = (10_000, 20, 50)
"""When the garbage collector runs: a webhook makes some hundred objects, and nearly all go without it."""


@dataclass(frozen=True)
class Running:
    """A gateway that answers. ``url`` is where it listens."""

    app: web.Application
    url: str
    store: Store
    states: States


@asynccontextmanager
async def running(
    config: Config,
    extra: Callable[[web.Application], None] | None = None,
    roles: Collection[str] = ROLES,
) -> AsyncIterator[Running]:
    """Everything started, in order, and stopped in the other. ``extra`` may mount more (the demo's simulator).

    Raises Unavailable where the store cannot be used, OSError where the address cannot be listened on.
    """
    async with AsyncExitStack() as stack:
        app = web.Application(client_max_size=MAX_BODY)
        listening = Listening(config.http.host, config.http.port)
        house = House(config, frozenset(roles), stack, listening)
        await house.open()
        edge = await add_edge(house, app) if "edge" in roles else None
        if "api" in roles:
            await add_api(house, app)
        add_standing(house, app, edge)
        if extra is not None:
            extra(app)
        if "relay" in roles:
            await add_relay(house)
        if "delivery" in roles:
            await add_delivery(house)
        await listening.start(stack, app, edge)
        if "delivery" in roles:
            await house.begin(
                house.states
            )  # last: a provider that is mounted here, as the demo's are, answers from now on
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not look at it again and again
        stack.callback(gc.set_threshold, *gc.get_threshold())
        stack.callback(gc.unfreeze)
        gc.set_threshold(*_COLLECT)
        yield Running(app, listening.url, house.store, house.states)
