"""A database server for the tests: FerretDB, which speaks MongoDB's protocol, or the real one that MONGODB_URL names."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from pymongo import MongoClient

from toys.room import room

ROOT = Path(__file__).parents[2]
BINARY = ROOT / ".tools" / "ferretdb"
_PATIENCE_S = 120
_started: list[FerretDB] = []
"""What this process has started for all its tests."""


class FerretDB:
    """One server on a port and a folder of its own. It ends with the process that started it, however that ends."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._address = folder, "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same port and data; it answers when this returns."""
        data = self._folder / "ferretdb"
        data.mkdir(parents=True, exist_ok=True)
        command = [str(BINARY), "-listen", self._address, "-folder", str(data)]
        with (self._folder / "ferretdb.log").open("a") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
            )
        self._address = urlsplit(self._ready()).netloc

    def _ready(self) -> str:
        """The address, once it is listened on."""
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if ready.select(_PATIENCE_S) else ""
        if not line.startswith("listening on "):
            self.kill()
            raise RuntimeError(f"no FerretDB: {(self._folder / 'ferretdb.log').read_text()[-2000:]}")
        return line.removeprefix("listening on ").strip()

    @property
    def url(self) -> str:
        """Its address, without a database."""
        return f"mongodb://{self._address}/"

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it at once, as a power cut would end the process."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in peace."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it answer nothing, with all connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_PATIENCE_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None


def missing(what: str) -> None:
    """Skip the test, and say what to run; in CI nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def ferretdb(folder: Path) -> FerretDB:
    """A server that the test may kill; who asks for it stops it."""
    if not BINARY.is_file():
        missing("no MongoDB stand-in: run `make servers`, or name a real server in MONGODB_URL")
    server = FerretDB(folder)
    server.start()
    return server


@contextmanager
def own_ferretdb() -> Iterator[FerretDB]:
    """A server of the test's own, which it may kill, freeze and start again. Always the stand-in."""
    with tempfile.TemporaryDirectory(prefix="ferretdb-", dir=room()) as folder:
        server = ferretdb(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@cache
def _shared() -> str:
    """The server for all tests of this process: the one that is named, or the stand-in."""
    named = os.environ.get("MONGODB_URL", "")
    if named:
        return named
    _started.append(ferretdb(Path(tempfile.mkdtemp(prefix="ferretdb-", dir=room()))))
    return _started[-1].url


def fresh_database(server: str | None = None) -> str:
    """The address of a database that nobody has used; whoever asks for it drops it. Without a server: the shared one."""
    scheme, place, _, query, fragment = urlsplit(server or _shared())
    return urlunsplit((scheme, place, f"/test_{uuid.uuid4().hex}", query, fragment))


def drop_database(url: str) -> None:
    """Forget all that is in a database."""
    with MongoClient[dict[str, object]](url) as client:
        client.drop_database(urlsplit(url).path.strip("/"))


@pytest.fixture(scope="session", autouse=True)
def servers_end() -> Iterator[None]:
    """Import it where servers are shared: they are stopped when the tests have ended."""
    yield
    while _started:
        server = _started.pop()
        server.stop()
        shutil.rmtree(server._folder)
    _shared.cache_clear()
