"""aio-pika's connection, with room for a whole batch between us and the socket."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import unquote

import aio_pika
import aiormq
from aio_pika.abc import TimeoutType, UnderlayConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from aio_pika.tools import OneShotCallback
from yarl import URL

from gateway.logs import HIDE, hide

for _library in ("aio_pika", "aiormq"):  # a lost connection is a line of ours that says why, not three tracebacks
    logging.getLogger(_library).setLevel(logging.CRITICAL)

CONNECT_S = 10.0
CLOSE_S = 3.0
_HEARTBEAT_S = 6
"""A peer that is silent for three times this is gone: a cut network is noticed within half a minute."""

LOST = (*CONNECTION_EXCEPTIONS, TimeoutError, EOFError)
"""What a connection that cannot be made, or is lost, raises."""


class _Wide(aiormq.Connection):
    """It comes with ten places for what is to be written; all bursts of a batch have room here, so nobody waits."""

    FRAME_BUFFER_SIZE = 2048


class Connection(aio_pika.Connection):
    """A connection that never comes back: whoever holds it makes a new one."""

    async def connect(self, timeout: TimeoutType = None) -> None:  # noqa: ASYNC109 - aio-pika's own signature
        """As aio-pika does it, on a wide connection. Raises what is in ``LOST``."""
        underlay = _Wide(self.url, **self.kwargs)
        async with asyncio.timeout(timeout):
            await underlay.connect()
        ended = OneShotCallback(self._on_connection_close)
        underlay.closing.add_done_callback(ended)
        self.transport = UnderlayConnection(connection=underlay, close_callback=ended)
        await self._on_connected()


async def connected(url: str, name: str) -> Connection:
    """A connection that RabbitMQ shows under ``name``. Raises what is in ``LOST``."""
    where = URL(url)
    if where.password:
        hide(where.password)
    if "heartbeat" not in where.query:
        where = where.update_query(heartbeat=_HEARTBEAT_S)
    connection = Connection(where, client_properties={"connection_name": name})
    try:
        await connection.connect(CONNECT_S)
    except BaseException:
        await connection.close()  # aio-pika would do it later, when nobody waits for it
        raise
    return connection


async def let_go(connection: Connection) -> None:
    """Close it, however it is; a server that does not answer is not waited for."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await connection.close()
    except LOST:
        await connection.close()  # there is nothing left to wait for
    except asyncio.CancelledError:
        await connection.close()
        if really_cancelled():
            raise


def really_cancelled() -> bool:
    """Whether somebody cancelled this task; else a CancelledError is aiormq's word for a connection that went away."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def shown(url: str) -> str:
    """An address without its password."""
    where = URL(url)
    return str(where.with_query(None).with_password("***") if where.password else where.with_query(None))


def why(error: BaseException | None, url: str) -> str:
    """What to say of a failure: never the address's password."""
    if error is None or isinstance(error, asyncio.CancelledError):
        return "the connection was lost"
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_S:.0f} s"
    said = HIDE.text(str(error)) or type(error).__name__
    password = URL(url).password
    return said.replace(unquote(password), "***") if password else said
