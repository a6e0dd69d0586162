"""The command line: what each command prints, what it leaves, and how it ends."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from argon2 import PasswordHasher
from typer.testing import CliRunner

from gateway.adapters.sqlite import SqliteStore, locked
from gateway.adapters.system import SystemClock
from gateway.main import app
from gateway.ports import Kept

ROOT = Path(__file__).parents[2]
TOKEN, SECRET = "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr", "s3cret_of-the-hook"
PASSWORD = "correct horse"
CLOCK = SystemClock()
ACCOUNTS = """
accounts:
  bot: {connector: telegram, token: "${TOKEN}", secret: "${SECRET}", api: "${API:-http://127.0.0.1:9}"}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("SECRET", SECRET)
    path = tmp_path / "p.yaml"
    path.write_text(f"http: {{public_url: https://chat.example.com}}\nstore: sqlite:data/p.db\n{ACCOUNTS}")
    return path


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in this process; nothing it says holds a secret."""
    monkeypatch.chdir(tmp_path)

    def run(*args, stdin=None):
        result = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin, prog_name="passerelle")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        for private in (TOKEN, SECRET, "Traceback"):
            assert private not in result.output
        return result

    return run


async def with_store(config, work):
    store = SqliteStore(config.parent / "data" / "p.db", CLOCK, timedelta(days=30))
    await store.start()
    try:
        return await work(store)
    finally:
        await store.stop()


# The frame.


def test_help_is_for_every_command(run):
    top = run("--help")
    assert top.exit_code == 0
    for command in ("check", "key", "agent", "connectors", "connect", "kept", "replay", "rebuild", "serve", "demo"):
        assert command in top.stdout
        inner = run(command, "--help")
        assert inner.exit_code == 0
        assert "Usage: passerelle" in inner.stdout
    for words in (["key", "create"], ["key", "list"], ["key", "revoke"], ["agent", "create"], ["kept", "show"]):
        assert run(*words, "--help").exit_code == 0


def test_the_version_is_said(run):
    assert re.fullmatch(r"passerelle \d+\.\d+\.\d+.*\n", run("--version").stdout)


WRONG = [
    [],
    ["nonsense"],
    ["check"],
    ["key", "create", "bot", "--config", "p.yaml"],
    ["key", "create", "bot", "--scope", "root", "--config", "p.yaml"],
    ["key", "create", "--scope", "read", "--config", "p.yaml"],
    ["key", "create", "", "--scope", "read", "--config", "p.yaml"],
    ["key", "create", "a\nb", "--scope", "read", "--config", "p.yaml"],
    ["key", "create", "bot", "--scope", "read", "--config", "p.yaml", "--brand", "No Brand"],
    ["agent", "create", "ann", "--name", "Ann", "--role", "agent", "--config", "p.yaml", "--password-stdin"],
    ["agent", "create", "a@b.c", "--name", " ", "--role", "agent", "--config", "p.yaml", "--password-stdin"],
    ["agent", "create", "a@b.c", "--name", "Ann", "--role", "boss", "--config", "p.yaml", "--password-stdin"],
    ["agent", "create", "a@b.c", "--name", "Ann", "--role", "agent", "--config", "p.yaml"],
    ["connect", "nobody", "--config", "p.yaml"],
    ["kept", "list"],
    ["kept", "list", "--config", "p.yaml", "--limit", "0"],
    ["serve"],
    ["serve", "--config", "p.yaml", "--only", "edge"],
    ["serve", "--config", "p.yaml", "--only", "kitchen"],
    ["demo", "--port", "70000"],
]


@pytest.mark.parametrize("args", WRONG, ids=" ".join)
def test_wrong_usage_is_2(run, config, args):
    result = run(*args, stdin="long enough")
    assert result.exit_code == 2
    assert not (config.parent / "data").exists()


@pytest.mark.parametrize("command", [["check"], ["rebuild", "-c"], ["key", "list", "-c"], ["kept", "list", "-c"]])
def test_a_wrong_configuration_is_2(run, config, command):
    config.write_text("stoer: x\nhttp: {port: y}\n")
    result = run(*command, config)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f'passerelle: {config}:1:1: stoer: unknown key "stoer"; did you mean "store"?',
        f'{config}:2:8: http.port: must be a port from 1 to 65535, or 0 for any free one, not "y"',
        "2 problems in the configuration",
    ]
    result = run(*command, config.parent / "none.yaml")
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_it_runs_as_a_program(config):
    command = [sys.executable, "-m", "gateway.main", "check", str(config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{config}: ok\n")


# Reading the configuration.


def test_check_says_what_it_found(run, config):
    result = run("check", config)
    assert result.exit_code == 0
    assert str(config.parent / "data" / "p.db") in result.stdout
    assert re.search(r"bot +telegram +main +https://chat\.example\.com/hooks/bot$", result.stdout, re.MULTILINE)
    assert not (config.parent / "data").exists()


def test_check_without_accounts(run, config):
    config.write_text("")
    result = run("check", config, "--online")
    assert result.exit_code == 0
    assert "accounts: none" in result.stdout
    assert "http.public_url" in result.stdout


def test_connectors_are_described(run):
    result = run("connectors")
    assert result.exit_code == 0
    assert re.search(r"^telegram \S+ \(passerelle\)$", result.stdout, re.MULTILINE)
    assert "4096 utf-16 units" in result.stdout
    assert re.search(r"powers .*connect, check", result.stdout)


# Providers.


@contextmanager
def provider(answers):
    """A Telegram that answers by method; gives its address and what it was asked."""
    asked = []

    async def method(request):
        name = request.path.rpartition("/")[2]
        asked.append((name, await request.json()))
        status, body = answers.get(name, (404, {"ok": False, "description": "Not Found"}))
        return web.json_response(body, status=status)

    loop = asyncio.new_event_loop()
    application = web.Application()
    application.router.add_post("/{path:.*}", method)
    runner = web.AppRunner(application, access_log=None)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked, loop
    finally:
        loop.run_until_complete(runner.cleanup())
        loop.close()


def outside(loop, *args):
    """Runs a command as a program while the provider answers."""

    async def go():
        command = (sys.executable, "-m", "gateway.main", *map(str, args))
        program = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=-1, stderr=-1)
        out, err = await program.communicate()
        return program.returncode, out.decode(), err.decode()

    return loop.run_until_complete(go())


FINE = {
    "getMe": (200, {"ok": True, "result": {"id": 1, "username": "our_bot"}}),
    "getWebhookInfo": (200, {"ok": True, "result": {"url": "https://chat.example.com/hooks/bot"}}),
    "setWebhook": (200, {"ok": True, "result": True}),
    "deleteWebhook": (200, {"ok": True, "result": True}),
}
DENIED = (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})


def test_check_asks_the_providers(config, monkeypatch):
    with provider(FINE) as (url, asked, loop):
        monkeypatch.setenv("API", url)
        code, out, _ = outside(loop, "check", config, "--online")
    assert code == 0
    assert re.search(r"^bot: ok: @our_bot", out, re.MULTILINE)
    assert [name for name, _ in asked] == ["getMe", "getWebhookInfo"]


@pytest.mark.parametrize("answers", [{"getMe": DENIED}, {"getMe": (502, {})}, {"getMe": (429, {"ok": False})}])
def test_check_fails_when_a_provider_says_no(config, monkeypatch, answers):
    with provider(answers) as (url, _, loop):
        monkeypatch.setenv("API", url)
        code, out, err = outside(loop, "check", config, "--online")
    assert code == 1
    assert re.search(r"^bot: FAILED: ", out, re.MULTILINE)
    assert TOKEN not in out + err


def test_check_fails_when_nobody_is_there(run, config, monkeypatch):
    monkeypatch.setenv("API", "http://127.0.0.1:1")
    result = run("check", config, "--online")
    assert result.exit_code == 1
    assert "bot: FAILED: http://127.0.0.1:1 cannot be reached: connection refused" in result.stdout


def test_connect_registers_the_hook(config, monkeypatch):
    with provider(FINE) as (url, asked, loop):
        monkeypatch.setenv("API", url)
        code, out, _ = outside(loop, "connect", "bot", "--config", config)
    assert (code, out) == (0, "bot: telegram now calls https://chat.example.com/hooks/bot\n")
    ((name, body),) = asked
    assert (name, body["url"], body["secret_token"]) == ("setWebhook", "https://chat.example.com/hooks/bot", SECRET)


def test_connect_removes_the_hook_of_an_account_that_polls(config, monkeypatch):
    config.write_text('accounts: {bot: {connector: telegram, token: "${TOKEN}", mode: polling, api: "${API}"}}\n')
    with provider(FINE) as (url, asked, loop):
        monkeypatch.setenv("API", url)
        code, out, _ = outside(loop, "connect", "bot", "--config", config)
    assert (code, out) == (0, "bot: telegram is asked for news now, and calls no hook\n")
    assert [name for name, _ in asked] == ["deleteWebhook"]


def test_connect_says_why_not(config, monkeypatch):
    with provider({"setWebhook": DENIED}) as (url, _, loop):
        monkeypatch.setenv("API", url)
        code, _, err = outside(loop, "connect", "bot", "--config", config)
    assert code == 1
    assert err == "passerelle: telegram refused: Unauthorized\nsee that the credentials are right\n"


def test_connect_needs_a_public_address(run, config):
    config.write_text(ACCOUNTS)
    result = run("connect", "bot", "--config", config)
    assert result.exit_code == 2
    assert "http.public_url" in result.stderr
    result = run("connect", "bott", "--config", config)
    assert 'did you mean "bot"?' in result.stderr


# Keys.


def create_key(run, config, name="bot", *more):
    result = run("key", "create", name, "--scope", "agent", "--config", config, *more)
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()[-1]


def test_a_key_is_printed_once_and_kept_as_a_digest(run, config):
    text = create_key(run, config, "bot", "--brand", "main", "--brand", "shop", "--brand", "main")
    assert re.fullmatch(r"pk_[A-Za-z0-9_-]{32,}", text)
    key = asyncio.run(with_store(config, lambda store: store.key_by_digest(hashlib.sha256(text.encode()).hexdigest())))
    assert (key.name, key.scope, key.brands) == ("bot", "agent", ("main", "shop"))
    assert key.id.startswith("key_")
    for file in (config.parent / "data").iterdir():
        assert text.encode() not in file.read_bytes()
    listed = run("key", "list", "--config", config)
    assert re.search(r"^bot +agent +main,shop +20", listed.stdout, re.MULTILINE)
    assert text not in listed.output


def test_a_key_for_all_brands(run, config):
    text = create_key(run, config)
    assert text != create_key(run, config, "other")
    assert re.search(r"^bot +agent +all ", run("key", "list", "--config", config).stdout, re.MULTILINE)


def test_a_name_is_used_once_at_a_time(run, config):
    create_key(run, config)
    again = run("key", "create", "bot", "--scope", "read", "--config", config)
    assert (again.exit_code, again.stdout) == (1, "")
    assert 'a key named "bot" is in use already' in again.stderr
    assert run("key", "revoke", "bot", "--config", config).exit_code == 0
    assert run("key", "revoke", "bot", "--config", config).exit_code == 1
    create_key(run, config)
    rows = run("key", "list", "--config", config).stdout.splitlines()
    assert len(rows) == 3


def test_a_key_can_be_made_beside_a_running_server(run, config):
    with locked(config.parent / "data" / "p.db"):
        create_key(run, config)


def test_a_brand_of_no_account_is_noted(run, config):
    result = run("key", "create", "x", "--scope", "read", "--config", config, "--brand", "shop")
    assert result.exit_code == 0
    assert "no account" in result.stderr


# Agents.


def create_agent(run, config, password=PASSWORD, email="ann@example.com"):
    args = ("--name", "Ann Lee", "--role", "supervisor", "--config", config, "--password-stdin")
    return run("agent", "create", email, *args, stdin=password)


def test_an_agent_is_made(run, config):
    result = create_agent(run, config, "correct hörse\r\nand more\n")
    assert result.exit_code == 0, result.stderr
    agent = asyncio.run(with_store(config, lambda store: store.agent_by_email("Ann@example.com")))
    assert (agent.name, agent.role, agent.brands) == ("Ann Lee", "supervisor", None)
    assert agent.password.startswith("$argon2id$")
    assert PasswordHasher().verify(agent.password, "correct hörse")
    again = create_agent(run, config, email="ANN@example.com")
    assert (again.exit_code, "has a login already" in again.stderr) == (1, True)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_has_a_length(run, config, password):
    result = create_agent(run, config, password)
    assert result.exit_code == 2
    assert f"the password has {len(password)} characters" in result.stderr
    assert not (config.parent / "data").exists()


def test_a_password_is_text(run, config):
    assert create_agent(run, config, b"\xff\xfe12345678").exit_code == 2


def at_a_terminal(config, *typed):
    """Makes an agent at a terminal; gives what the terminal showed and how it ended."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "gateway.main", "agent", "create", "a@b.c", "--name", "A", "--role", "agent"]
    program = subprocess.Popen(
        [*command, "--config", str(config)],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509 - no thread runs here
    )
    shown = ""
    for line in typed:
        while not shown.rstrip().endswith(":"):
            shown += os.read(ours, 1000).decode()
        time.sleep(0.05)  # the terminal stops echoing just after it has asked
        shown += "\n"
        os.write(ours, f"{line}\n".encode())
    program.wait(20)
    shown += os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    return shown, program.returncode


