"""News that a process kept and could not apply is applied by whoever is given its account."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from toys.engine import Engine, engine
from toys.owning import Owned
from toys.world import ToyHttp, until

from gateway import intake
from gateway.ports import Unavailable
from gateway.recalling import Recalling
from normalizer.event import MessageDeleted
from normalizer.model import Message


async def test_it_is_applied_once_the_account_is_ours_and_the_store_is_there(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp()) as made:
        conversation = await made.hear()
        event = MessageDeleted(id="deleted:ann:1", identity="toy:ann", provider_id="ann:1", at=made.clock.now())
        await made.store.keep_unmatched("toy-one", "ann:1", event.id, event.model_dump_json())
        owned = Owned()
        recalling = Recalling(made.intake, made.accounts, made.clock, owned)
        await recalling.start()
        assert len(await made.store.waiting_news()) == 1
        asked, away = made.store.waiting_news, [True]

        async def waiting_news() -> object:
            if away.pop():
                raise Unavailable("away")
            return await asked()

        made.store.waiting_news = waiting_news  # type: ignore[assignment,method-assign] # away, once
        away.insert(0, False)
        owned.give("toy-one")
        await until(lambda: made.clock.waits)
        made.clock.turn(1)
        await until(lambda: made.records[-1].kind == "message.deleted")
        assert made.records[-1].stream == conversation
        await recalling.stop()


async def kept_about(made: Engine, count: int) -> None:
    """News about the first so many messages of a customer, which nobody has applied."""
    for number in range(1, count + 1):
        await made.hear(number)
        name = f"ann:{number}"
        event = MessageDeleted(id=f"deleted:{name}", identity="toy:ann", provider_id=name, at=made.clock.now())
        await made.store.keep_unmatched("toy-one", name, event.id, event.model_dump_json())


async def test_it_is_looked_for_a_few_side_by_side(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        count = 3 * intake._LOOKERS
        await kept_about(made, count)
        asked, asking, most = made.store.message_of, 0, 0
        full = asyncio.Event()

        async def message_of(name: str, provider_id: str) -> Message | None:
            nonlocal asking, most
            asking += 1
            most = max(most, asking)
            if asking == intake._LOOKERS:
                full.set()
            await full.wait()
            try:
                return await asked(name, provider_id)
            finally:
                asking -= 1

        made.store.message_of = message_of  # type: ignore[method-assign] # answers once so many have asked
        async with asyncio.timeout(30):
            await made.intake.start(made.accounts)
        assert most == intake._LOOKERS
        assert [record.kind for record in made.records].count("message.deleted") == count
        assert await made.store.unmatched("toy-one", [f"ann:{number}" for number in range(1, count + 1)]) == []


async def test_trouble_while_looking_is_told_and_nobody_looks_on(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await kept_about(made, 3 * intake._LOOKERS)
        asked = 0

        async def message_of(_name: str, _provider_id: str) -> None:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0)
            raise Unavailable("away")

        made.store.message_of = message_of  # type: ignore[assignment,method-assign] # away
        with pytest.raises(Unavailable, match="away"):
            await made.intake.start(made.accounts)
        assert asked <= intake._LOOKERS
        assert len(await made.store.waiting_news()) == 3 * intake._LOOKERS
