"""``passerelle agent``: who signs in to the inbox."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Literal

import typer

from agent_api.passwords import hashed
from gateway.commands.common import CLOCK, WRONG, ConfigFile, Failure, group, loaded, opened, run, say
from gateway.config import Config
from gateway.ports import Agent

app = group("Make inbox logins.")

Role = Literal["agent", "supervisor", "admin"]
SHORTEST, LONGEST = 8, 1024
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}")


@app.command()
def create(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="The name that colleagues see.")],
    role: Annotated[Role, typer.Option(help="What this agent may do.")],
    config: ConfigFile,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")
    ] = False,
) -> None:
    """Make an inbox login; asks for the password twice. A running server knows it at once."""
    settings = loaded(config)
    if not _EMAIL.fullmatch(email):
        raise typer.BadParameter("an e-mail address is wanted, such as ann@example.com", param_hint="EMAIL")
    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("a name of printable characters is wanted", param_hint="--name")
    password = hashed(_password(password_stdin))
    run(_add(settings, Agent(CLOCK.new_id("agt"), email, name.strip(), role, password)))
    say(f"made the login {email} ({role})")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        try:
            text = sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Failure("the password on standard input is not UTF-8 text", code=WRONG) from None
    elif sys.stdin.isatty():
        text = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise Failure("there is no terminal to ask for a password", "give it with --password-stdin", WRONG)
    if not SHORTEST <= len(text) <= LONGEST:
        raise Failure(f"the password has {len(text)} characters", f"choose one of {SHORTEST} to {LONGEST}", WRONG)
    return text


async def _add(config: Config, agent: Agent) -> None:
    async with opened(config, make=True) as store:
        if not await store.add_agent(agent):
            raise Failure(f"{agent.email} has a login already", "choose another address")