def test_a_password_is_asked_for_twice(config):
    shown, code = at_a_terminal(config, "correct horse", "correct horse")
    assert code == 0, shown
    assert "correct horse" not in shown
    agent = asyncio.run(with_store(config, lambda store: store.agent_by_email("a@b.c")))
    assert PasswordHasher().verify(agent.password, "correct horse")


# The store.


def test_reading_makes_no_store(run, config):
    for command in (
        ["key", "list"],
        ["key", "revoke", "x"],
        ["kept", "list"],
        ["kept", "show", "x"],
        ["replay"],
        ["rebuild"],
    ):
        result = run(*command, "--config", config)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "there is no store yet" in result.stderr
    assert not (config.parent / "data").exists()


def test_a_store_that_cannot_be_made(run, config):
    (config.parent / "data").write_text("a file where the folder should be")
    result = run("key", "create", "x", "--scope", "read", "--config", config)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot open the store" in result.stderr


def test_a_file_that_is_no_store(run, config):
    (config.parent / "data").mkdir()
    (config.parent / "data" / "p.db").write_text("no database at all, but long enough to look like one" * 20)
    result = run("key", "list", "--config", config)
    assert result.exit_code == 1
    assert "p.db" in result.stderr


def kept(number, body):
    headers = {"content-type": "application/json"}
    return Kept(f"raw_{number}", "bot", "malformed: update_id", CLOCK.now(), "POST", "/hooks/bot", headers, body)


