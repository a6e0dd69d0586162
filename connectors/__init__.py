"""Channels, each a value made of pure functions. See ``connectors.api`` for the contract."""
