"""A snoozed conversation opens when its time comes, and not before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from toys.engine import AGENT, engine
from toys.world import until

from gateway.tasks import Background
from gateway.waking import Waking
from normalizer.conversation import changed
from normalizer.decision import Stamp
from normalizer.model import rfc3339


async def test_it_opens_when_its_time_comes(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear()
        later = rfc3339(made.clock.now() + timedelta(minutes=1))
        stamp = Stamp(made.clock.new_id("rec"), AGENT, made.clock.now(), "main")
        snoozed = {"status": "snoozed", "snoozed_until": later}
        await made.store.append(conversation, lambda view: changed(view, stamp, snoozed, None))
        waking = Background(Waking(made.store, made.clock).run, made.clock, "waking")
        await waking.start()
        await until(lambda: made.clock.waits)
        assert len(made.records) == 2
        made.clock.turn(61)
        await until(lambda: len(made.records) == 3)
        await waking.stop()
        assert (made.records[-1].kind, made.records[-1].by.kind) == ("conversation.opened", "system")
        found = await made.store.conversation(conversation)
        assert found is not None
        assert (found.status, found.snoozed_until) == ("open", None)