def test_kept_requests_are_shown(run, config):
    async def keep(store):
        await store.keep(kept(1, b"{}"))
        await store.keep(kept(2, 'caf\xe9 \x1b[31m\nand "so" on'.encode() + b"\xff"))

    asyncio.run(with_store(config, keep))
    listed = run("kept", "list", "--config", config).stdout.splitlines()
    assert [(*line.split(),)[:1] + (*line.split(),)[3:4] for line in listed] == [
        ("ID", "BYTES"), ("raw_2", "24"), ("raw_1", "2"),
    ]  # fmt: skip
    one = run("kept", "list", "--config", config, "--limit", "1")
    assert "--before raw_2" in one.stderr
    assert "raw_1" in run("kept", "list", "--config", config, "--before", "raw_2").stdout
    shown = run("kept", "show", "raw_2", "--config", config).stdout
    assert "POST /hooks/bot\ncontent-type: application/json\n\n" in shown
    assert shown.endswith('café \\x1b[31m\nand "so" on\\xff\n')
    missing = run("kept", "show", "raw_3", "--config", config)
    assert (missing.exit_code, "raw_3" in missing.stderr) == (1, True)


UPDATE = (
    b'{"update_id":900,"message":{"message_id":7,"date":1790000000,"from":{"id":42,"is_bot":false,"first_name":"Ann"},'
    b'"chat":{"id":42,"type":"private","first_name":"Ann"},"text":"hi"}}'
)


