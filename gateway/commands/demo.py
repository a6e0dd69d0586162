"""``passerelle demo``: everything on one machine, with no account anywhere."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
import yaml
from aiohttp import web
from rich.console import Console

from agent_api.auth import digest
from agent_api.passwords import hashed
from gateway import assembly, logs
from gateway.adapters.sqlite import locked
from gateway.commands.common import CLOCK, Failure, loaded, run
from gateway.commands.providers import connect_account
from gateway.commands.sample import write_samples
from gateway.commands.serve import bound, listening, stopping
from gateway.commands.simulated import ACCOUNTS, Simulated, configure
from gateway.config import Account, Config, hook_url
from gateway.ports import Agent, Session, Store

HOST = "127.0.0.1"
EMAIL = "demo@example.com"

_LINK_LASTS = timedelta(days=1)
_TRIES = 10
_ABOUT = (
    "# Written anew by `passerelle demo` at each start. `passerelle key create … --config` works with it meanwhile.\n"
)


def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes any free port.")] = 8080,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder that keeps the demo; delete it to start anew.")
    ] = Path("demo-data"),
) -> None:
    """Try everything on this machine, with no account anywhere: the providers are simulated, on loopback only."""
    data.mkdir(parents=True, exist_ok=True)
    file = data / "demo.yaml"
    with locked(data / "passerelle.db"):
        _write(file, _free(port))
        config = loaded(file)
        logs.setup(CLOCK, logs.secrets_of(config))
        run(_demo(config, data))


def _free(port: int) -> int:
    """The port, or any free one for 0; raises Failure when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            what = f"cannot listen on {HOST}, port {port}: {error.strerror}"
            raise Failure(what, "stop what listens there, or take another one: passerelle demo --port 0") from None
        number: int = probe.getsockname()[1]
        return number


def _write(file: Path, port: int) -> None:
    """The demo's configuration, with the secrets of the last time."""
    here = f"http://{HOST}:{port}"
    kept = _kept(file)
    accounts = {one.account: one.configuration(here, _secrets(one, kept)) for one in ACCOUNTS}
    content = {
        "http": {"host": HOST, "port": port, "public_url": here},
        "store": "sqlite:passerelle.db",
        "accounts": accounts,
    }
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(_ABOUT + yaml.safe_dump(content, sort_keys=False))
    new.replace(file)


def _kept(file: Path) -> dict[str, Any]:
    """The accounts of the last time; none when there was none, or when nobody can read them."""
    try:
        accounts = yaml.safe_load(file.read_text())["accounts"]
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return {}
    return accounts if isinstance(accounts, dict) else {}


def _secrets(one: Simulated, kept: dict[str, Any]) -> dict[str, str]:
    """An account's secrets: those of the last time, else new ones. A bot's token begins with its number."""
    known = kept.get(one.account)
    known = known if isinstance(known, dict) else {}
    made = {name: CLOCK.secret() for name in one.secrets}
    if one.channel == "telegram":
        made["token"] = f"{one.end}:{made['token']}"
    return {name: str(known.get(name) or made[name]) for name in one.secrets}


async def _demo(config: Config, data: Path) -> None:
    from gateway import simulator  # noqa: PLC0415 - the other commands need not wait for it

    def add_simulator(app: web.Application) -> None:
        app.add_subapp("/simulator", simulator.create_app(data / "simulator", clock=CLOCK.now))

    with stopping() as stop, bound(config):
        later = await _introduced(config, data)
        async with assembly.running(config, extra=add_simulator) as server:
            listening(server.url)
            for account in later:
                await _connect(config, account)
            link = await _sign_in_link(server.store)
            if await server.store.head() == 0:
                async with aiohttp.ClientSession() as session:
                    await write_samples(session, f"{server.url}/simulator")
            _welcome(server.url, link, config.path, data)
            await stop.wait()


async def _sign_in_link(store: Store) -> str:
    """The secret of a link that signs in, once, as the demo's agent."""
    agent = await store.agent_by_email(EMAIL)
    if agent is None:
        agent = Agent(CLOCK.new_id("agt"), EMAIL, "Demo agent", "admin", hashed(CLOCK.secret()))
        await store.add_agent(agent)
    link = CLOCK.secret()
    logs.hide(link)
    await store.add_session(Session(digest(link), agent.id, CLOCK.now() + _LINK_LASTS, "link"))
    return link


async def _introduced(config: Config, data: Path) -> list[Account]:
    """Tell the simulated providers what one would enter there by hand, and register the hooks that have a call.

    It comes before the gateway, which looks after its accounts as soon as it is there, and the providers are quiet
    meanwhile. The accounts whose provider would not take a hook that does not answer yet are given back.
    """
    from gateway.simulator.program import listening as providers  # noqa: PLC0415 - the other commands need not wait

    secrets, later = _kept(config.path), []
    where = (config.http.host, config.http.port)
    async with (
        providers(data / "simulator", CLOCK.now, host=where[0], port=where[1], quiet=True) as url,
        aiohttp.ClientSession() as session,
    ):
        for one in ACCOUNTS:
            account = config.accounts[one.account]
            await configure(session, url, one, one.form(hook_url(config, account), _secrets(one, secrets)))
            if account.connector.connect is not None and not await _connected(config, account):
                later.append(account)
    return later


async def _connected(config: Config, account: Account) -> bool:
    try:
        await connect_account(config, account)
    except Failure:
        return False
    return True


async def _connect(config: Config, account: Account) -> None:
    for tried in range(1, _TRIES + 1):
        try:
            await connect_account(config, account)
        except Failure:
            if tried == _TRIES:
                raise
            await CLOCK.sleep(0.1 * tried)
        else:
            return


def _welcome(url: str, link: str, file: Path, data: Path) -> None:
    out = Console(soft_wrap=True, highlight=False)
    rows = [
        ("Inbox", f"{url}/inbox/#link={link}", "answer as an agent; the link signs you in, once"),
        ("Phone", f"{url}/simulator/", "write as a customer"),
        ("API", f"{url}/openapi.json", "every call"),
        ("", f"passerelle key create my-bot --scope agent --config {file}", "a key for it"),
        ("Data", f"{data}/", "delete it to start anew"),
    ]
    out.print("\n[bold]Passerelle is running[/bold], with every provider simulated on this machine.\n")
    for name, what, why in rows:
        out.print(f"  [bold]{name:<7}[/bold]{what}", markup=True)
        out.print(f"         [dim]{why}[/dim]")
    out.print("\nPress Ctrl-C to stop.")
