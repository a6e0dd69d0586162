"""``passerelle serve`` and ``demo`` as programs: ready, at work, and cleanly gone."""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib import error as urllib_error
from urllib import request as urllib_request

import pytest
import structlog
from typer.testing import CliRunner

from gateway.main import app

ROOT = Path(__file__).parents[2]
TOKEN, SECRET = "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr", "s3cret_of-the-hook"
WAIT = 60.0


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "p.yaml"
    account = f"bot: {{connector: telegram, token: '{TOKEN}', secret: {SECRET}, api: 'http://127.0.0.1:9'}}"
    path.write_text(f"http: {{port: 0}}\nstore: sqlite:data/p.db\naccounts:\n  {account}\n")
    return path


class Program:
    """A command under way; what it says goes to two files."""

    def __init__(self, folder, args):
        self.out, self.err = folder / "out", folder / "err"
        command = [sys.executable, "-m", "gateway.main", *map(str, args)]
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=err)

    def said(self, pattern, where="err"):
        """Waits until it has said this."""
        file = getattr(self, where)
        until = time.monotonic() + WAIT
        while not (found := re.search(pattern, file.read_text())):
            assert self.process.poll() is None, self.err.read_text()
            assert time.monotonic() < until, f"{file.read_text()} has no {pattern}"
            time.sleep(0.02)
        return found

    def url(self):
        return self.said(r"listening on (http://[^\"\s]+:\d+)")[1]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(WAIT)


@contextmanager
def program(folder, *args):
    started = Program(folder, args)
    try:
        yield started
        assert "Traceback" not in started.err.read_text()
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait()


