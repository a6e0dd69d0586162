"""The engine: I/O, time, order and retries. One process runs every role, or several share them."""