def a_kept(number, hook, body):
    return Kept(f"req_{number}", hook, "malformed", CLOCK.now(), "POST", f"/hooks/{hook}", {}, body)


async def keep_some(store):
    await store.keep(a_kept(1, "bot", UPDATE))
    await store.keep(a_kept(2, "bot", b"{broken"))
    await store.keep(a_kept(3, "gone", UPDATE))


def test_kept_requests_are_replayed_once(run, config):
    asyncio.run(with_store(config, keep_some))
    dry = run("replay", "--dry-run", "--config", config)
    assert dry.exit_code == 0
    lines = dry.stdout.splitlines()
    assert lines[0] == "req_1  bot  would be taken: 1 message"
    assert lines[1].startswith("req_2  bot  still kept: malformed for telegram")
    assert lines[2] == "req_3  gone  still kept: no account has this hook any more"
    assert lines[3] == "1 would be taken, 2 kept; nothing was changed (--dry-run)"

    async def count(store):
        return await store.head(), len(await store.kept(10))

    assert asyncio.run(with_store(config, count)) == (0, 3)
    assert run("replay", "--hook", "bot", "--config", config).stdout.splitlines()[-1] == "1 taken, 1 kept"
    assert asyncio.run(with_store(config, count)) == (1, 2)
    again = run("replay", "--config", config)
    assert again.stdout.splitlines()[-1] == "2 kept"
    assert asyncio.run(with_store(config, count)) == (1, 2)


