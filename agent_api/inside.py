"""What the agent API is given, and what its routes share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from agent_api.auth import Door
from agent_api.live import Hub
from agent_api.signin import SignIn
from gateway.amending import Amending
from gateway.changes import Changes
from gateway.config import Account
from gateway.frames import Frames
from gateway.media import Media
from gateway.ports import Broker, Clock, Store
from gateway.replies import Replies
from gateway.states import States
from gateway.templates import Templates
from gateway.tracing import Tracer


@dataclass(frozen=True, slots=True)
class Inside:
    """The parts of the gateway that stand behind the agent API. ``listening`` is the address and port listened on."""

    store: Store
    broker: Broker
    replies: Replies
    amending: Amending
    states: States
    media: Media
    clock: Clock
    accounts: Mapping[str, Account]
    answer_within: timedelta
    public_url: str | None
    listening: Callable[[], tuple[str, int]]
    templates: Templates
    tracer: Tracer | None = None


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
    events: bytes
