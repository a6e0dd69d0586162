"""Who may call: an account's SID with its token, or an API key of the account. https://www.twilio.com/docs/iam/api"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable
from hmac import compare_digest

from aiohttp import web

from gateway.simulator.twilio.errors import TwilioError
from gateway.simulator.twilio.number import Number
from gateway.simulator.world import World

SID = re.compile(r"AC[0-9A-Za-z]{32}")
USER = re.compile(r"(AC|SK)[0-9A-Za-z]{32}")


class Keys:
    """The credentials of each account: those that were configured, else the first that came with a call."""

    def __init__(self, world: World) -> None:
        self._world = world

    def check(self, request: web.Request, sid: str, numbers: Iterable[Number]) -> None:
        """Raises TwilioError unless the call may have what belongs to this account."""
        user, password = _given(request)
        if not USER.fullmatch(user) or not password:
            raise TwilioError(20003)
        if not SID.fullmatch(sid) or (user.startswith("AC") and user != sid):
            raise TwilioError(20404, f"The requested resource {request.path} was not found")
        known = next(
            (str(one.settings["secret"]) for one in numbers if one.sid == sid and one.settings.get("secret")), ""
        )
        expected = known if user == sid and known else self._kept(sid, user, password)
        if not compare_digest(expected.encode(), password.encode()):
            raise TwilioError(20003)

    def token(self, sid: str) -> str:
        """The auth token that calls for an account came with; empty when none came yet."""
        return str((self._world.store.get("twilio.key", f"{sid}/{sid}") or {}).get("secret", ""))

    def _kept(self, sid: str, user: str, password: str) -> str:
        key = f"{sid}/{user}"
        kept = self._world.store.get("twilio.key", key)
        if kept is None:
            kept = {"secret": password}
            self._world.store.put("twilio.key", key, kept)
        return str(kept["secret"])

    def owner(self, request: web.Request) -> str:
        """The account of a call whose address does not name it; empty when nobody knows."""
        user, _ = _given(request)
        if user.startswith("AC"):
            return user
        kept = (key for key, _ in self._world.store.every("twilio.key") if key.endswith(f"/{user}"))
        return next(kept, "").partition("/")[0]


def _given(request: web.Request) -> tuple[str, str]:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(value, validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError):
        return "", ""
    return user, password
