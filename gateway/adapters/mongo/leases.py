"""Leases: a document per epoch, inserted by whoever takes it; nothing is ever changed in one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pymongo.errors import DuplicateKeyError

from gateway.adapters.mongo.collection import Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching
from gateway.ports import Lease, Unavailable


class LeasesPart:
    """Implements ``gateway.ports.Leases``."""

    _collections: Collections

    async def leases(self) -> Sequence[Lease]:
        """See ``gateway.ports.Leases``. By name."""
        with reaching():
            found = await self._collections.leases.find().to_list()
        newest: dict[str, Lease] = {}
        for one in sorted(found, key=lambda one: (one["name"], one["epoch"])):
            newest[one["name"]] = Lease(one["name"], one["epoch"], one["holder"])
        return list(newest.values())

    async def take_lease(self, lease: Lease) -> bool:
        """See ``gateway.ports.Leases``.

        The insert alone is not enough for one who has slept so long that its epoch has been swept away: only whoever
        finds no later one after its own was written has it.
        """
        leases = self._collections.leases
        row: Document = {"_id": _id(lease), "name": lease.name, "epoch": lease.epoch, "holder": lease.holder}
        with reaching():
            try:
                await leases.insert_one(row)
            except DuplicateKeyError:
                return False
            later = await leases.find_one({"name": lease.name, "epoch": {"$gt": lease.epoch}})
            if later is not None:
                await leases.delete_one({"_id": row["_id"]})
                return False
        with suppress(Unavailable), reaching():  # it is taken all the same; the next one to be taken sweeps
            await leases.delete_many({"name": lease.name, "epoch": {"$lt": lease.epoch}})
        return True


def _id(lease: Lease) -> str:
    return f"{lease.name}:{lease.epoch:020d}"
