"""What the agent API counts for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

LIVE = Gauge("passerelle_live_clients", "Open live sockets")
ANSWERED = Counter("passerelle_api_answers_total", "Answers of the agent API", ["method", "path", "status"])
