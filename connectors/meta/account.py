"""An account's own affairs at Meta: its webhooks, its credentials, whom it writes with, what it shows them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from connectors.api import Answer, Call, Fetched, Health, Profile, Refused, Steps
from connectors.meta.inbound import EMOJIS
from connectors.meta.outbound import customer, is_mid
from connectors.meta.settings import Settings, call

DOWNLOAD = "0:download"
"""The one call that goes to another of Meta's hosts, and takes no token along."""

REACTIONS: Final = {emoji: word for word, emoji in EMOJIS.items()}

_NO_EMOJI_STYLE = "\ufe0f"


class _Name(BaseModel):
    id: str = Field(default="", coerce_numbers_to_str=True)
    user_id: str = Field(default="", coerce_numbers_to_str=True)
    name: str = ""
    username: str = ""
    first_name: str = ""
    last_name: str = ""

    @property
    def told(self) -> str:
        """The name that there is."""
        return self.name or f"{self.first_name} {self.last_name}".strip() or self.username


class _Profile(_Name):
    profile_pic: Any = None

    @property
    def picture(self) -> str | None:
        """Where their picture is, for some days; "" where they have none, None where Meta does not say."""
        if isinstance(self.profile_pic, str) and self.profile_pic:
            return self.profile_pic
        return "" if "profile_pic" in self.model_fields_set and self.profile_pic is None else None


class _Subscription(BaseModel):
    subscribed_fields: tuple[str, ...] = ()


class _Subscriptions(BaseModel):
    data: tuple[_Subscription, ...]


# What it shows the customer.


def typing(identity: str, provider_id: str, settings: Settings) -> Steps:  # noqa: ARG001 - it names the conversation
    """Show for some twenty seconds that somebody types.

    https://developers.facebook.com/docs/messenger-platform/send-messages/sender-actions
    """
    yield _action(settings, "typing_on", identity)


def read(identity: str, provider_id: str, settings: Settings) -> Steps:  # noqa: ARG001 - all is read, up to now
    """Show that what they wrote was read."""
    yield _action(settings, "mark_seen", identity)


def react(provider_id: str, identity: str, emoji: str, settings: Settings) -> Steps:
    """Put an emoji on a message, in Meta's word for it where there is one, or take it off."""
    if not is_mid(provider_id):
        raise Refused("content_rejected", "only a message can have a reaction")
    put: dict[str, Any] = {"message_id": provider_id}
    if emoji:
        put["reaction"] = REACTIONS.get(emoji.replace(_NO_EMOJI_STYLE, ""), emoji)
    yield _action(settings, "react" if emoji else "unreact", identity, put)


def _action(settings: Settings, action: str, identity: str, more: dict[str, Any] | None = None) -> Call:
    body = {"recipient": customer(identity), "sender_action": action, **({"payload": more} if more else {})}
    return call(settings, f"0:{action}", f"{settings.sender}/messages", body)


# Who they are, and what they sent.


def profile(identity: str, settings: Settings) -> Generator[Call, Answer, Profile]:
    """The customer's name and picture, if Meta tells: they must have written, and the app must be allowed to ask.

    https://developers.facebook.com/docs/messenger-platform/identity/user-profile
    """
    who = customer(identity)["id"]
    if not who.isascii() or not who.isalnum():  # it becomes a piece of an address
        return Profile()
    try:
        answer = yield call(settings, "0:profile", who, method="GET", query={"fields": settings.PROFILE})
    except Refused:
        return Profile()
    found = answer.read(_Profile)
    return Profile(found.told, found.picture) if found else Profile()


def fetch(ref: str, settings: Settings) -> Generator[Call, Answer, Fetched | None]:  # noqa: ARG001 - it takes no token
    """Where a received file is: the address that came with it, good for some days."""
    yield from ()
    try:
        found = urlsplit(ref)
    except ValueError:
        return None
    if found.scheme not in ("https", "http") or not found.hostname:
        return None
    return Fetched(Call(DOWNLOAD, "GET", ref, effect=False))


# Its webhooks and credentials.


def connect(webhook_url: str, settings: Settings) -> Steps:  # noqa: ARG001 - the app's own page holds the address
    """Have the app told what happens on the page or account.

    https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
    """
    query = {"subscribed_fields": ",".join(settings.FIELDS)}
    yield call(settings, "0:subscribe", f"{settings.subscribed}/subscribed_apps", query=query)


def check(settings: Settings) -> Generator[Call, Answer, Health]:
    """Whose the token is, and whether all that we read is subscribed."""
    try:
        me = yield call(settings, "0:me", "me", method="GET", query={"fields": settings.who})
        whose = me.read(_Name)
        if whose is None or not whose.id + whose.user_id:
            return Health(ok=False, detail="this is not Meta's answer: is `api` right?", code="wrong_address")
        if not {whose.id, whose.user_id} & {settings.address, settings.subscribed}:
            detail = f"the token is of {whose.user_id or whose.id}, not of {settings.subscribed}"
            return Health(ok=False, detail=detail, code="wrong_account")
        answer = yield call(settings, "0:subscribed", f"{settings.subscribed}/subscribed_apps", method="GET")
    except Refused as refusal:
        return Health.refused(refusal, "auth_expired", "account_restricted")
    ok, detail = _subscribed(answer, settings)
    return Health(ok=ok, detail=f"{whose.told or settings.subscribed}: {detail}", code="" if ok else "hook_missing")


def _subscribed(answer: Answer, settings: Settings) -> tuple[bool, str]:
    found = answer.read(_Subscriptions)
    if found is None:
        return False, "this is not Meta's list of subscriptions"
    told = {field for one in found.data for field in one.subscribed_fields}
    missing = [field for field in settings.FIELDS if field not in told]
    if not found.data or len(missing) == len(settings.FIELDS):
        return False, "nothing is subscribed; `passerelle connect` subscribes"
    if missing:
        return True, f"subscribed, without {', '.join(missing)} until `passerelle connect` is run again"
    return True, "subscribed"
