"""What proves that a webhook is Twilio's. https://www.twilio.com/docs/usage/webhooks/webhooks-security"""

from base64 import b64encode
from hashlib import blake2b
from hmac import digest
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"


def headers(url: str, body: bytes, token: str) -> dict[str, str]:
    """The content type, the signature over the address and the sorted fields, and a token of the event."""
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    said = url.partition("#")[0] + "".join(name + value for name, value in sorted(set(fields)))
    signature = b64encode(digest(token.encode(), said.encode(), "sha1")).decode()
    event = blake2b(body, digest_size=16).hexdigest()
    return {"Content-Type": FORM, "X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": event}
