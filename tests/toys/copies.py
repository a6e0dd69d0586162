"""A store with a bit of everything, told through its port, and all of it read back through the port."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "ports"))

from store_kit import AT, append, history, received

from connectors.api import Answer
from gateway.ports import Agent, Attempt, Kept, KeptFile, Key, Look, Session, Store, Wanted
from normalizer.decision import Place

__all__ = ["AT", "LATER", "append", "fill", "received", "relayed", "told"]

LATER = AT + timedelta(days=1)


async def fill(store: Store) -> None:
    """Something in every table, and what only looks alike."""
    await history(store)
    for who in ("ann", "bob", "cid", "dee", "eve"):
        await store.bind("main", f"telegram:{who}", Place(f"per_{who}", f"cnv_{who}"))
    await store.bind("shop", "telegram:with a space", Place("per_space", "cnv_space"))
    answer = Answer(200, {"X-b": "y", "a": "é"}, b"\x00\xff")
    for number, ending in enumerate(
        ({"answer": answer}, {"error": "reset"}, {"error": "refused", "never_sent": True}, None)
    ):
        begun = Attempt(f"msg_r1:{number}:1", "msg_r1", number, 1, "sendMessage", 0, AT)
        await store.begin(begun)
        if ending is not None:
            ended: Any = ending
            await store.finish(Attempt(begun.id, "msg_r1", number, 1, "sendMessage", 0, AT, **ended))
    await store.keep(
        Kept("req_1", "bot", "malformed", AT, "POST", "/hooks/bot", {"b": "c", "a": "b"}, b"\x00{", ("a", "b"))
    )
    await store.keep(Kept("req_2", "bot", "malformed", AT, "POST", "/hooks/bot", {}, b""))
    await store.keep_unmatched("bot", "out-9", "receipt:9:read", '{"x": 1}')
    await store.add_file(KeptFile("med_up", "main", "kept", mime="image/png", size=7, path="up/med_up"))
    await store.note_look("med_up", Look(640, 480, 1.5, thumbnail=True))
    await store.add_file(KeptFile("med_gone", "main", "removed", why="erased"))
    for number, name in enumerate(("robot", "other", "robot", "robot"), 1):
        await store.revoke_key(name, AT)
        await store.add_key(
            Key(f"key_{number}", name, f"digest {number}", "agent", ("main",) if number % 2 else None, AT)
        )
    await store.revoke_key("other", LATER)
    await store.add_agent(Agent("agt_1", "Grace@example.com", "Grace", "admin", "$argon2id$"))
    await store.add_agent(Agent("agt_2", "ada@example.com", "Ada", "agent", "$argon2id$2", ("main", "shop")))
    for name in ("one", "two"):
        await store.add_session(Session(f"session {name}", "agt_1", LATER))
    await store.end_session("session one")
    await store.set_value("link key", "secret")
    await store.set_value("link key", "another secret")
    assert not await store.ready()
    await append(store, *(received(f"z{number}", f"w{number % 7}", number) for number in range(60)))


@asynccontextmanager
async def relayed(store: Store) -> AsyncIterator[None]:
    """With somebody who numbers its records, as a relay does."""

    async def number() -> None:
        while True:
            await store.number()
            await asyncio.sleep(0.01)

    task = asyncio.create_task(number())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told(store: Store) -> dict[str, Any]:
    """What the port tells of it; the store has a relay."""
    page = await store.conversations(Wanted(limit=200))
    conversations = [one.id for one in page.data]
    records = []
    while found := await store.feed(records[-1].feed if records else 0, 50):
        records.extend(found)
    kept = [await store.kept_one(one.id) for one in await store.kept(10)]
    return {
        "records": records,
        "conversations": list(page.data),
        "lines": [list((await store.lines(one, 200, None)).data) for one in conversations],
        "people": list((await store.people(None, None, 200, None)).data),
        "places": [
            await store.bind(brand, identity, Place("new", "new"))
            for brand, identity in (
                ("main", "telegram:ann"),
                ("shop", "telegram:with a space"),
                ("main", "telegram:nobody"),
            )
        ],
        "attempts": list(await store.attempts("msg_r1")),
        "kept": kept,
        "news": [list(await store.waiting_news()), list(await store.unmatched("bot", ["out-9"]))],
        "files": [await store.file(one) for one in ("med_up", "med_gone", "med_c1_0")],
        "keys": list(await store.keys()),
        "by digest": [await store.key_by_digest(f"digest {number}") for number in range(1, 5)],
        "agents": [await store.agent("agt_1"), await store.agent_by_email("ADA@example.com")],
        "sessions": [await store.session(f"session {name}", AT) for name in ("one", "two")],
        "settings": [await store.value(name) for name in ("link key", "nothing")],
        "unsettled": list(await store.unsettled()),
        "again": [await store.begin(Attempt(f"msg_r1:{n}:1", "msg_r1", n, 1, "sendMessage", 0, AT)) for n in range(4)],
    }
