"""Leases: inserted, never changed, the newest few of each name kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from gateway.adapters.sqlite.access import Access
from gateway.ports import Lease

_KEPT = 10
"""Epochs of a name that stay, for whoever wants to see who held it before."""


def leases(db: sqlite3.Connection) -> Sequence[Lease]:
    """The newest lease of every name."""
    found = db.execute("SELECT name, max(epoch), holder FROM leases GROUP BY name ORDER BY name")
    return [Lease(*one) for one in found]  # beside max(), SQLite gives the other columns of the row that has it


def take(db: sqlite3.Connection, lease: Lease) -> bool:
    """Insert it; False if its epoch, or a later one, is somebody's already."""
    later = "SELECT 1 FROM leases WHERE name = :name AND epoch >= :epoch"
    insert = f"INSERT INTO leases SELECT :name, :epoch, :holder WHERE NOT EXISTS ({later})"
    if db.execute(insert, lease._asdict()).rowcount == 0:
        return False
    db.execute("DELETE FROM leases WHERE name = ? AND epoch <= ?", (lease.name, lease.epoch - _KEPT))
    return True


class Leases(Access):
    """Implements ``gateway.ports.Leases``."""

    async def leases(self) -> Sequence[Lease]:
        """See ``gateway.ports.Leases``."""
        return await self._read(leases)

    async def take_lease(self, lease: Lease) -> bool:
        """See ``gateway.ports.Leases``."""
        return await self._writer.run(lambda db: take(db, lease))
