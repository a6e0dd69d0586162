"""Many customers at once: each message at its time, whatever has become of the others."""

import asyncio
from collections.abc import Callable

from gateway.simulator.scenario.acts import Now
from gateway.simulator.scenario.model import Customer, Load
from gateway.simulator.scenario.stage import Chat, NotDone, Sent, Stage
from gateway.simulator.scenario.watch import Watch

AT_ONCE = 100  # requests to the simulator
REPORT = 5.0  # seconds between two lines of progress
NUMBERED = "{n}"


class Crowd:
    """The customers of a load, and what they say."""

    def __init__(self, stage: Stage, load: Load, now: Now) -> None:
        self._stage, self._load, self._now = stage, load, now
        self._room = asyncio.Semaphore(AT_ONCE)
        self._chats: list[Chat] = []
        self.failed: list[str] = []
        self.done = 0

    async def gather(self) -> None:
        """Make the customers."""
        customers = (Customer(name=f"Customer {n}", account=self._load.account) for n in range(self._load.customers))
        self._chats = await asyncio.gather(*(self._made(customer) for customer in customers))

    async def _made(self, customer: Customer) -> Chat:
        async with self._room:
            return await self._stage.person("", customer)

    async def write(self, tell: Callable[[str], None]) -> float:
        """Write at the wanted rate; how many a second it really was."""
        loop = asyncio.get_running_loop()
        began, told = loop.time(), loop.time()
        tasks: set[asyncio.Task[None]] = set()
        total = round(self._load.lasting * self._load.per_second)
        for number in range(max(1, total)):
            wait = began + number / self._load.per_second - loop.time()
            await asyncio.sleep(max(0.0, wait))
            await self._room.acquire()
            task = asyncio.create_task(self._one(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if loop.time() - told > REPORT:
                told = loop.time()
                tell(f"    {self.done} of {total} written")
        await asyncio.gather(*tasks)
        return self.done / max(loop.time() - began, 0.001)

    async def _one(self, number: int) -> None:
        chat = self._chats[number % len(self._chats)]
        text = self._load.text.replace(NUMBERED, str(number + 1))
        wants = self._load.answer.replace("{text}", text).replace(NUMBERED, str(number + 1)) or None
        at = self._now().timestamp()
        try:
            made = await self._stage.deed(chat, "messages", {"text": text})
        except NotDone as problem:
            self.failed.append(str(problem))
        else:
            self._stage.sent.append(Sent(chat, made["update_id"], at, wants))
            self.done += 1
        finally:
            self._room.release()


async def load(stage: Stage, step: Load, watch: Watch, now: Now, tell: Callable[[str], None]) -> str:
    """Put the load on and wait for what it is owed; a sentence about it. Raises NotDone when something is missing."""
    crowd = Crowd(stage, step, now)
    await crowd.gather()
    rate = await crowd.write(tell)
    if crowd.failed:
        raise NotDone(f"{len(crowd.failed)} messages could not be written: {crowd.failed[0]}")
    if not await watch.until(watch.all_acknowledged, step.within):
        raise NotDone(f"not everything was acknowledged within {step.within:g} s")
    if not await watch.until(watch.all_answered, step.within):
        raise NotDone(f"not everything was answered within {step.within:g} s")
    return f"{crowd.done} messages, {rate:.1f} a second"
