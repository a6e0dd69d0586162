"""Tasks that must not end begin again when they break, and end when they are told to."""

from __future__ import annotations

import asyncio

from gateway.adapters.system import SystemClock
from gateway.tasks import Background


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    """Python 3.11 loses one where ``asyncio.wait_for`` ends in the same turn of the loop, as PyMongo's calls may."""
    began, lost = asyncio.Event(), 0

    async def work() -> None:
        nonlocal lost
        while True:
            began.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    task = Background(work, SystemClock(), "deaf")
    await task.start()
    await began.wait()
    async with asyncio.timeout(30):
        await task.stop()
    assert lost == 3


async def test_stopping_what_never_began_or_is_over_is_nothing() -> None:
    async def work() -> None:
        await asyncio.sleep(60)

    never = Background(work, SystemClock(), "never")
    await never.stop()
    twice = Background(work, SystemClock(), "twice")
    await twice.start()
    await twice.stop()
    await twice.stop()
