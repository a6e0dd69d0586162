"""compose.yaml holds together as far as can be seen without an engine, and the proxy before it works with real gateways."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError

from connectors import catalog
from gateway.assembly import ROLES
from gateway.config import load
from gateway.main import app

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "passerelle:local"}
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text()
TELEGRAM = {"TELEGRAM_TOKEN": "42:abcdefghijklmnopqrstuvwxyz0123456789", "TELEGRAM_SECRET": "a-secret"}
ENVIRON = TELEGRAM | {"PUBLIC_URL": "http://localhost:8080", "RABBITMQ_PASSWORD": "0123abcd"}

_TOP = {"name", "services", "networks", "volumes", "configs"}
_SERVICE = {
    "build", "cap_drop", "command", "configs", "depends_on", "entrypoint", "env_file", "environment", "healthcheck",
    "hostname", "image", "init", "logging", "networks", "ports", "read_only", "restart", "security_opt",
    "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
"""The keys of the Compose Specification that we use; a misspelt one would be refused by the engine."""
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(:?[-?][^}]*)?\}")


def test_every_key_is_one_of_the_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == _TOP
    for name, service in SERVICES.items():
        assert set(service) <= _SERVICE, name
        assert (
            set(service["healthcheck"]) <= {"test", "interval", "timeout", "retries", "start_period"}
            if ("healthcheck" in service)
            else name == "mongo-init"
        )


def test_what_a_service_names_is_there_and_what_is_there_is_named() -> None:
    used: dict[str, set[str]] = {"volumes": set(), "configs": set(), "networks": set()}
    for service in SERVICES.values():
        used["volumes"] |= {mount.partition(":")[0] for mount in service.get("volumes", ())}
        used["configs"] |= {config["source"] for config in service.get("configs", ())}
        used["networks"] |= set(service["networks"])
        assert set(service.get("depends_on", ())) <= set(SERVICES)
    assert used == {kind: set(COMPOSE[kind]) for kind in used}
    for config in COMPOSE["configs"].values():
        assert (ROOT / config["file"]).is_file()


def test_nobody_waits_for_a_health_check_that_is_not_there() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            else:
                assert how["condition"] == "service_completed_successfully"
                assert SERVICES[name]["restart"] == "on-failure"


def test_images_are_pinned_by_a_version_and_name_no_registry() -> None:
    for service in SERVICES.values():
        assert re.fullmatch(r"[a-z]+:[a-z0-9.-]*[0-9][a-z0-9.-]*|passerelle:local", service["image"])
    for image in re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        assert re.fullmatch(r"python:3\.[0-9]+-[a-z-]+", image)


def test_no_two_services_publish_the_same_port_and_only_the_proxy_publishes_any() -> None:
    published = [port.rpartition(":")[0] for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(published) == len(set(published))
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_the_store_and_the_broker_are_reached_by_our_own_processes_only() -> None:
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if "back" in service["networks"]} == {
        *OURS, "mongo", "mongo-init", "rabbitmq",
    }  # fmt: skip
    assert SERVICES["mongo"]["networks"] == SERVICES["rabbitmq"]["networks"] == ["back"]


def test_there_are_two_of_each_role_and_the_command_line_takes_what_they_are_started_with() -> None:
    command = typer.main.get_command(app)
    roles = []
    for service in OURS.values():
        name, *arguments = service["command"]
        serve = command.commands[name]  # type: ignore[attr-defined] # a group of commands has them
        asked = serve.make_context(name, arguments).params
        assert str(asked["config"]) == "passerelle.yaml"
        assert service["configs"] == [{"source": "passerelle", "target": "/srv/passerelle/passerelle.yaml"}]
        roles.append(asked["only"])
    assert sorted(roles) == sorted(ROLES * 2)


def test_every_edge_has_a_disk_of_its_own_for_its_journal_and_all_share_the_files() -> None:
    disks = []
    for name, service in OURS.items():
        mounts = dict(mount.split(":")[::-1] for mount in service["volumes"])
        assert mounts.pop("/srv/passerelle/media") == "media"
        disks += [(name, mounts[place]) for place in mounts if place == "/srv/passerelle/data"]
    assert disks == [("edge-1", "edge-1"), ("edge-2", "edge-2")]


def test_edges_wait_for_nobody() -> None:
    assert [name for name in OURS if "depends_on" not in OURS[name]] == ["edge-1", "edge-2"]


def test_the_example_of_the_environment_has_every_variable_that_is_read() -> None:
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    texts = [(ROOT / "compose.yaml").read_text(), (ROOT / "deploy/passerelle.yaml").read_text()]
    read = {name: default for text in texts for name, default in _VARIABLE.findall(text)}
    assert {name for name, default in read.items() if not default.startswith(":-")} <= set(given)
    assert set(given) <= set(read)
    assert [name for name, value in given.items() if not value] == ["RABBITMQ_PASSWORD", *TELEGRAM]


def test_the_configuration_that_is_mounted_is_one_that_serves_with_roles() -> None:
    config = load(ROOT / "deploy/passerelle.yaml", ENVIRON, catalog.find())
    assert config.remote
    assert config.announces
    assert (config.http.host, config.http.port) == ("0.0.0.0", 8080)  # noqa: S104 - inside of its container
    assert {config.store.split("/")[2].partition(":")[0], config.broker.rpartition("@")[2].partition(":")[0]} <= set(
        SERVICES
    )
    done = subprocess.run(
        [sys.executable, "-m", "gateway.main", "check", "deploy/passerelle.yaml"],
        cwd=ROOT,
        env=os.environ | ENVIRON,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_image_is_made_of_what_the_builder_is_given() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    sources = [
        name for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE) for name in line.split()[:-1]
    ]
    assert set(sources) >= {"pyproject.toml", "gateway", "connectors", "normalizer", "agent_api"}
    for name in sources:
        assert (ROOT / name).exists()
        assert f"!{name}" in rules
    assert rules[0] == "*"
    assert not any(fnmatch(".env", rule[1:]) for rule in rules if rule[0] == "!")
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)


def test_the_proxy_names_the_edges_and_the_api_processes() -> None:
    named = {f"{name}:8080" for name in SERVICES if re.match(r"(edge|api)-", name)}
    assert set(re.findall(r"\S+:8080", CADDYFILE)) == named


# The proxy itself, before two real gateways: one stands for the edges, the other for the api processes.


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(log: Path, running: subprocess.Popen[bytes], word: str) -> str:
    end = time.monotonic() + 60
    while word not in (said := log.read_text()):
        assert running.poll() is None, said
        assert time.monotonic() < end, said
        time.sleep(0.05)
    return said


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs that are ended with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(command: list[str], log: Path, environ: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
        with log.open("wb") as to:
            started.append(subprocess.Popen(command, stdout=to, stderr=to, env=os.environ | environ))
        return started[-1]

    yield begin
    for one in started:
        if one.poll() is None:
            one.send_signal(signal.SIGTERM)
    for one in started:
        one.wait(30)


def _gateway(folder: Path, public: str, start: Start) -> tuple[int, subprocess.Popen[bytes]]:
    """A gateway of every role with the configuration of the containers, but for its store and broker; and its port."""
    folder.mkdir()
    text = (ROOT / "deploy/passerelle.yaml").read_text()
    text = re.sub(r"^(store|broker): .*$", "", text, flags=re.MULTILINE)
    text = text.replace("host: 0.0.0.0", "host: 127.0.0.1").replace("port: 8080", "port: 0")
    (folder / "p.yaml").write_text(text)
    environ = TELEGRAM | {"PUBLIC_URL": public, "TELEGRAM_API": "http://127.0.0.1:9"}
    command = [sys.executable, "-m", "gateway.main"]
    subprocess.run(
        [
            *command,
            "agent",
            "create",
            "ann@example.com",
            "--name",
            "Ann",
            "--role",
            "agent",
            "--password-stdin",
            "--config",
            str(folder / "p.yaml"),
        ],  # fmt: skip
        input=b"correct horse\n",
        env=os.environ | environ,
        check=True,
        capture_output=True,
    )
    running = start([*command, "serve", "--config", str(folder / "p.yaml")], folder / "log", environ)
    said = _wait(folder / "log", running, "listening on")
    found = re.search(r"listening on http://127\.0\.0\.1:([0-9]+)", said)
    assert found
    return int(found[1]), running


def _caddyfile(edges: list[int], apis: list[int], own: int) -> str:
    text = CADDYFILE.replace("2020", str(own))
    for name, ports in (("edge", edges), ("api", apis)):
        for number, port in enumerate(ports, 1):
            text = text.replace(f"{name}-{number}:8080", f"127.0.0.1:{port}")
    return text


def _update(number: int) -> dict[str, Any]:
    person = {"id": 7, "is_bot": False, "first_name": "Bo"}
    message = {"message_id": number, "date": 1_790_000_000, "from": person, "text": "hi"}
    return {"update_id": number, "message": message | {"chat": {"id": 7, "type": "private", "first_name": "Bo"}}}


async def test_the_proxy_leads_providers_to_the_edges_and_agents_to_the_api(tmp_path: Path, start: Start) -> None:
    if shutil.which("caddy") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("caddy is needed: apt-get install caddy")
        pytest.skip("caddy is needed: apt-get install caddy")
    port, own = _free_port(), _free_port()
    name = f"chat.example.com:{port}"
    public, proxy = f"http://{name}", f"http://127.0.0.1:{port}"
    edge, edge_running = _gateway(tmp_path / "edge", public, start)
    api, _ = _gateway(tmp_path / "api", public, start)
    nobody = _free_port()
    (tmp_path / "Caddyfile").write_text(_caddyfile([edge, nobody], [nobody, api], own))
    caddy = start(
        ["caddy", "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"],
        tmp_path / "caddy.log",
        {"SITE": f"http://:{port}", "HOME": str(tmp_path)},
    )
    _wait(tmp_path / "caddy.log", caddy, "serving initial configuration")
    async with ClientSession(cookie_jar=CookieJar(unsafe=True), headers={"Host": name}) as session:
        # hooks: to the edge that is there, also when the other one is tried first
        headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM["TELEGRAM_SECRET"]}
        for number in range(1, 5):
            async with session.post(f"{proxy}/hooks/support-telegram", json=_update(number), headers=headers) as told:
                assert told.status == 200
        async with session.post(f"{proxy}/hooks/support-telegram", json=_update(9)) as told:
            assert told.status == 401
        # what is of the processes themselves is not led anywhere
        async with session.get(f"{proxy}/metrics") as answer:
            assert answer.status == 404
        async with session.get(f"{proxy}/openapi.json") as answer:
            assert (await answer.json())["openapi"].startswith("3.1")
        async with session.get(f"{proxy}/", allow_redirects=True) as answer:
            assert answer.status == 200
            assert "/inbox/" in str(answer.url)
        # the api: our Host and our Origin come through, those of others are refused
        ann = {"email": "ann@example.com", "password": "correct horse"}
        async with session.post(f"{proxy}/v1/session", json=ann, headers={"Origin": public}) as answer:
            assert answer.status in (200, 201), await answer.text()
        async with session.get(f"{proxy}/v1/conversations") as answer:
            assert (await answer.json())["data"] == []  # the hook's conversation is in the other gateway's store
        async with session.get(f"{proxy}/v1/session", headers={"Host": f"evil.example:{port}"}) as answer:
            assert answer.status == 421
        async with session.ws_connect(f"{proxy}/v1/live", headers={"Host": name, "Origin": public}) as live:
            assert (await live.receive_json())["type"] == "hello"
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(f"{proxy}/v1/live", headers={"Host": name, "Origin": "http://evil.example"})
        assert refused.value.status == 403
        # the edge is gone: the proxy says so to providers, and agents see nothing of it
        edge_running.send_signal(signal.SIGTERM)
        edge_running.wait(30)
        async with session.get(f"{proxy}/readyz") as answer:
            assert answer.status in (502, 503)
        async with session.get(f"{proxy}/v1/session") as answer:
            assert answer.status == 200