def test_what_was_taken_meanwhile_is_replayed_without_a_second_record(run, config):
    async def keep_twice(store):
        await store.keep(a_kept(1, "bot", UPDATE))
        await store.keep(a_kept(2, "bot", UPDATE))

    asyncio.run(with_store(config, keep_twice))
    assert run("replay", "--config", config).stdout.splitlines()[-1] == "2 taken"

    async def count(store):
        return await store.head(), len(await store.kept(10))

    assert asyncio.run(with_store(config, count)) == (1, 0)
    assert run("replay", "--config", config).stdout == "nothing is kept\n"


def test_many_kept_requests_are_replayed_oldest_first(run, config, monkeypatch):
    monkeypatch.setattr("gateway.commands.replay._PAGE", 2)

    async def keep_many(store):
        for number in range(1, 8):
            await store.keep(a_kept(number, "bot" if number != 4 else "gone", b"{broken"))

    asyncio.run(with_store(config, keep_many))
    lines = run("replay", "--config", config).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [*(f"req_{number}" for number in range(1, 8)), "7"]
    lines = run("replay", "--config", config, "--hook", "bot").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [*(f"req_{number}" for number in (1, 2, 3, 5, 6, 7)), "6"]


def test_a_hook_that_nobody_has_is_not_replayed(run, config):
    asyncio.run(with_store(config, keep_some))
    result = run("replay", "--hook", "bott", "--config", config)
    assert result.exit_code == 2
    assert 'no hook is named "bott"' in result.stderr


def test_a_connector_that_breaks_costs_only_its_request(run, config, monkeypatch):
    asyncio.run(with_store(config, keep_some))

    def broken(_heard):
        raise RuntimeError("secret words")

    monkeypatch.setattr("gateway.taking.shares", broken)
    result = run("replay", "--config", config)
    assert result.exit_code == 1
    assert "still kept: reading it broke: RuntimeError" in result.stdout
    assert "secret words" not in result.output


def test_nothing_kept(run, config):
    create_key(run, config)
    result = run("kept", "list", "--config", config)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "nothing is kept\n")
    assert run("key", "list", "--config", config).exit_code == 0


def test_rebuild(run, config):
    create_key(run, config)
    result = run("rebuild", "--config", config)
    assert (result.exit_code, result.stdout) == (0, "rebuilt every view from 0 records\n")
    assert run("key", "list", "--config", config).stdout.count("\n") == 2


def test_rebuild_refuses_beside_a_server(run, config):
    create_key(run, config)
    with locked(config.parent / "data" / "p.db"):
        result = run("rebuild", "--config", config)
    assert result.exit_code == 1
    assert "stop it first" in result.stderr


def test_a_mistake_of_ours_is_told_without_secrets(config, monkeypatch):
    async def broken(*_):
        raise RuntimeError(f"what {SECRET} is this")

    monkeypatch.setattr(SqliteStore, "keys", broken)
    create = CliRunner().invoke(app, ["key", "create", "x", "--scope", "read", "--config", str(config)])
    assert create.exit_code == 0
    result = CliRunner().invoke(app, ["key", "list", "--config", str(config)])
    assert result.exit_code == 1
    assert "this is a mistake of ours" in result.stderr
    assert "RuntimeError: what [secret] is this" in result.stderr
