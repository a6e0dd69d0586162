"""The embedded store: one SQLite file, one writer, views behind the log. See docs/adr/0002-sqlite-log.md."""

from gateway.adapters.sqlite.connection import InUse, locked
from gateway.adapters.sqlite.store import SqliteStore

__all__ = ["InUse", "SqliteStore", "locked"]
