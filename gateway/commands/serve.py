"""``passerelle serve``: the gateway, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer

from gateway import assembly, logs
from gateway.assembly import ROLES
from gateway.commands.common import CLOCK, WRONG, ConfigFile, Failure, alone, loaded, run
from gateway.config import Config
from gateway.config_file import nearest

log = structlog.get_logger(__name__)

_TAKEN = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)


def serve(
    config: ConfigFile,
    only: Annotated[
        str | None,
        typer.Option(metavar="ROLES", help=f"Only some roles, of {','.join(ROLES)}; needs a remote store and broker."),
    ] = None,
) -> None:
    """Run the gateway until SIGTERM or SIGINT; logs `listening on http://host:port` once it is ready."""
    settings = loaded(config)
    roles = ROLES if only is None else _some(only, settings)
    logs.setup(CLOCK, logs.secrets_of(settings))
    with alone(settings):
        run(_serve(settings, roles))


def _some(only: str, config: Config) -> Collection[str]:
    """The roles that were asked for, in our order; raises Failure."""
    asked = [role.strip() for role in only.split(",")]
    for role in asked:
        if role not in ROLES:
            raise Failure(f'--only: unknown role "{role}"', nearest(role, ROLES, "role"), WRONG)
    near = [f"{key}: {value.partition(':')[0]}" for key, value, far in (
        ("store", config.store, config.remote), ("broker", config.broker, config.announces)) if not far]  # fmt: skip
    if near:
        what = "--only splits the roles between processes, for which the store and the broker must be remote"
        todo = f"with {' and '.join(near)} one process has every role: leave --only out, or use mongodb:// and amqp://"
        raise Failure(what, todo, WRONG)
    return [role for role in ROLES if role in asked]


async def _serve(config: Config, roles: Collection[str]) -> None:
    with stopping() as stop, bound(config):
        async with assembly.running(config, roles=roles) as server:
            log.info("running", roles=list(roles))
            listening(server.url)
            await stop.wait()
            log.info("stopping")
    log.info("stopped")


def listening(url: str) -> None:
    """The one line by which whoever started us knows that we are ready."""
    line = f"listening on {url}"
    log.info(line)


@contextmanager
def stopping() -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets; a second signal ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)

    def heard() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in signals:
        loop.add_signal_handler(number, heard)
    yield stop


@contextmanager
def bound(config: Config) -> Iterator[None]:
    """Says in words that the address cannot be listened on."""
    try:
        yield
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        where = f"{config.http.host}, port {config.http.port}"
        why = {errno.EADDRINUSE: "another program listens there", errno.EACCES: "this needs more rights"}
        what = f"cannot listen on {where}: {why.get(error.errno or 0, 'this machine has no such address')}"
        raise Failure(what, "stop the other program, or choose another http.host or http.port (0 is any)") from None
