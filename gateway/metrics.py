"""The figures that Prometheus reads. Labels are names from the configuration, so there are only so many."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

WEBHOOKS = Counter(
    "passerelle_webhooks_total", "Webhook calls by hook and the status they were answered", ["hook", "status"]
)
EVENTS = Counter(
    "passerelle_events_total", "What providers told us, by account and what became of it", ["account", "result"]
)
ATTEMPTS = Counter("passerelle_attempts_total", "Calls to providers, by account and outcome", ["account", "outcome"])
SETTLED = Counter("passerelle_messages_settled_total", "Ends of outgoing messages, by account", ["account", "how"])
PUBLISHED = Counter("passerelle_records_published_total", "Records handed to the broker")
VIEWS_BEHIND = Gauge("passerelle_views_behind_records", "Records that the views have not seen yet")
SENDING = Gauge("passerelle_conversations_sending", "Conversations with something to send")
ACCOUNT_STATE = Gauge("passerelle_account_state", "How an account does: 0 ok, 1 degraded, 2 down", ["account"])
