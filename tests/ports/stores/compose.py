"""Composes ``v<n>.sql``: a store of the present version with a bit of everything, as SQL. Run once per version.

``python tests/ports/stores/compose.py`` writes the file of the newest version, unless it is there: what has shipped is
never composed again.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from store_kit import AT, SqliteHouse, history

from connectors.api import Answer
from gateway.adapters.sqlite import schema
from gateway.ports import Agent, Attempt, Kept, KeptFile, Key, Lease, Look, Session
from normalizer.decision import Place

HERE = Path(__file__).parent


async def compose(folder: Path) -> str:
    """The dump of a store with a history."""
    house = SqliteHouse(folder)
    store = await house.open()
    await history(store)
    await store.bind("main", "telegram:silent", Place("per_silent", "cnv_silent"))
    attempt = Attempt("msg_r1:1:1", "msg_r1", 1, 1, "sendMessage", 0, AT, Answer(200, {"x": "y"}, b"{}"))
    await store.begin(attempt)
    await store.finish(attempt)
    await store.keep(Kept("raw_1", "bot", "malformed", AT, "POST", "/hooks/bot", {"a": "b"}, b"\x00{"))
    await store.keep_unmatched("bot", "out-9", "receipt:9:read", "{}")
    await store.add_file(KeptFile("med_up", "main", "kept", mime="image/png", size=7, path="up/med_up"))
    await store.note_look("med_up", Look(640, 480, thumbnail=True))
    await store.add_key(Key("key_1", "robot", "digest", "agent", ("main",), AT))
    await store.add_agent(Agent("agt_1", "grace@example.com", "Grace", "admin", "$argon2id$"))
    await store.add_session(Session("session", "agt_1", AT))
    await store.set_value("link key", "secret")
    for epoch in (1, 2):
        await store.take_lease(Lease("relay", epoch, "gw-1"))
    await house.close()
    db = sqlite3.connect(house.path)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        return "\n".join((*db.iterdump(), f"PRAGMA user_version = {version};\n"))
    finally:
        db.close()


def main() -> None:
    target = HERE / f"v{len(schema.MIGRATIONS)}.sql"
    if target.exists():
        sys.exit(f"{target.name} is there already")
    with tempfile.TemporaryDirectory() as folder:
        target.write_text(asyncio.run(compose(Path(folder))))


if __name__ == "__main__":
    main()
