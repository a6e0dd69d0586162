"""Customers by script: what they do, what they expect to see, and how much of it; for tests and for load."""

from gateway.simulator.scenario.model import Scenario
from gateway.simulator.scenario.play import play
from gateway.simulator.scenario.reading import read
from gateway.simulator.scenario.tally import Tally

__all__ = ["Scenario", "Tally", "play", "read"]
