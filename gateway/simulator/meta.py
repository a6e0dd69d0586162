"""What Meta's products share: the error body, the signature of webhooks, how a call is answered, the question to a hook.

https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Any, ClassVar, Generic

import aiohttp
from aiohttp import web

from gateway.simulator import forms
from gateway.simulator.calls import Call, Refused, Said
from gateway.simulator.ends import A
from gateway.simulator.faults import Fault
from gateway.simulator.provider import Provider
from gateway.simulator.store import Json
from gateway.simulator.world import Upload, World

JSON = "application/json"
PATIENCE = aiohttp.ClientTimeout(total=5)
LATER = frozenset({1, 2, 4, 613, 80007, 130429, 131016, 131056})
"""The codes of errors after which trying again helps."""


def failing(status: int, code: int, message: str, *, details: str = "", subcode: int = 0) -> Said:
    """Meta's error body; `deferred` where the code says that trying again helps."""
    error: Json = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if subcode:
        error["error_subcode"] = subcode
    trace = sha256(f"{code}{message}{details}".encode()).hexdigest()[:22]
    deferred = status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in LATER
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


Perform = Callable[[A, Json, Call], Awaitable[Said]]
"""What a call does: (our end, the parameters, the call as the log has it)."""
Find = Callable[[web.Request, str], A | None]
"""Our end that a request with this token is about."""


class Meta(Provider[A]):
    """What all of Meta's channels have: webhooks signed with the app's secret, and what is secret."""

    def secrets(self, account: A) -> Sequence[str]:
        """What the traffic must not show."""
        return [str(account.settings.get(name, "")) for name in ("secret", "token", "verify_token")]

    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002  Meta signs the body alone
        """Signed with the app's secret."""
        return signed(str(self.account(account).settings.get("secret", "")), body)


class MetaApi(ABC, Generic[A]):
    """How the calls of one channel are answered."""

    kept: ClassVar[frozenset[str]] = frozenset({"access_token", "appsecret_proof"})  # parameters that no log shows

    def __init__(self, channel: Meta[A]) -> None:
        self._desk, self._world = channel.desk, channel.world

    @abstractmethod
    def addressed(self, end: A, fields: Json) -> tuple[str, bool]:
        """Whose chat a call to `messages` is about (empty for nobody's), and whether the published rates count it."""

    def token(self, request: web.Request, fields: Json) -> str:
        """What proves the caller."""
        return token_of(request, fields)

    def trust(self, token: str, end: A, fields: Json) -> None:
        """Raises Refused unless this proves the caller to be the one who may call for this end."""
        trusted(token, end.settings, fields)

    def nobody(self) -> Said:
        """The answer to a call for an end that is not there."""
        return failing(400, 100, "Unsupported request: the object does not exist", subcode=33)

    async def answer(self, request: web.Request, name: str, find: Find[A], perform: Perform[A]) -> web.StreamResponse:
        """One call: read, checked for its token, logged, with the faults that were ordered."""
        try:
            fields = await forms.read(request)
        except forms.UnreadableError as problem:
            return failing(problem.status, 100, problem.reason).response()
        token = self.token(request, fields)
        end = find(request, token)
        if end is None:
            return self.nobody().response()
        self._world.traffic.keep_secret(end.id, token)
        if not end.seen:
            end.set()
        shown = {key: value.name if isinstance(value, Upload) else value for key, value in fields.items()}
        shown = {key: value for key, value in shown.items() if key not in self.kept}
        chat, counts = self.addressed(end, fields) if name == "messages" else ("", False)
        call = Call(end.id, name, shown, request.path, chat=chat or None, counts=counts)

        async def performed() -> Said:
            self.trust(token, end, fields)
            return await perform(end, fields, call)

        return await self._desk.respond(request, call, performed)


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
