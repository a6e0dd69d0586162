"""Telegram by the kit that every connector is tried with."""

from pathlib import Path

from connectors.telegram import connector
from connectors.testing import conformance

test_telegram = conformance(connector, Path(__file__).parents[1] / "samples" / "telegram")
