"""A store as what it is made of: rows that look the same whichever engine they are in, read and written many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Row = Mapping[str, Any]
"""A thing as JSON can say it: times in milliseconds since 1970, bytes in Base64."""

TABLES = (
    "bindings",
    "files",
    "attempts",
    "kept",
    "unmatched",
    "keys",
    "agents",
    "sessions",
    "settings",
    "records",
)
"""Everything durable but leases, which are of processes that run; and views, which are folded anew.

Records come last: a store that was copied in part has nothing that could be folded.
"""
FIELDS: Mapping[str, tuple[str, ...]] = {
    "bindings": ("brand", "identity", "person", "conversation"),
    "files": (
        *("id", "brand", "state", "account", "conversation", "ref", "mime", "name", "size", "path", "why"),
        "look",
    ),
    "attempts": (
        *("id", "message", "step", "number", "name", "part", "started_at"),
        *("status", "headers", "body", "error", "never_sent"),
    ),
    "kept": ("id", "hook", "why", "at", "method", "path", "headers", "body", "accounts"),
    "unmatched": ("account", "event_id", "provider_id", "event", "at"),
    "keys": ("id", "name", "digest", "scope", "brands", "created_at", "revoked_at"),
    "agents": ("id", "email", "name", "role", "password", "brands"),
    "sessions": ("digest", "agent", "expires_at", "kind"),
    "settings": ("name", "value"),
    "records": (
        *("feed", "id", "stream", "seq", "key", "kind", "v", "brand", "account", "by_kind", "by_id", "by_name"),
        *("cause", "at", "received_at", "request", "data"),
    ),
}
"""The fields of a row of each table. ``headers``, ``brands``, ``look`` and ``accounts`` are JSON values, not texts;
a record's ``data`` is a text, as it was written by whichever version."""
PROGRESS = "copying"
"""The setting of the target that says how far copying has come; it is no row of ``settings``."""
PRIVATE = frozenset({PROGRESS, "trial"})
"""Settings that are a store's own and are not copied."""


class Placed(NamedTuple):
    """A row, and its place in the order in which its table is read."""

    place: str
    row: Row


class Copyable(Protocol):
    """A store that nobody else uses meanwhile."""

    async def start(self) -> None:
        """Open and migrate. Raises Unavailable."""

    async def stop(self) -> None:
        """Close."""

    async def settle(self) -> None:
        """Give every record its place in the feed, before it is read. Raises Unavailable."""

    async def count(self, table: str) -> int:
        """About how many rows a table has, for whoever watches."""

    async def rows(self, table: str, after: str, limit: int) -> Sequence[Placed]:
        """The rows after a place ("": from the first), in order; fewer than ``limit`` where they are large."""

    async def put(self, table: str, rows: Sequence[Row]) -> None:
        """Write rows, durable when this returns; those that are there already stay as they are. Raises Unavailable."""

    async def noted(self) -> str | None:
        """What ``note`` was last given."""

    async def note(self, progress: str) -> None:
        """Remember how far copying into this store has come, durable when this returns."""
