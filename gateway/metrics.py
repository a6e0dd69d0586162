"""The figures that Prometheus reads: docs/observability.md says what each means.

Labels are names from the configuration, or words of a closed list: however much is written, there are only so many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

UNKNOWN = "unknown"
"""The label of whatever is not in the configuration."""
Account = tuple[str, str]
"""The labels of an account: its name and its channel."""
_ACCOUNT = ("account", "channel")

WEBHOOKS = Counter(
    "passerelle_webhooks_total", "Webhook calls by hook and the status they were answered", ["hook", "status"]
)
JOURNALLED = Counter(
    "passerelle_webhooks_journalled_total", "Webhooks put into the edge's journal while the store was away", ["hook"]
)
JOURNAL_WAITING = Gauge("passerelle_journal_waiting_webhooks", "Webhooks in the edge's journal, still to be recorded")
KEPT = Counter("passerelle_webhooks_kept_total", "Requests kept for the operator, unread or for no account", ["hook"])
EVENTS = Counter(
    "passerelle_events_total",
    "What providers told us, by account, and what became of it",
    [*_ACCOUNT, "kind", "result"],
)
ATTEMPTS = Counter(
    "passerelle_attempts_total", "Calls with an effect to providers, by account and outcome", [*_ACCOUNT, "outcome"]
)
CALL_SECONDS = Histogram(
    "passerelle_call_duration_seconds", "How long providers took to answer such calls, or not to", _ACCOUNT,
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)  # fmt: skip
SETTLED = Counter(
    "passerelle_messages_settled_total",
    "Ends of sending messages, and puttings off, by account; reason is empty for what was sent",
    [*_ACCOUNT, "how", "reason"],
)
PUBLISHED = Counter("passerelle_records_published_total", "Records handed to the broker")
CONFIRMED = Counter("passerelle_records_confirmed_total", "Records that RabbitMQ has confirmed")
UNPUBLISHED = Gauge("passerelle_unpublished_records", "Records of the feed that RabbitMQ has not confirmed yet")
VIEWS_BEHIND = Gauge("passerelle_views_behind_records", "Records that the views have not seen yet")
SENDING = Gauge("passerelle_conversations_sending", "Conversations with something to send")
ACCOUNT_STATE = Gauge("passerelle_account_state", "How an account does: 0 ok, 1 degraded, 2 down", _ACCOUNT)
HELD = Gauge("passerelle_leases_held", "Leases that this process holds: what it alone may do")
SPANS = Counter("passerelle_spans_total", "Spans of traces, by what became of them", ["result"])


class Oldest(Collector):
    """How long the oldest message of each account has waited to be sent: measured when somebody asks."""

    def __init__(self) -> None:
        self.measure: Callable[[], Mapping[Account, float]] = dict

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        family = GaugeMetricFamily(
            "passerelle_queue_oldest_seconds",
            "Age of the oldest message that an account has still to send",
            labels=_ACCOUNT,
        )
        for account, seconds in self.measure().items():
            family.add_metric(account, seconds)
        yield family


OLDEST = Oldest()
REGISTRY.register(OLDEST)
