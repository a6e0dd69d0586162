"""``passerelle key``: the API's keys, of which only a digest is kept."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from agent_api.auth import digest
from gateway import config_values as values
from gateway.commands.common import CLOCK, ConfigFile, Failure, group, loaded, opened, run, say, table, tell
from gateway.config import Config
from gateway.ports import Key
from normalizer.model import rfc3339

app = group("Make, list and revoke keys of the API.")

Scope = Literal["read", "agent", "admin"]
_LONGEST = 80


@app.command()
def create(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What the key is for; it names its holder wherever it acts.")
    ],
    scope: Annotated[Scope, typer.Option(help="read reads; agent answers too; admin manages too.")],
    config: ConfigFile,
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand; may be repeated. Default: all.")] = None,
) -> None:
    """Make a key and print it, this once, on the last line of standard output. A running server takes it at once."""
    settings = loaded(config)
    brands = _brands(settings, brand or [])
    if not (0 < len(name) <= _LONGEST and name.isprintable() and name == name.strip()):
        raise typer.BadParameter(f"a key's name is 1 to {_LONGEST} printable characters", param_hint="NAME")
    text = f"pk_{CLOCK.secret()}"
    key = Key(CLOCK.new_id("key"), name, digest(text), scope, brands, CLOCK.now())
    run(_add(settings, key))
    of = f" for {', '.join(brands)}" if brands else ""
    tell(f"made the key {name} (scope {scope}{of}); it is shown this once:")
    say(text)


async def _add(config: Config, key: Key) -> None:
    async with opened(config, make=True) as store:
        if not await store.add_key(key):
            raise Failure(f'a key named "{key.name}" is in use already', "choose another name, or revoke it first")


def _brands(config: Config, names: list[str]) -> tuple[str, ...] | None:
    for name in names:
        try:
            values.name(name)
        except ValueError as error:
            raise typer.BadParameter(f"a brand's name {error}", param_hint="--brand") from None
        if name not in {account.brand for account in config.accounts.values()}:
            tell(f"note: no account in {config.path} is of the brand {name}")
    return tuple(dict.fromkeys(names)) or None


@app.command("list")
def list_(config: ConfigFile) -> None:
    """List all keys, revoked ones too. The keys themselves are not kept anywhere."""
    keys = run(_keys(loaded(config)))
    if not keys:
        tell("there are no keys; `passerelle key create` makes one")
        return
    rows = [("NAME", "SCOPE", "BRANDS", "MADE", "REVOKED", "ID")]
    for key in keys:
        revoked = rfc3339(key.revoked_at) if key.revoked_at else "-"
        brands = ",".join(key.brands) if key.brands else "all"
        rows.append((key.name, key.scope, brands, rfc3339(key.created_at), revoked, key.id))
    table(rows)


async def _keys(config: Config) -> list[Key]:
    async with opened(config) as store:
        return list(await store.keys())


@app.command()
def revoke(name: Annotated[str, typer.Argument(metavar="NAME", help="The key's name.")], config: ConfigFile) -> None:
    """Revoke a key. A running server refuses it at once."""
    run(_revoke(loaded(config), name))
    say(f"revoked the key {name}")


async def _revoke(config: Config, name: str) -> None:
    async with opened(config) as store:
        if not await store.revoke_key(name, CLOCK.now()):
            raise Failure(f'no key in use is named "{name}"', "`passerelle key list` shows them")
