"""What Meta does: it signs, it tells, and its Graph answers."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import ClientSession
from journeys.programs import Gateway
from journeys.standin import PUBLIC, Heard, Standin, Street, Told, standing, street

from gateway.simulator.pictures import blank

APP, WORD = "0123456789abcdef0123456789abcdef", "our-own-word_of-the-hook"
PICTURE = blank(40, 30)
FIELDS = [
    "messages", "messaging_postbacks", "message_edits", "message_edit", "message_echoes", "message_deliveries",
    "message_reads", "messaging_seen", "message_reactions", "messaging_referrals", "messaging_referral",
    "messaging_optins", "messaging_handovers", "messaging_handover", "standby",
]  # fmt: skip
PAGES = {"111": "EAAG1token1of1page1one1", "222": "EAAG2token2of2page2two2", "333": "IGAA3token3of3the3account"}
"""Two pages and an account of Instagram, and the token of each."""


def now(ago: timedelta = timedelta()) -> int:
    """Milliseconds."""
    return round((time.time() - ago.total_seconds()) * 1000)


def signed(body: bytes, key: str = APP) -> dict[str, str]:
    """The headers of a webhook."""
    mac = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mac}"}


def written(told: Any) -> bytes:
    """As Meta writes JSON: everything but ASCII is escaped, and so is the slash."""
    return json.dumps(told).replace("/", "\\/").encode()


def envelope(*entries: tuple[str, list[dict[str, Any]]], kind: str = "page") -> bytes:
    """A webhook of Messenger or Instagram."""
    told = [{"id": page, "time": now(), "messaging": items} for page, items in entries]
    return written({"object": kind, "entry": told})


def item(identity: str, ago: timedelta = timedelta(), **what: Any) -> dict[str, Any]:
    """What a customer did."""
    _, page, who = identity.split(":")
    return {"sender": {"id": who}, "recipient": {"id": page}, "timestamp": now(ago), **what}


def echo(identity: str, **message: Any) -> dict[str, Any]:
    """What our side said."""
    _, page, who = identity.split(":")
    said = {"app_id": 900, "is_echo": True, **message}
    return {"sender": {"id": page}, "recipient": {"id": who}, "timestamp": now(), "message": said}


def refusal(code: int, subcode: int = 0, status: int = 400, headers: Mapping[str, str] | None = None) -> Told:
    """An error of Graph."""
    said = {"message": "(#) No", "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "A"}
    return Told({"error": said}, status, headers or {})


def calls(page: str, what: str = '"message"') -> Callable[[Heard], bool]:
    """Whether a call sends on a page, with this in its body."""
    path = f"/v26.0/{page}/messages"
    return lambda call: call.method == "POST" and call.path == path and what.encode() in call.body


def accounts(standin: Standin) -> dict[str, Any]:
    """The configuration: one app, so one hook."""
    common = {"hook": "meta", "app_secret": APP, "verify_token": WORD, "api": f"{standin.url}/v26.0"}
    return {
        "page-one": {"connector": "messenger", "page_id": "111", "token": PAGES["111"], **common},
        "page-two": {"connector": "messenger", "page_id": "222", "token": PAGES["222"], **common},
        "insta": {"connector": "instagram", "account_id": "333", "token": PAGES["333"], **common},
    }


@asynccontextmanager
async def meta_street(session: ClientSession, gateways: Callable[..., Gateway]) -> AsyncIterator[Street]:
    """The pages and the account, served by a gateway."""
    async with standing(graph()) as standin:
        gateway = gateways(accounts(standin), http={"port": 0, "public_url": PUBLIC})
        async with street(session, gateway, standin, (APP, WORD, *PAGES.values())) as found:
            yield found


async def tells(street: Street, *items: dict[str, Any]) -> None:
    """Meta tells of one page or account, which must be taken."""
    ends = {items[0]["recipient"]["id"], items[0]["sender"]["id"]}
    page = min(ends & {*PAGES})
    body = envelope((page, list(items)), kind="instagram" if page == "333" else "page")
    await street.post("meta", body, signed(body))


def graph() -> Callable[[Heard], Told]:
    """The part of Graph that pages and accounts of Instagram need."""
    numbers, asked = itertools.count(1), itertools.count(1)

    def usual(call: Heard) -> Told:
        if call.path.startswith("/cdn/"):
            return Told(PICTURE, mime="image/png")
        owner = next((one for one, token in PAGES.items() if call.headers["Authorization"] == f"Bearer {token}"), "")
        match call.method, call.path.removeprefix("/v26.0/").split("/"):
            case "GET", ["me"]:
                return Told({"id": owner, "user_id": owner, "name": "Ours"})
            case "GET", [_, "subscribed_apps"]:
                return Told({"data": [{"id": "9", "subscribed_fields": FIELDS}]})
            case "POST", [page, "messages"] if page == owner:
                sent = {"message_id": f"m_sent{next(numbers)}"} if "message" in call.json else {}
                return Told({"recipient_id": call.json["recipient"]["id"], **sent})
            case "GET", ["7001"]:
                face = f"http://{call.headers['Host']}/cdn/ann.png?ext={next(asked)}"  # signed anew each time
                return Told({"first_name": "Ann", "last_name": "Lee", "profile_pic": face, "id": "7001"})
            case _:
                return refusal(100, 33)

    return usual
