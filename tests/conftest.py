"""What tests of several folders share, started once per process."""

from toys.rabbit import rabbit, rabbit_node

__all__ = ["rabbit", "rabbit_node"]
