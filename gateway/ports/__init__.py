"""What the engine needs of the world: a store, a broker, an HTTP client, a clock. Nothing else does I/O."""

from __future__ import annotations

from typing import Protocol

from gateway.ports.keyring import (
    Agent,
    Key,
    Keyring,
    Session,
    Settings,
)
from gateway.ports.log import (
    Appended,
    CursorExpired,
    Decide,
    Log,
    Unavailable,
)
from gateway.ports.truths import (
    Attempt,
    Attempts,
    Files,
    Kept,
    KeptFile,
    Leftovers,
    MediaFolder,
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
    Broker,
    Clock,
    Download,
    Forbidden,
    Http,
    NeverSent,
    NoAnswer,
    Subscription,
)

__all__ = [
    "Agent",
    "Appended",
    "Attempt",
    "Attempts",
    "Broker",
    "Clock",
    "ConversationPage",
    "CursorExpired",
    "Decide",
    "Download",
    "Files",
    "Forbidden",
    "Http",
    "Kept",
    "KeptFile",
    "Key",
    "Keyring",
    "Leftovers",
    "LinePage",
    "Log",
    "MediaFolder",
    "NeverSent",
    "NoAnswer",
    "PersonPage",
    "Session",
    "Settings",
    "Store",
    "Subscription",
    "Unavailable",
    "Unsettled",
    "Views",
    "Wanted",
]


class Store(Log, Views, Attempts, Leftovers, Files, Keyring, Settings, Protocol):
    """Everything durable."""

    async def start(self) -> None:
        """Open, migrate and catch up. Raises Unavailable."""

    async def stop(self) -> None:
        """Finish what is under way and close."""

    async def ready(self) -> str:
        """Empty when durable writes work; otherwise why not."""
