"""A RabbitMQ of the tests' own: Debian's server as a process of ours, on ports, a name and a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gateway.adapters.rabbitmq import declare
from toys.room import room

BIN = Path("/usr/lib/rabbitmq/bin")
_PATIENCE_S = 300.0
_NOTED_S = 1.5
_CONF = """
listeners.tcp.1 = 127.0.0.1:{port}
log.console = false
log.file.level = info
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.relative = 0.6
heartbeat = 10
"""
_TLS = """
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {folder}/ca.pem
ssl_options.certfile = {folder}/server.pem
ssl_options.keyfile = {folder}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


class Rabbit:
    """One node. ``tls`` is a folder with ca.pem, server.pem and server.key; ``tls_port`` is then listened on too."""

    def __init__(self, folder: Path, tls: Path | None = None) -> None:
        self.folder, self.port, self.tls_port = folder, free_port(), free_port()
        self._epmd_port, dist = free_port(), free_port()
        self.node = f"passerelle-{self.port}@localhost"
        folder.mkdir(parents=True, exist_ok=True)
        conf = _CONF.format(port=self.port)
        if tls is not None:
            conf += _TLS.format(port=self.tls_port, folder=tls)
        (folder / "rabbitmq.conf").write_text(conf)
        (folder / "plugins").write_text("[].\n")
        (folder / "env").touch()
        self._env: Mapping[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))},
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_MNESIA_BASE": str(folder / "db"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +S 2:2"
            ),
        }
        self._names: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, or start it again on the same ports and data; it answers when this returns."""
        if self._names is None:  # its own name server: the machine's stays out of this
            self._names = subprocess.Popen(
                ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"],
                env=self._env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        with (self.folder / "said").open("ab") as said:
            self._server = subprocess.Popen([BIN / "rabbitmq-server"], env=self._env, stdout=said, stderr=said)
        end = time.monotonic() + _PATIENCE_S
        while not self._answers():
            assert self._server.poll() is None, f"RabbitMQ ended: {self._said()}"
            assert time.monotonic() < end, f"RabbitMQ did not start: {self._said()}"
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
            probe.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(probe.recv(1))
        return False

    def _said(self) -> str:
        return (self.folder / "said").read_text(errors="replace")[-2000:]

    @property
    def pid(self) -> int:
        """Of the machine that runs it, under the script that started it."""
        return int((self.folder / "pid").read_text())

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> None:
        """End it in peace, and what it stands on."""
        if self._server is not None and self._server.poll() is None:
            try:
                os.kill(self.pid, signal.SIGTERM)
            except (OSError, ValueError):  # it has not written its id yet
                self._server.terminate()
            try:
                self._server.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._names is not None:
            self._names.kill()
            self._names.wait(_PATIENCE_S)
            self._names = None

    def _ended(self) -> None:
        assert self._server is not None
        self._server.wait(_PATIENCE_S)

    def ctl(self, *command: str) -> str:
        """``rabbitmqctl`` against this node."""
        done = subprocess.run(
            [BIN / "rabbitmqctl", "--quiet", *command],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def alarm(self) -> None:
        """Raise the memory alarm: every connection that publishes is blocked."""
        self.ctl("set_vm_memory_high_watermark", "0")

    def calm(self) -> None:
        """Lift it."""
        self.ctl("set_vm_memory_high_watermark", "0.6")

    def cut(self) -> None:
        """Close every connection."""
        self.ctl("close_all_connections", "--global", "cut by the test")

    async def do(self, what: str, *given: str) -> str:
        """One of the above, while the event loop goes on."""
        done = await asyncio.to_thread(getattr(self, what), *given)
        return done if isinstance(done, str) else ""


async def lasting_queue(rabbit: Rabbit, name: str) -> None:
    """A quorum queue, bound to everything, that outlives a kill: the server notes where it is half a second later."""
    await declare(rabbit.url, name, ["#"], None)
    await asyncio.sleep(_NOTED_S)


def missing() -> None:
    """Skip the test, and say what to install; in CI nothing may be missing."""
    if (BIN / "rabbitmq-server").exists() and shutil.which("epmd"):
        return
    what = "no RabbitMQ was looked at: apt-get install rabbitmq-server"
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@contextlib.contextmanager
def own_rabbit(tls: Path | None = None) -> Iterator[Rabbit]:
    """A node of the test's own."""
    missing()
    with tempfile.TemporaryDirectory(prefix="rabbit-", dir=room(), ignore_cleanup_errors=True) as folder:
        node = Rabbit(Path(folder), tls)
        try:
            node.start()
            yield node
        finally:
            node.stop()


@pytest.fixture(scope="session")
def rabbit_node() -> Iterator[Rabbit]:
    """One node for all tests of this process."""
    with own_rabbit() as node:
        yield node


@pytest.fixture
def rabbit(rabbit_node: Rabbit) -> Iterator[Rabbit]:
    """The node, as empty as it was, whatever the test before did to it."""
    yield rabbit_node
    if rabbit_node._server is not None and rabbit_node._server.poll() is not None:
        rabbit_node.start()
