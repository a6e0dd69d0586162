"""``passerelle copy``: a whole store into another, to move from one machine to several, or back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway import config_values as values
from gateway.adapters.sqlite import SqliteStore, locked
from gateway.adapters.sqlite.copying import SqliteCopyable
from gateway.commands.common import CLOCK, WRONG, Failure, on_terminal, run, say, table, tell
from gateway.copying import Occupied, Verdict, copy, verify
from gateway.logs import HIDE
from gateway.ports import Store
from gateway.ports.copying import Copyable

_STEPS = 10
"""Lines of progress of each thing, where nobody watches."""
_SQLITE = "sqlite:"

Tell = Callable[[str, int, int], None]


def copy_store(
    source: Annotated[str, typer.Option("--from", metavar="STORE", help="Where it is: sqlite:… or mongodb://…")],
    target: Annotated[str, typer.Option("--to", metavar="STORE", help="Where it is to be; it must be empty.")],
    verify_only: Annotated[bool, typer.Option("--verify", help="Only compare the two.")] = False,
) -> None:
    """Copy everything durable, and compare the two at the end. Cut off, it goes on where it was when it is run again.

    No server may run on either store. Files on disk are not copied: see docs/moving-up.md.
    """
    for name, value in (("--from", source), ("--to", target)):
        _check(name, value)
    if source == target:
        raise Failure("--from and --to are the same store", "", WRONG)
    for store in (source, target) if verify_only else (source,):
        if store.startswith(_SQLITE) and not _path(store).exists():
            raise Failure(f"{_path(store)}: there is no store", "see the key `store` of the configuration", WRONG)
    with _alone(source), _alone(target):
        verdicts = run(_copy(source, target, verify_only=verify_only))
    _say(verdicts)


def _check(name: str, value: str) -> None:
    """Raises Failure for what is no store's address; a password in it is said nowhere."""
    if password := values.password_of(value):
        HIDE.hide(password, unquote(password))
    try:
        values.store(value)
    except ValueError as error:
        raise Failure(f"{name}: {error}", "", WRONG) from None


def _path(store: str) -> Path:
    return Path(store.removeprefix(_SQLITE))


@contextmanager
def _alone(store: str) -> Iterator[None]:
    """A file for ourselves; of a server elsewhere only its operator can say who uses it. Raises InUse."""
    with locked(_path(store)) if store.startswith(_SQLITE) else nullcontext():
        yield


async def _copy(source: str, target: str, *, verify_only: bool) -> list[Verdict]:
    if not verify_only:
        async with _opened(source) as ours, _opened(target) as theirs:
            with _progress("copying") as progress:
                try:
                    fresh = await copy(ours, theirs, progress)
                except Occupied as error:
                    raise Failure(f"--to: {error}", "give an empty database, or a file that is not there yet") from None
        if fresh:
            await _fold(target)
        else:
            tell("everything was copied before")
    async with _opened(source, reading=True) as ours, _opened(target, reading=True) as theirs:
        with _progress("verifying") as progress:
            return await verify(ours, theirs, progress)


async def _fold(target: str) -> None:
    """The views of the copy, made of its records."""
    store = _store(target)
    try:
        await store.start()
        with _progress("folding") as progress:
            await store.rebuild(lambda done, of: progress("records", done, of))
    finally:
        await store.stop()


def _store(store: str) -> Store:
    if store.startswith(_SQLITE):
        return SqliteStore(_path(store), CLOCK)
    from gateway.adapters.mongo import MongoStore  # noqa: PLC0415 - whoever has no MongoDB does not wait for its driver

    return MongoStore(store, CLOCK)


@asynccontextmanager
async def _opened(store: str, *, reading: bool = False) -> AsyncIterator[Copyable]:
    copyable = _copyable(store, reading=reading)
    try:
        await copyable.start()
        yield copyable
    finally:
        await copyable.stop()


def _copyable(store: str, *, reading: bool) -> Copyable:
    if store.startswith(_SQLITE):
        return SqliteCopyable(_path(store), reading=reading)
    from gateway.adapters.mongo.copying import MongoCopyable  # noqa: PLC0415 - likewise

    return MongoCopyable(store, CLOCK, reading=reading)


def _say(verdicts: list[Verdict]) -> None:
    """What was compared; raises Failure where the two differ."""
    head = ("", "rows", "sum", "rows copied", "sum", "")
    rows = [
        (one.table, str(one.source.rows), one.source.shown, str(one.target.rows), one.target.shown,
         "same" if one.same else "DIFFERENT")
        for one in verdicts
    ]  # fmt: skip
    table([head, *rows])
    different = [one.table for one in verdicts if not one.same]
    if different:
        what = f"the two differ in {', '.join(different)}"
        todo = "if a server wrote to one of them, stop it, empty the target and copy again"
        raise Failure(what, todo)
    say("both have the same")


@contextmanager
def _progress(what: str) -> Iterator[Tell]:
    if not on_terminal():
        yield _lines(what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {}

        def show(thing: str, done: int, of: int) -> None:
            if thing not in tasks:
                tasks[thing] = bar.add_task(f"{what} {thing}", total=of)
            bar.update(tasks[thing], completed=done, total=of)

        yield show


def _lines(what: str) -> Tell:
    told: dict[str, int] = {}

    def line(thing: str, done: int, of: int) -> None:
        step = done * _STEPS // of if of else 0
        if step > told.get(thing, 0):
            told[thing] = step
            tell(f"{what}: {done} of {of} {thing}")

    return line
