"""Forgetting what need not be kept for ever."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime

from gateway.adapters.instants import millis
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching


class PruningPart:
    """Implements ``prune`` of ``gateway.ports.Store``."""

    _collections: Collections

    @abstractmethod
    async def _views_at_head(self) -> None:
        """Wait until the views say all that the log says now."""

    async def prune(self, now: datetime, before: datetime) -> int:
        """See ``gateway.ports.Store``. Waits for the views, which say what is still to be sent."""
        await self._views_at_head()
        ours = self._collections
        with reaching():
            gone = (await ours.kept.delete_many({"at": {"$lt": millis(before)}})).deleted_count
            gone += (await ours.unmatched.delete_many({"at": {"$lt": millis(before)}})).deleted_count
            gone += (await ours.sessions.delete_many({"expires_at": {"$lt": millis(now)}})).deleted_count
            await ours.ended.delete_many(
                {"expires_at": {"$lt": millis(now)}}
            )  # only after the sessions that they ended
            unsettled = [one["_id"] for one in await ours.unsettled.find({}, {"_id": 1}).to_list()]
            settled = {"started_at": {"$lt": millis(before)}, "message": {"$nin": unsettled}}
            gone += (await ours.attempts.delete_many(settled)).deleted_count
            await ours.answers.delete_many(settled)  # and what comes back later still, the next time
        return gone
