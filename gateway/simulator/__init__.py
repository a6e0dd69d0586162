"""The providers, emulated on this machine: their webhooks out, their APIs in, and a phone page to type on."""

from gateway.simulator.app import create_app
from gateway.simulator.world import Pace

__all__ = ["Pace", "create_app"]
