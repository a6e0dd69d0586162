"""``passerelle simulate``: customers by script, against a gateway that runs; for integrators' tests and for load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.common import CLOCK, FAILED, WRONG, Failure, printable, run, say, tell
from gateway.config_file import ConfigErrors

if TYPE_CHECKING:
    from gateway.simulator.scenario import Scenario, Tally


def simulate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scenario (YAML).")],
    base: Annotated[
        str, typer.Option(metavar="URL", help="The gateway's address, in place of the one in the file.")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say whether the file is right.")] = False,
) -> None:
    """Play a scenario: simulated customers write to a gateway that runs, and expect its answers."""
    scenario = _read(file)
    if check:
        say(f"{file}: {len(scenario.steps)} steps, nothing wrong")
        return
    tally = run(_played(scenario, file.parent, base))
    say()
    for line in tally.lines():
        say(line)
    if not tally.good:
        raise typer.Exit(FAILED)


def _read(file: Path) -> Scenario:
    from gateway.simulator import scenario as script  # noqa: PLC0415 - the other commands need not wait for it

    try:
        return script.read(file, os.environ)
    except ConfigErrors as error:
        count = len(error.problems)
        raise Failure(str(error), f"{count} problem{'s' if count > 1 else ''} in the scenario", WRONG) from None


async def _played(scenario: Scenario, folder: Path, base: str) -> Tally:
    from gateway.simulator import scenario as script  # noqa: PLC0415 - likewise
    from gateway.simulator.scenario.stage import NotDone  # noqa: PLC0415 - likewise

    def told(line: str) -> None:
        tell(printable(line))

    try:
        return await script.play(scenario, folder, CLOCK.now, told, gateway=base)
    except NotDone as problem:
        raise Failure(str(problem), "see simulator and accounts in the scenario") from None
    except OSError as problem:
        where = f"{scenario.simulator.host}, port {scenario.simulator.port}"
        what = f"the simulator cannot listen on {where}: {problem.strerror or problem}"
        raise Failure(what, "stop what listens there, or choose another simulator.port") from None
