"""Which store, which broker and which place for traces a configuration means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.adapters.sqlite import SqliteStore
from gateway.config import Config, store_path
from gateway.ports import Clock, Exchange

if TYPE_CHECKING:
    from gateway.adapters.mongo import MongoStore
    from gateway.adapters.opentelemetry import OpenTelemetry


def store_of(config: Config, clock: Clock, *, alone: bool) -> SqliteStore | MongoStore:
    """The store, not started yet. ``alone`` says that a file is locked for this process."""
    if config.remote:
        from gateway.adapters.mongo import MongoStore  # noqa: PLC0415 - whoever has no MongoDB does not wait for its driver

        return MongoStore(config.store, clock, config.retention.feed)
    return SqliteStore(store_path(config), clock, config.retention.feed, alone=alone)


def exchange_of(config: Config, clock: Clock) -> Exchange | None:
    """The exchange for everyone outside of this process, not started yet; None where there is none."""
    if not config.announces:
        return None
    from gateway.adapters.rabbitmq import RabbitExchange  # noqa: PLC0415 - likewise

    return RabbitExchange(config.broker, clock)


def tracer_of(config: Config, about: Mapping[str, str]) -> OpenTelemetry | None:
    """Who exports spans, not started yet; None unless the configuration says where to."""
    if config.traces is None:
        return None
    from gateway.adapters.opentelemetry import OpenTelemetry  # noqa: PLC0415 - it is installed by an extra

    return OpenTelemetry(config.traces.endpoint, config.traces.headers, config.traces.sample, about)
