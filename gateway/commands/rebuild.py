"""``passerelle rebuild``: every view folded anew from the records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from gateway.assembly.roles import RELAY
from gateway.commands.common import (
    CLOCK,
    ConfigFile,
    Failure,
    alone,
    loaded,
    on_terminal,
    opened,
    run,
    say,
    tell,
    there,
)
from gateway.config import Config
from gateway.leases import Holdings, Post
from gateway.ports import Store

_PATIENCE = 1.5
"""So many times the time after which a relay that shows no sign of life is gone."""
_STEPS = 10
"""Lines of progress where nobody watches."""


def rebuild(config: ConfigFile) -> None:
    """Rebuild every view from the records. Refuses while a server runs on the store."""
    settings = loaded(config)
    there(settings)
    with alone(settings), _progress() as progress:
        count = run(_rebuild(settings, progress))
    say(f"rebuilt every view from {count} records")


async def _rebuild(config: Config, progress: Callable[[int, int], None]) -> int:
    async with opened(config, alone=True) as store, AsyncExitStack() as stack:
        if config.remote:
            await stack.enter_async_context(_relay(config, store))
        return await store.rebuild(progress)


@asynccontextmanager
async def _relay(config: Config, store: Store) -> AsyncIterator[None]:
    """Be the relay meanwhile, so that nobody else folds; raises Failure while another process is."""
    ttl = config.takeover / timedelta(seconds=1)
    holdings = Holdings(store, CLOCK, CLOCK.new_id("prc"), ttl)
    post = Post(holdings, RELAY, CLOCK, ())
    tell("waiting until no relay shows a sign of life")
    until = CLOCK.monotonic() + ttl * _PATIENCE
    await holdings.start()
    try:
        await post.start()
        while not holdings.holds(RELAY):
            if CLOCK.monotonic() > until:
                raise Failure("a relay is running on this store", "stop every process with the role relay first")
            await CLOCK.sleep(ttl / 20)
        yield
        if not holdings.holds(RELAY):
            raise Failure("another process became the relay meanwhile", "stop it, and rebuild again")
    finally:
        await post.stop()
        await holdings.stop()


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    if not on_terminal():
        yield _lines()
        return
    columns = ("rebuilding", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("rebuilding", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _lines() -> Callable[[int, int], None]:
    told = 0

    def line(done: int, of: int) -> None:
        nonlocal told
        step = done * _STEPS // of if of else 0
        if step > told:
            told = step
            tell(f"{done} of {of} records")

    return line
