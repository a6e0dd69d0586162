"""Plays a scenario: the simulator started or found, the steps one after the other, the sums at the end."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from gateway.simulator.program import listening
from gateway.simulator.scenario.acts import Acts, Now
from gateway.simulator.scenario.expecting import expect
from gateway.simulator.scenario.load import load
from gateway.simulator.scenario.model import Scenario, Step
from gateway.simulator.scenario.stage import NotDone, Stage
from gateway.simulator.scenario.tally import Tally
from gateway.simulator.scenario.watch import Watch

LAST = 10.0  # seconds that the last webhooks have to be acknowledged
SHOWN = 60

Tell = Callable[[str], None]


async def play(scenario: Scenario, folder: Path, now: Now, tell: Tell, *, gateway: str = "") -> Tally:
    """Play it against the gateway at this address, or at the scenario's own; `folder` has the scenario's files.

    Raises NotDone when it cannot begin, and OSError when the simulator cannot listen. What fails on the way is
    in the tally, and the rest is played all the same.
    """
    tally = Tally()
    async with _simulator(scenario, folder, now) as url, aiohttp.ClientSession() as session:
        tell(f"simulator at {url}/")
        stage = Stage(session, url, scenario)
        await stage.open((gateway or scenario.gateway).rstrip("/"))
        watch = Watch(stage)
        await watch.begin()
        async with watch.looking():
            acts = Acts(stage, folder, now)
            for number, step in enumerate(scenario.steps, 1):
                await _one(stage, acts, watch, step, tally, _numbered(tell, number))
            await watch.until(watch.all_acknowledged, LAST)
        await watch.look()
        watch.count(tally)
    return tally


def _numbered(tell: Tell, number: int) -> Tell:
    return lambda line: tell(f"{number:>3}  {line}")


async def _one(stage: Stage, acts: Acts, watch: Watch, step: Step, tally: Tally, tell: Tell) -> None:
    """One step, its line and what came of it."""
    loop = asyncio.get_running_loop()
    began, more = loop.time(), ""
    try:
        if step.expect:
            await expect(stage, step.expect)
            tally.held += 1
        elif step.load:
            more = ": " + await load(stage, step.load, watch, acts.now, tell)
        else:
            await acts.act(step)
    except NotDone as problem:
        tally.failures.append(f"{told(step)}: {problem}")
        tell(f"FAILED  {told(step)}: {problem}")
    else:
        tell(f"{told(step)}{more}  ({loop.time() - began:.2f} s)")


def told(step: Step) -> str:
    """A step in a few words."""
    one = getattr(step, step.kind)
    if not hasattr(one, "model_fields_set"):
        return f"{step.kind} {one:g} s" if isinstance(one, float) else f"{step.kind} {one}"
    given = one.model_dump(by_alias=True, exclude_unset=True, exclude={"within", "name"})
    words = " ".join(f"{name} {str(value)[:SHOWN]!r}" for name, value in given.items() if value not in ("", None))
    return f"{step.kind} {words}"


@asynccontextmanager
async def _simulator(scenario: Scenario, folder: Path, now: Now) -> AsyncIterator[str]:
    place = scenario.simulator
    if place.url:
        yield place.url
        return
    if place.keep:
        async with listening(folder / place.keep, now, host=place.host, port=place.port) as url:
            yield url
        return
    seed = int(now().timestamp() * 1000)  # another one each time: the gateway remembers the last numbers
    with tempfile.TemporaryDirectory(prefix="passerelle-") as passing:
        async with listening(Path(passing), now, host=place.host, port=place.port, seed=seed) as url:
            yield url
