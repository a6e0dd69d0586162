"""A cancellation can get lost on its way through a driver (``asyncio.wait_for`` of Python 3.11): stopping is not to hang."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from toys.channel import took
from toys.engine import engine
from toys.world import ToyHttp

from gateway.ports import Unsettled


async def test_delivery_stops_though_a_sender_does_not_hear_that_it_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=took("1"))) as made:
        said = await made.say(await made.hear(), "hi")
        asking, unsettled = asyncio.Event(), made.store.unsettled

        async def deaf(conversation: str | None = None) -> Sequence[Unsettled]:
            found = await unsettled(conversation)
            if conversation is None:
                return found
            asking.set()
            for _ in range(2):
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            later = made.clock.now() + timedelta(seconds=60)
            return [replace(one, send_at=later) for one in found]

        monkeypatch.setattr(made.store, "unsettled", deaf)
        delivery = made.delivery()
        await delivery.start()
        await asking.wait()
        async with asyncio.timeout(8):
            await delivery.stop()
        assert await made.status(said) == "queued"
