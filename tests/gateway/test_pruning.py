"""What need not be kept for ever goes; what is still to be sent stays."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from toys.engine import engine
from toys.world import ToyClock, until

from gateway.ports import Attempt, Kept, Session, Unavailable
from gateway.pruning import Pruning
from gateway.tasks import Background, lasting


async def test_old_things_go_and_what_is_to_be_sent_stays(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        store, start = made.store, made.clock.now()
        queued = await made.say(await made.hear(), "still to be sent")
        for message in (queued, "msg_settled"):
            await store.begin(Attempt(f"{message}:0:1", message, 0, 1, "0:send", 0, start))
        await store.keep(Kept("req_1", "hook", "malformed", start, "POST", "/hooks/hook", {}, b""))
        await store.keep_unmatched("toy-one", "nobody:1", "receipt:1", "{}")
        await store.add_session(Session("digest", "agt_1", start + timedelta(days=7)))
        pruning = Background(Pruning(store, made.clock, timedelta(days=30)).run, made.clock, "pruning")
        made.clock.turn(31 * 86400)
        await pruning.start()
        await until(lambda: made.clock.waits)
        await pruning.stop()
        assert await store.kept(10) == []
        assert await store.waiting_news() == []
        assert await store.attempts("msg_settled") == []
        assert len(await store.attempts(queued)) == 1


async def test_files_are_seen_to_every_hour_whatever_the_store_says(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        tidied: list[float] = []

        async def tidy() -> int:
            tidied.append(made.clock.monotonic())
            if len(tidied) == 1:
                raise Unavailable("the disk is full")
            return 1

        pruning = Background(Pruning(made.store, made.clock, timedelta(days=30), tidy).run, made.clock, "pruning")
        await pruning.start()
        for hours in range(3):
            await until(lambda hours=hours: len(tidied) == hours + 1 and made.clock.waits)
            made.clock.turn(3600)
        await pruning.stop()
        assert len(tidied) >= 3


async def test_a_task_that_breaks_begins_again() -> None:
    clock, runs = ToyClock(), []

    async def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ZeroDivisionError
        await clock.sleep(1000)

    task = asyncio.create_task(lasting(work, clock, "test"))
    await until(lambda: clock.waits)
    clock.turn(1.1)
    await until(lambda: len(runs) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
