"""``passerelle`` on a machine whose clock is wrong: run as a script with the seconds it is ahead, then the command."""

from __future__ import annotations

import sys
import time

from gateway.main import main

_TIME_NS, _TIME = time.time_ns, time.time


def set_ahead(seconds: float) -> None:
    """From now on everything in this process that asks what time it is hears so much more; monotonic clocks do not."""
    time.time_ns = lambda: _TIME_NS() + int(seconds * 1e9)
    time.time = lambda: _TIME() + seconds


if __name__ == "__main__":
    set_ahead(float(sys.argv.pop(1)))
    main()
