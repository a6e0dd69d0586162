"""Who a customer is, as Graph tells it, and their picture, whose address is another one each time and ends.

https://developers.facebook.com/docs/messenger-platform/identity/user-profile
"""

import hmac
from collections.abc import Collection, Mapping
from hashlib import sha256
from urllib.parse import urlencode

from aiohttp import web

from gateway.simulator import portraits
from gateway.simulator.graph.page import Page
from gateway.simulator.meta import refuse
from gateway.simulator.store import Json

PATH = "platform/profilepic/"
LASTS = 3 * 24 * 3600
"""Seconds that the address of a picture is good for; `picture_lasts` says otherwise."""
PICTURE = "profile_pic"


def profile(page: Page, chat: Json, wanted: Collection[str], known: Collection[str], root: str) -> Json:
    """What was asked for, or all that there is; raises Refused for what is no field. `root` is where the channel is."""
    for name in wanted:
        if name not in (*known, "id"):
            raise refuse(100, f"Tried accessing nonexisting field ({name})")
    first, _, last = str(chat["name"]).partition(" ")
    told = {"name": chat["name"], "username": first.lower(), "first_name": first, "last_name": last}
    if PICTURE in (wanted or known):
        told[PICTURE] = _address(page, chat, root)
    return {**{name: value for name, value in told.items() if name in (wanted or known)}, "id": chat["id"]}


def _address(page: Page, chat: Json, root: str) -> str | None:
    if portraits.known(page, chat) is None:
        return None
    lasts = float(page.settings.get("picture_lasts", LASTS))
    query = {
        "page": page.id,
        "psid": str(chat["id"]),
        "ext": str(int(page.world.now() + lasts)),
        "_nc_sid": page.new_id("face", 4),
    }
    return f"{root}/{PATH}?{urlencode({**query, 'hash': _proof(page, query)})}"


def _proof(page: Page, query: Mapping[str, str]) -> str:
    signed = "/".join(query.get(name, "") for name in ("psid", "ext", "_nc_sid"))
    return hmac.new(f"{page.world.seed}/{page.key}".encode(), signed.encode(), sha256).hexdigest()[:32]


def shown(page: Page, query: Mapping[str, str]) -> web.Response:
    """The picture behind an address, for whoever has it."""
    proof = query.get("hash", "")
    if not hmac.compare_digest(proof.encode(), _proof(page, query).encode()):
        return web.Response(status=403, text="URL signature mismatch")
    if page.world.now() >= float(query["ext"]):
        return web.Response(status=403, text="URL signature expired")
    chat = page.find_chat(query["psid"])
    face = portraits.face(page, chat) if chat else None
    if face is None:
        return web.Response(status=404, text="Not Found")
    return web.Response(body=face.data, content_type=face.mime)
