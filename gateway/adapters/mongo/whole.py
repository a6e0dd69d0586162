"""What the driver is told to do it does whole: nobody's cancellation reaches it. See docs/adr/0012-mongodb-log.md."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from gateway.ports import Unavailable

log = structlog.get_logger(__name__)

CLOSED = "the store is closed"
_STILL_S = 0.25
_TRIES = 4
"""How often what is under way is told to end at the end, and how long none of it ends before it is told again."""
_T = TypeVar("_T")


class Operations:
    """Those of one client that are under way, each a task of its own.

    On Python 3.11 one who is cancelled again while ``asyncio.wait_for`` waits for what it has just cancelled leaves
    that behind. PyMongo waits so for its pools and its map of the servers, and what is left behind takes their lock for
    ever. So the driver is cancelled once at most: at the end, when nobody needs those any more.
    """

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()
        self._over = False

    async def whole(self, operation: Coroutine[Any, Any, _T]) -> _T:
        """What comes of it. Whoever is cancelled meanwhile goes at once, and it goes on to its end.

        It ends by itself, for the client's timeouts bound it. Raises Unavailable once ``stop`` has been called.
        """
        if self._over:
            operation.close()
            raise Unavailable(CLOSED)
        task = self._begin(operation)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            asking = asyncio.current_task()
            if task.cancelled() and asking is not None and not asking.cancelling():
                raise Unavailable(CLOSED) from None
            raise

    def _begin(self, operation: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(operation)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may be gone

    async def stop(self, close: Callable[[], Coroutine[Any, Any, None]], until: float) -> None:
        """End with the client: ``close`` is its own. What is under way, and its good-bye, may last until then.

        ``until`` is by the loop's clock. Who still waits for an operation is told that the store is Unavailable.
        """
        self._over, loop = True, asyncio.get_running_loop()
        await self._end_by(until)
        for _ in range(_TRIES):  # one that was cut short has less to say to the server the next time
            closing = self._begin(close())
            await self._end_by(until)
            if closing.done() and not closing.cancelled():
                closing.result()
                return
            until = loop.time() + _STILL_S
        log.error("the client of the database does not close")

    async def _end_by(self, until: float) -> None:
        """Wait for what is under way; what is not over by then is cancelled."""
        going = set(self._under_way)
        if going:
            patience = max(0.0, until - asyncio.get_running_loop().time())
            _, going = await asyncio.wait(going, timeout=patience)
        for _ in range(_TRIES):
            for task in going:
                task.cancel()
            if await _none_left(going):
                return
        log.error("the driver of the database does not end", operations=len(self._under_way))


async def _none_left(going: set[asyncio.Task[Any]]) -> bool:
    """Wait for them to end, as long as some do: a crowd takes its turns at the driver's locks."""
    while going:
        done, going = await asyncio.wait(going, timeout=_STILL_S)
        if going and not done:
            return False
    return True