@pytest.fixture
def once():
    """Runs a command to its end in this process, which takes a second less; its log goes with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda *args: CliRunner().invoke(app, [str(arg) for arg in args])
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.getLogger("aiohttp.access").disabled = False
    root.handlers, root.level = handlers, level


def get(url, headers=None, body=None):
    asked = urllib_request.Request(url, headers=headers or {}, data=body)  # noqa: S310 - our own program
    try:
        with urllib_request.urlopen(asked, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read(), answer.headers
    except urllib_error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read(), refusal.headers


def eventually(check):
    until = time.monotonic() + WAIT
    while not (found := check()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def test_serve_is_ready_works_and_stops(tmp_path, config, once):
    with program(tmp_path, "serve", "--config", config) as server:
        url = server.url()
        assert get(f"{url}/readyz")[0] == 200
        assert get(f"{url}/hooks/nobody", body=b"{}")[0] == 404
        key = once("key", "create", "bot", "--scope", "read", "--config", config).stdout.splitlines()[-1]
        headers = {"Authorization": f"Bearer {key}"}
        assert get(f"{url}/v1/conversations", headers)[0] == 200
        once("key", "revoke", "bot", "--config", config)
        assert get(f"{url}/v1/conversations", headers)[0] == 401
        second = once("serve", "--config", config)
        assert (second.exit_code, second.stdout) == (1, "")
        assert "stop it first" in second.stderr
        assert server.stop() == 0
    said = [json.loads(line) for line in server.err.read_text().splitlines()]
    assert {line["event"] for line in said if line["level"] != "info"} <= {"account state"}, said  # nobody is at `api`
    assert server.out.read_text() == ""
    for private in (TOKEN, SECRET):
        assert private not in server.err.read_text()


@pytest.mark.parametrize(
    ("settings", "near"),
    [
        ("", "store: sqlite and broker: memory"),
        ("store: mongodb://h/p\n", "broker: memory"),
        ("broker: amqp://u:hunter2hunter2@h/\n", "store: sqlite"),
    ],
)
def test_roles_are_for_a_remote_store_and_broker(config, once, settings, near):
    config.write_text(settings)
    result = once("serve", "--config", config, "--only", "edge,api")
    assert result.exit_code == 2
    assert "--only splits the roles between processes" in result.stderr
    assert f"with {near} one process has every role: leave --only out, or use mongodb:// and amqp://" in result.stderr
    assert "hunter2" not in result.stderr


def test_an_unknown_role_is_told(config, once):
    result = once("serve", "--config", config, "--only", "edge,delivry")
    assert result.exit_code == 2
    assert '--only: unknown role "delivry" did you mean "delivery"?' in " ".join(result.stderr.split())


def test_a_store_that_is_not_there_is_told_without_its_password(tmp_path, config):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"mongodb://u:hunter2hunter2@127.0.0.1:{nobody.getsockname()[1]}/p?serverSelectionTimeoutMS=200"
        config.write_text(f"http: {{port: 0}}\nstore: '{address}'\n")
        server = Program(tmp_path, ["serve", "--config", config])  # a program: it ends with its driver's connections
        assert server.process.wait(WAIT) == 1
    said = server.err.read_text()
    assert "see that the store is there" in said
    assert "hunter2" not in said
    assert "Traceback" not in said


@pytest.fixture
def taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_told(config, taken, once):
    config.write_text(f"http: {{port: {taken}}}\n")
    result = once("serve", "--config", config)
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1, port {taken}: another program listens there" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_address_of_another_machine_is_told(config, once):
    config.write_text("http: {host: 192.0.2.1, port: 0}\n")
    result = once("serve", "--config", config)
    assert result.exit_code == 1
    assert "cannot listen on 192.0.2.1, port 0: this machine has no such address" in result.stderr


def test_a_taken_port_is_told_by_the_demo(tmp_path, taken, once):
    result = once("demo", "--port", taken, "--data", tmp_path / "demo")
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1, port {taken}" in result.stderr
    assert "--port" in result.stderr


def signed_in(url, link):
    """The session that the link opens, as a header."""
    body = json.dumps({"link": link}).encode()
    headers = {"Content-Type": "application/json", "Origin": url}
    status, answer, given = get(f"{url}/v1/session", headers, body)
    assert status < 300, answer
    cookie = SimpleCookie(given["Set-Cookie"])
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in cookie.items())}


def conversations(url, headers):
    status, body, _ = get(f"{url}/v1/conversations", headers)
    assert status == 200
    return json.loads(body)["data"]


def test_the_demo_has_all_that_it_promises(tmp_path):
    data = tmp_path / "demo"
    with program(tmp_path, "demo", "--port", "0", "--data", data) as demo:
        url, link = demo.said(r"(http://127\.0\.0\.1:\d+)/inbox/#link=(\S+)", "out").groups()
        demo.said("Ctrl-C", "out")
        session = signed_in(url, link)
        listed = eventually(lambda: len(found := conversations(url, session)) == 6 and found)
        assert {"Ann Lee", "Chloé Dubois", "Oliver Grant"} <= {one["person"]["name"] for one in listed}
        assert {one["channel"] for one in listed} == {"telegram", "twilio", "whatsapp", "messenger", "instagram"}
        assert get(f"{url}/simulator/")[0] == 200
        assert (
            get(f"{url}/v1/session", {"Content-Type": "application/json"}, b'{"link": "%s"}' % link.encode())[0] == 401
        )
        assert demo.stop(signal.SIGINT) == 0
        assert link not in demo.err.read_text()
    kept = (data / "demo.yaml").read_text()
    assert (data / "demo.yaml").stat().st_mode & 0o077 == 0
    with program(tmp_path, "demo", "--port", "0", "--data", data) as demo:
        url, again = demo.said(r"(http://127\.0\.0\.1:\d+)/inbox/#link=(\S+)", "out").groups()
        assert again != link
        time.sleep(0.5)
        assert len(conversations(url, signed_in(url, again))) == 6
        assert demo.stop() == 0
    secrets = [line for line in kept.splitlines() if "token:" in line or "secret:" in line]
    assert [line for line in (data / "demo.yaml").read_text().splitlines() if line in secrets] == secrets
