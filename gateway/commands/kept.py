"""``passerelle kept``: requests that could not be read or routed, without their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.commands.common import ConfigFile, Failure, group, loaded, opened, printable, run, say, table, tell
from gateway.config import Config
from gateway.ports import Kept, KeptEntry
from normalizer.model import rfc3339

app = group("Look at requests that were kept because they could not be read or routed.")


@app.command("list")
def list_(
    config: ConfigFile,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those kept before this one.")] = None,
) -> None:
    """List kept requests, newest first, secrets removed."""
    found = run(_kept(loaded(config), limit, before))
    if not found:
        tell("nothing is kept")
        return
    rows = [("ID", "AT", "HOOK", "BYTES", "WHY")]
    rows += [(one.id, rfc3339(one.at), one.hook, str(one.size), printable(one.why)) for one in found]
    table(rows)
    if len(found) == limit:
        tell(f"for more: --before {found[-1].id}")


async def _kept(config: Config, limit: int, before: str | None) -> Sequence[KeptEntry]:
    async with opened(config) as store:
        return await store.kept(limit, before)


@app.command()
def show(
    request: Annotated[str, typer.Argument(metavar="ID", help="As `kept list` shows it.")], config: ConfigFile
) -> None:
    """Show a kept request as it came, secrets removed."""
    one = run(_one(loaded(config), request))
    if one is None:
        raise Failure(f'no kept request is named "{request}"', "`passerelle kept list` shows them")
    say(f"{one.id}  {rfc3339(one.at)}  hook {one.hook}\nwhy: {printable(one.why)}\n")
    say(printable(f"{one.method} {one.path}"))
    for name, value in one.headers.items():
        say(printable(f"{name}: {value}"))
    say()
    say(printable(one.body.decode(errors="backslashreplace")))


async def _one(config: Config, kept_id: str) -> Kept | None:
    async with opened(config) as store:
        return await store.kept_one(kept_id)
