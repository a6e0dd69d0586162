"""A provider with whims: now and then it says nothing to a message, or nothing clear, or not now."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from journeys.programs import Simulator

_UNCLEAR = ("accept_then_drop", "drop", "accept_then_proxy_error", "proxy_error")
"""After these nobody can know whether the message went out; two of them have it."""
_NOT_NOW: tuple[dict[str, Any], ...] = (
    {"kind": "server_error"},
    {"kind": "too_many_requests", "scope": "chat", "retry_after": 1},
)
"""After these it is tried again."""
_LOOK_S = 0.2


@asynccontextmanager
async def whims(simulator: Simulator, chance: random.Random, counts: Counter[str], every: float) -> AsyncIterator[None]:
    """One whim after the other while this lasts, about so many seconds apart; counts those that struck, by their kind.

    The first is to take a message and say nothing.
    """

    async def have() -> None:
        orders = [{"kind": _UNCLEAR[0]}]
        while True:
            order = orders.pop() if orders else _any(chance)
            fault = await simulator.order(**order, method="sendMessage", count=1)
            try:
                while not await simulator.hits(fault):
                    await asyncio.sleep(_LOOK_S)
                counts[f"the provider: {order['kind']}"] += 1
            finally:
                await simulator.lift(fault)
            await asyncio.sleep(chance.random() * 2 * every)

    having = asyncio.create_task(have())
    try:
        yield
        if having.done():
            having.result()  # raises what broke
    finally:
        having.cancel()
        await asyncio.gather(having, return_exceptions=True)


def _any(chance: random.Random) -> dict[str, Any]:
    """Two of three are unclear."""
    return {"kind": chance.choice(_UNCLEAR)} if chance.random() < 2 / 3 else chance.choice(_NOT_NOW)
