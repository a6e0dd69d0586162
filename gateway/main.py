"""The composition root: the one module that knows every command."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from gateway.commands import agents, connector, events, kept, keys, providers
from gateway.commands.common import group, say
from gateway.commands.copy import copy_store
from gateway.commands.demo import demo
from gateway.commands.rebuild import rebuild
from gateway.commands.replay import replay
from gateway.commands.serve import serve
from gateway.commands.simulate import simulate

app = group("Passerelle: every channel in, one conversation, one agent API out.")


def _version(asked: bool) -> None:
    if asked:
        try:
            say(f"passerelle {version('passerelle')}")
        except PackageNotFoundError:
            say("passerelle, not installed")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Say the version, and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Passerelle: every channel in, one conversation, one agent API out."""


app.command()(demo)
app.command()(serve)
app.command()(simulate)
app.command()(providers.check)
app.add_typer(keys.app, name="key")
app.add_typer(agents.app, name="agent")
app.command()(providers.connectors)
app.command()(providers.connect)
app.add_typer(connector.app, name="connector")
app.add_typer(kept.app, name="kept")
app.add_typer(events.app, name="events")
app.command()(replay)
app.command("copy")(copy_store)
app.command()(rebuild)


def main() -> None:
    """The console script."""
    app(prog_name="passerelle")


if __name__ == "__main__":
    main()
