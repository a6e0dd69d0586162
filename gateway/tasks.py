"""Tasks that must not end: a mistake of ours in one is logged, and it begins again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from gateway.ports import Clock

log = structlog.get_logger(__name__)

_AGAIN_S = 1.0


async def lasting(work: Callable[[], Awaitable[None]], clock: Clock, name: str) -> None:
    """Do the work for ever; cancelling ends it."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a task broke; it begins again", task=name)
        await clock.sleep(_AGAIN_S)
