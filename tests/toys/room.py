"""Where files cost no disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made by tempfile, and nobody else's are looked at
_ENOUGH = 2 << 30
"""Bytes; in a container there may be few."""


def room() -> Path | None:
    """For a server that a test kills: its data outlives its processes there, and that is all that is asked of it.

    None where tempfile's own choice is as good.
    """
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
        return _MEMORY
    return None
