"""The servers that some figures need, each of the run's own; where one is not installed, why there is no figure."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench import HERE, folder

sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

if TYPE_CHECKING:  # they need what only the tests need
    from toys.rabbit import Rabbit
    from toys.servers import FerretDB


def no_rabbit() -> str:
    """Why no RabbitMQ can be started; empty if it can."""
    there = Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() and shutil.which("epmd")
    return "" if there else "no RabbitMQ here: apt-get install rabbitmq-server"


def no_ferretdb() -> str:
    """Why no stand-in for MongoDB can be started; empty if it can."""
    return "" if (HERE.parent / ".tools" / "ferretdb").is_file() else "no MongoDB stand-in here: make servers"


@contextmanager
def own_rabbit() -> Iterator[Rabbit]:
    """A RabbitMQ of this run's own."""
    from toys import rabbit  # noqa: PLC0415 - only where a RabbitMQ is measured

    with rabbit.own_rabbit() as node:
        yield node


@contextmanager
def own_ferretdb() -> Iterator[FerretDB]:
    """A stand-in for MongoDB that is as empty as the folder that it is given."""
    from toys import servers  # noqa: PLC0415 - only where it is measured

    with folder() as here:
        server = servers.FerretDB(here)
        server.start()
        try:
            yield server
        finally:
            server.stop()
