"""How Twilio signs, written down once more from its documentation, to compare with what its library makes of it.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import base64
import hmac
from urllib.parse import unquote_plus


def signature(url: str, body: bytes, key: str, digest: str = "sha1") -> str:
    """The address, then every field by its name, with each of its values once; under the key."""
    fields: dict[str, set[str]] = {}
    for piece in filter(None, body.decode("utf-8", "replace").split("&")):
        name, _, value = piece.partition("=")
        fields.setdefault(unquote_plus(name), set()).add(unquote_plus(value))
    said = url + "".join(name + value for name in sorted(fields) for value in sorted(fields[name]))
    return base64.b64encode(hmac.new(key.encode(), said.encode("utf-8", "replace"), digest).digest()).decode()
