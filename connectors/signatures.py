"""Constant-time checks of what proves that a request is the provider's."""

from __future__ import annotations

from hmac import compare_digest


def same(given: str | bytes | None, expected: str | bytes | None) -> bool:
    """Whether a secret that came with a request is the one we expect; takes as long whether it is or not.

    Fails closed: what is absent or empty, on either side, equals nothing.
    """
    if not given or not expected:
        return False
    return compare_digest(_encoded(given), _encoded(expected))


def _encoded(secret: str | bytes) -> bytes:
    # A header may hold any byte, which a server hands us as a lone surrogate: it must differ, not raise.
    return secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
