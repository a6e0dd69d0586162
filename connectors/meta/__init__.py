"""The dialect that Meta's products share: what proves a request, and what an error says.

Messenger, Instagram and WhatsApp are connectors of their own; they do not know each other, and all of them know this.
"""

from __future__ import annotations

from connectors.meta.problems import REASONS, SLOW_DOWN, Later, Problem, Table, classified, meaning, redacted
from connectors.meta.proof import challenge, verified

__all__ = [
    "REASONS", "SLOW_DOWN", "Later", "Problem", "Table", "challenge", "classified", "meaning", "redacted", "verified",
]  # fmt: skip
