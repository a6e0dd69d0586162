"""The views emptied, so that the relay's next round folds every record anew."""

from __future__ import annotations

from gateway.adapters.mongo import exact
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.numbering import FOLDED
from gateway.adapters.mongo.states import REBUILDING
from gateway.adapters.mongo.trouble import reaching

VIEWS = ("conversations", "streams", "lines", "provider_ids", "people", "unsettled")
"""What is emptied and folded anew, in this order. Not ``identities``: whose one is, is bound before the first record
says so. Not ``files``, which keep what was fetched."""


async def empty(db: Collections) -> None:
    """Set the mark that has everybody read the log itself, then empty the views. Raises Unavailable.

    Interrupted anywhere, it leaves what the next relay folds to the same end: the conversations, which say what has
    been seen, go first.
    """
    found = await exact.one(db.meta, FOLDED)
    head = found["head"] if found else 0
    await exact.put(db.meta, REBUILDING, {"head": head})
    await exact.put(db.meta, FOLDED, {"n": 0, "head": head})
    with reaching():
        for name in VIEWS:
            await db.named(name).delete_many({})
