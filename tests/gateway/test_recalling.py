"""News that a process kept and could not apply is applied by whoever is given its account."""

from __future__ import annotations

from pathlib import Path

from toys.engine import engine
from toys.owning import Owned
from toys.world import ToyHttp, until

from gateway.ports import Unavailable
from gateway.recalling import Recalling
from normalizer.event import MessageDeleted


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
