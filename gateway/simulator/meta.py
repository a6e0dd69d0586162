"""What Meta's products share: the error body, the signature of webhooks, the token of calls, the question to a hook.

https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import hmac
import json
from hashlib import sha256
from typing import Any

import aiohttp
from aiohttp import web

from gateway.simulator.calls import Refused, Said
from gateway.simulator.faults import Fault
from gateway.simulator.store import Json
from gateway.simulator.world import World

JSON = "application/json"
PATIENCE = aiohttp.ClientTimeout(total=5)
KINDS = {190: "OAuthException", 10: "OAuthException", 4: "OAuthException"}


def failing(status: int, code: int, message: str, *, details: str = "", subcode: int = 0, kind: str = "") -> Said:
    """Meta's error body; `deferred` where the code says that trying again helps."""
    error: Json = {"message": f"(#{code}) {message}", "type": kind or KINDS.get(code, "OAuthException"), "code": code}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if subcode:
        error["error_subcode"] = subcode
    trace = sha256(f"{code}{message}{details}".encode()).hexdigest()[:22]
    deferred = status >= 500 or code in (1, 2, 4, 613, 80007, 130429, 131016, 131056)  # noqa: PLR2004
    return Said(status, {"error": {**error, "fbtrace_id": trace}}, deferred=deferred)


def refuse(code: int, message: str, *, status: int = 400, details: str = "", subcode: int = 0) -> Refused:
    """The same as an exception, to be raised while a call is performed."""
    return Refused(failing(status, code, message, details=details, subcode=subcode))


def written(told: Json) -> bytes:
    """A webhook as Meta writes it: whatever is not ASCII is escaped, and so is the slash."""
    return json.dumps(told, separators=(",", ":")).replace("/", "\\/").encode()


def signed(secret: str, body: bytes) -> dict[str, str]:
    """The headers of a webhook: the signature is over the bytes as they go out."""
    proof = hmac.new(secret.encode(), body, sha256).hexdigest()
    return {"Content-Type": JSON, "User-Agent": "facebookexternalua", "X-Hub-Signature-256": f"sha256={proof}"}


def token_of(request: web.Request, fields: Json) -> str:
    """The token that a call came with: in its header, or as the parameter `access_token`; empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(fields.get("access_token", ""))


def trusted(token: str, settings: Json, fields: Json) -> None:
    """Raises Refused unless a call came with a token, and with the account's own where that is configured.

    A proof that the app made the call need not come; one that comes must be right.
    https://developers.facebook.com/docs/graph-api/guides/secure-requests
    """
    if not token or not hmac.compare_digest(token.encode(), str(settings.get("token") or token).encode()):
        raise refuse(190, "Error validating access token: the session is invalid", status=401, subcode=463)
    proof = str(fields.get("appsecret_proof", ""))
    right = hmac.new(str(settings.get("secret", "")).encode(), token.encode(), sha256).hexdigest()
    if proof and not hmac.compare_digest(proof.encode(), right.encode()):
        raise refuse(100, "Invalid appsecret_proof provided in the API argument")


def usual_wrong(fault: Fault) -> Said | None:
    """Meta's words for the faults that all of its products have; None for `blocked`, and for an `error` without a code."""
    match fault.kind:
        case "server_error":
            return failing(fault.status, 2, "Service temporarily unavailable")
        case "revoked_token":
            return failing(401, 190, "Error validating access token: the session has been invalidated", subcode=460)
        case "error" if fault.code is not None:
            return failing(400, fault.code, "An ordered error")
        case _:
            return None


async def asked(world: World, url: str, verify_token: str) -> bool:
    """Whether the hook at an address answers Meta's question with the challenge."""
    challenge = str(1_000_000_000 + world.store.next("challenge"))
    query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge}
    try:
        async with world.session.get(url, params=query, timeout=PATIENCE, allow_redirects=False) as answer:
            return answer.ok and await answer.text() == challenge
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return False


def compact(values: dict[str, Any]) -> Json:
    """A dict without what is None."""
    return {name: value for name, value in values.items() if value is not None}
