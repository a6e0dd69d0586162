"""The laws are tried without a stop-watch: a busy machine is not a broken law."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
