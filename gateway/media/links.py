"""Links by which a provider may fetch one file for a while, without a session."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime

_UNIX = re.compile(r"[0-9]{1,11}", re.ASCII)


class Links:
    """Signs ``/media/{id}?exp=…&sig=…`` with ``key``."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def path(self, media_id: str, until: datetime) -> str:
        """A link without its host, good until then."""
        exp = str(int(until.timestamp()))
        return f"/media/{media_id}?exp={exp}&sig={self._sign(media_id, exp)}"

    def verify(self, media_id: str, exp: str, sig: str, now: datetime) -> bool:
        """Whether we signed this, and its time is not over."""
        ours = hmac.compare_digest(self._sign(media_id, exp).encode(), sig.encode(errors="replace"))
        return ours and _UNIX.fullmatch(exp) is not None and now.timestamp() < int(exp)

    def _sign(self, media_id: str, exp: str) -> str:
        signed = hmac.digest(self._key, f"{media_id}?{exp}".encode(errors="replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
