"""What the engine needs of the world: a store, a broker, an HTTP client, a clock. Nothing else does I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from gateway.ports.keyring import (
    Agent,
    Key,
    Keyring,
    Session,
    Settings,
)
from gateway.ports.leases import Lease, Leases
from gateway.ports.log import (
    Appended,
    CursorExpired,
    Decide,
    Log,
    Overtaken,
    Unavailable,
)
from gateway.ports.truths import (
    Attempt,
    Attempts,
    Files,
    Kept,
    KeptEntry,
    KeptFile,
    Leftovers,
    Look,
)
from gateway.ports.views import (
    ConversationPage,
    LinePage,
    PersonPage,
    Unsettled,
    Views,
    Wanted,
)
from gateway.ports.world import (
    Announcement,
    Broker,
    Clock,
    Download,
    Exchange,
    Forbidden,
    Http,
    NeverSent,
    NoAnswer,
    Subscription,
    Unsendable,
)

__all__ = [
    "Agent",
    "Announcement",
    "Appended",
    "Attempt",
    "Attempts",
    "Broker",
    "Clock",
    "ConversationPage",
    "CursorExpired",
    "Decide",
    "Download",
    "Exchange",
    "Files",
    "Forbidden",
    "Http",
    "Kept",
    "KeptEntry",
    "KeptFile",
    "Key",
    "Keyring",
    "Lease",
    "Leases",
    "Leftovers",
    "LinePage",
    "Log",
    "Look",
    "NeverSent",
    "NoAnswer",
    "Overtaken",
    "PersonPage",
    "Session",
    "Settings",
    "Store",
    "Subscription",
    "Unavailable",
    "Unsendable",
    "Unsettled",
    "Views",
    "Wanted",
]


class Store(Log, Views, Attempts, Leftovers, Files, Keyring, Settings, Leases, Protocol):
    """Everything durable."""

    async def start(self) -> None:
        """Open, migrate and catch up. Raises Unavailable."""

    async def stop(self) -> None:
        """Finish what is under way and close."""

    async def prune(self, now: datetime, before: datetime) -> int:
        """Forget kept requests, settled attempts and unmatched news from before, and sessions that ended; how many."""

    async def ready(self) -> str:
        """Empty when durable writes work; otherwise why not."""
