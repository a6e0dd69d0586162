"""What the commands share: how they read the configuration, open the store, say things, and fail."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from typer.core import TyperGroup
from typer.exceptions import TyperException

from connectors import catalog
from gateway import config as configuration
from gateway.adapters.sqlite import InUse, locked
from gateway.adapters.system import SystemClock
from gateway.assembly.remote import store_of
from gateway.config import Account, Config, ConfigErrors, store_path
from gateway.config_file import nearest
from gateway.logs import HIDE, secrets_of
from gateway.ports import Store, Unavailable

T = TypeVar("T")

CLOCK = SystemClock()
FAILED, WRONG = 1, 2

ConfigFile = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration file (YAML).")]


class Failure(Exception):
    """A command cannot do what it was asked: what, where, and what to do about it."""

    def __init__(self, what: str, todo: str = "", code: int = FAILED) -> None:
        super().__init__(f"{what}\n{todo}" if todo else what)
        self.code = code


class Commands(TyperGroup):
    """A group of commands whose foreseen failures are words on standard error, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exits 1 when it fails, and 2 when it was wrongly used or configured."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except Exception as error:  # noqa: BLE001 - the end of the line for all of them
            text, code = _ending(error)
        tell(HIDE.text(f"passerelle: {text}"))
        raise typer.Exit(code)


def _ending(error: Exception) -> tuple[str, int]:
    """What to say of a failure, and the exit code."""
    match error:
        case ConfigErrors():
            count = len(error.problems)
            return f"{error}\n{count} problem{'s' if count > 1 else ''} in the configuration", WRONG
        case Failure():
            return str(error), error.code
        case Unavailable():
            return f"{error}\nsee that the store is there and may be written to, and that its disk has room", FAILED
        case InUse() | catalog.CatalogError():
            return str(error), FAILED
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else str(error), FAILED
        case _:
            trace = "".join(traceback.format_exception(error))
            return f"this is a mistake of ours; please report it\n{trace}", FAILED


def group(about: str) -> typer.Typer:
    """A group of commands, which fail in words."""
    return typer.Typer(cls=Commands, help=about, no_args_is_help=True, add_completion=False)


def tell(text: str) -> None:
    """Say something beside the result: on standard error."""
    typer.echo(text, err=True)


def say(text: str = "") -> None:
    """Say the result: on standard output."""
    typer.echo(text)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Rows in columns of their own width, one row a line; the first row names them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def loaded(path: Path) -> Config:
    """The configuration in a file, whose secrets are said nowhere from then on; raises ConfigErrors."""
    config = configuration.load(path, os.environ, catalog.find())
    HIDE.hide(*secrets_of(config))
    return config


def account_of(config: Config, name: str) -> Account:
    """An account by name; raises Failure."""
    if name not in config.accounts:
        raise Failure(f'{config.path}: no account is named "{name}"', nearest(name, config.accounts, "account"), WRONG)
    return config.accounts[name]


@asynccontextmanager
async def opened(config: Config, *, make: bool = False, alone: bool = False) -> AsyncIterator[Store]:
    """The store, beside a running server or (``alone``) without one; raises Failure if it is missing and not to be made."""
    if not make:
        there(config)
    store = store_of(config, CLOCK, alone=alone)
    try:
        await store.start()
        yield store
    finally:
        await store.stop()


def there(config: Config) -> None:
    """Raises Failure where the store is a file that is missing."""
    if not config.remote and not (path := store_path(config)).exists():
        raise Failure(f"{path}: there is no store yet", "serve, key create and agent create make it")


@contextmanager
def alone(config: Config) -> Iterator[None]:
    """Keep a store that is a file for this process; one elsewhere is many processes'. Raises InUse."""
    with nullcontext() if config.remote else locked(store_path(config)):
        yield


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def printable(text: str) -> str:
    """A stranger's text, with what could steer a terminal escaped; lines and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def on_terminal() -> bool:
    """Whether a person reads along."""
    return sys.stdout.isatty()
