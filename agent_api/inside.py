"""What the agent API is given, and what its routes share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from agent_api.auth import Door
from agent_api.live import Hub
from agent_api.signin import SignIn
from gateway.changes import Changes
from gateway.config import Account
from gateway.frames import Frames
from gateway.ports import Broker, Clock, KeptFile, Store
from gateway.replies import Replies


class Shelf(Protocol):
    """Where files are (``gateway.media.Media``)."""

    async def upload(self, brand: str, name: str, chunks: AsyncIterator[bytes]) -> KeptFile:
        """Keep a file; raises TooLarge."""

    async def wait(self, media_id: str, seconds: float) -> KeptFile | None:
        """The file, once its fetch has ended or the time is over."""

    def path(self, file: KeptFile) -> Path:
        """Its bytes on disk."""

    def served(self, file: KeptFile) -> Mapping[str, str]:
        """The headers that it is given out with."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The parts of the gateway that stand behind the agent API. ``listening`` is the address and port listened on."""

    store: Store
    broker: Broker
    replies: Replies
    media: Shelf
    clock: Clock
    accounts: Mapping[str, Account]
    answer_within: timedelta
    public_url: str | None
    listening: Callable[[], tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Api:
    """What every route may use."""

    inside: Inside
    door: Door
    sign_in: SignIn
    changes: Changes
    frames: Frames
    hub: Hub
    document: bytes
