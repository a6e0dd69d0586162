"""``passerelle rebuild``: every view folded anew from the records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from gateway.adapters.sqlite import locked
from gateway.commands.common import ConfigFile, Failure, loaded, on_terminal, opened, run, say, tell
from gateway.config import Config, store_path

_STEPS = 10
"""Lines of progress where nobody watches."""


def rebuild(config: ConfigFile) -> None:
    """Rebuild every view from the records. Refuses while a server runs on the store."""
    settings = loaded(config)
    path = store_path(settings)
    if not path.exists():
        raise Failure(f"{path}: there is no store yet", "serve, key create and agent create make it")
    with locked(path), _progress() as progress:
        count = run(_rebuild(settings, progress))
    say(f"rebuilt every view from {count} records")


async def _rebuild(config: Config, progress: Callable[[int, int], None]) -> int:
    async with opened(config, alone=True) as store:
        return await store.rebuild(progress)


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
