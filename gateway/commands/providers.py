"""``passerelle check``, ``connectors`` and ``connect``: the configuration, and what the providers say of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from connectors import catalog
from connectors.api import Answer, Call, Connector, Health, Refused, powers
from gateway import steps
from gateway.adapters.http import AiohttpHttp
from gateway.commands.common import WRONG, ConfigFile, Failure, account_of, loaded, run, say, table
from gateway.config import Account, Config, hook_url, store_shown
from gateway.ports import Http, NeverSent, NoAnswer

T = TypeVar("T")


def check(
    file: Annotated[Path, typer.Argument(help="The configuration file.", metavar="FILE")],
    online: Annotated[bool, typer.Option("--online", help="Also ask every provider about our credentials.")] = False,
) -> None:
    """Validate a configuration: every error with its line, or a summary of what it says."""
    config = loaded(file)
    say(f"{file}: ok")
    say(f"  store   {store_shown(config)}")
    say(f"  listen  {config.http.host}, port {config.http.port or 'any'}")
    say(f"  public  {config.http.public_url or 'none: providers cannot be told where to call (http.public_url)'}")
    say(f"  accounts: {len(config.accounts) or 'none'}\n")
    accounts = config.accounts.values()
    if accounts:
        rows = [(one.name, one.channel, one.brand, hook_url(config, one)) for one in accounts]
        table([("ACCOUNT", "CONNECTOR", "BRAND", "HOOK"), *rows])
    if online and not run(_check_all(config)):
        raise typer.Exit(1)


async def _check_all(config: Config) -> bool:
    say()
    async with _http() as http:
        found = await asyncio.gather(*(_check(account, http) for account in config.accounts.values()))
    for account, health in zip(config.accounts.values(), found, strict=True):
        say(f"{account.name}: {'ok' if health.ok else 'FAILED'}: {health.detail}")
    return all(health.ok for health in found)


async def _check(account: Account, http: Http) -> Health:
    if account.connector.check is None:
        return Health(ok=True, detail=f"{account.channel} has no way to ask; credentials not tested")
    try:
        return await asked(account, account.connector.check(account.settings), http)
    except Failure as failure:
        return Health(ok=False, detail=str(failure).replace("\n", "; "))


async def asked(account: Account, calls: Generator[Call, Answer, T], http: Http) -> T:
    """Make a connector's calls; raises Failure, in words, for whatever goes wrong."""
    try:
        return await steps.run(calls, http, account.connector.classify)
    except Refused as error:
        raise Failure(f"{account.channel} refused: {error.detail}", _todo(error)) from None
    except steps.Unsettled as error:
        raise Failure(f"{account.channel} did not do it: {error.outcome.detail}", "try again later") from None
    except NeverSent as error:
        todo = "see that this machine reaches it, and that `api` is right"
        raise Failure(f"{account.settings.base} cannot be reached: {error}", todo) from None
    except NoAnswer as error:
        raise Failure(f"{account.settings.base} did not answer: {error}", "try again later") from None


def _todo(error: Refused) -> str:
    return "see that the credentials are right" if error.code == "auth_expired" else ""


@asynccontextmanager
async def _http() -> AsyncIterator[Http]:
    async def nowhere(media: str) -> NoReturn:
        raise LookupError(media)

    http = AiohttpHttp(nowhere)
    await http.start()
    try:
        yield http
    finally:
        await http.stop()


def connectors() -> None:
    """List every connector found: name, version, limits and powers."""
    found = catalog.installed()
    if not found:
        raise Failure("no connector is installed", "install passerelle into this environment: pip install -e .")
    for one in found.values():
        say(f"{one.connector.name} {one.version} ({one.distribution})")
        for label, text in _described(one.connector):
            say(f"  {label:<8}{text}")


def _described(connector: Connector[Any]) -> list[tuple[str, str]]:
    limits = connector.limits
    choices = f"{limits.choices} choices of {limits.label} {limits.unit} (id {limits.choice_id} bytes)"
    return [
        ("text", f"{limits.text} {limits.unit}, captions {limits.caption}"),
        ("choices", choices if limits.choices else "none"),
        ("sends", ", ".join(sorted(limits.parts))),
        ("media", ", ".join(sorted(limits.media_types)) or "none"),
        ("pace", f"{connector.pace.per_second:g} a second, {connector.pace.per_chat:g} a second to one chat"),
        ("powers", ", ".join(powers(connector)) or "none"),
    ]


def connect(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")], config: ConfigFile
) -> None:
    """Register an account's hook at its provider, where the provider has an API for it."""
    settings = loaded(config)
    ours = account_of(settings, account)
    if settings.http.public_url is None and not ours.settings.polls:
        what = f"{settings.path}: http.public_url is missing, so the provider cannot be told where to call"
        raise Failure(what, "write the address under which the world reaches this server", WRONG)
    run(connect_account(settings, ours))
    if ours.settings.polls:
        say(f"{ours.name}: {ours.channel} is asked for news now, and calls no hook")
    else:
        say(f"{ours.name}: {ours.channel} now calls {hook_url(settings, ours)}")


async def connect_account(config: Config, account: Account) -> None:
    """Register an account's hook at its provider; raises Failure."""
    url = hook_url(config, account)
    if account.connector.connect is None:
        raise Failure(f"{account.channel} has no API to register a hook", f"give it this address by hand: {url}")
    async with _http() as http:
        await asked(account, account.connector.connect(url, account.settings), http)
