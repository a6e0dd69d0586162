"""What WhatsApp tells a hook: messages, changes and receipts, in the envelope of its webhooks.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

import orjson

from gateway.simulator.meta import compact, written
from gateway.simulator.store import Json
from gateway.simulator.whatsapp.number import Number

FIELD = "messages"
AS = {
    "photo": "image",
    "document": "document",
    "video": "video",
    "audio": "audio",
    "voice": "audio",
    "sticker": "sticker",
}
"""WhatsApp's words for the kinds of media that our parts have."""


def envelope(number: Number, field: str = FIELD, **value: object) -> bytes:
    """A webhook with one change."""
    meta = {"display_phone_number": number.shown_number.replace("+", "").replace(" ", ""), "phone_number_id": number.id}
    told = {"messaging_product": "whatsapp", "metadata": meta, **value}
    entry = {"id": number.waba, "changes": [{"field": field, "value": told}]}
    return written({"object": "whatsapp_business_account", "entry": [entry]})


def kind(body: bytes) -> str:
    """In a word what a webhook tells: `message`, `status.delivered`, or the field that changed."""
    change = orjson.loads(body)["entry"][0]["changes"][0]
    value = change["value"]
    if value.get("statuses"):
        return f"status.{value['statuses'][0]['status']}"
    if value.get("messages"):
        found = value["messages"][0]["type"]
        return found if found in ("reaction", "edit", "revoke", "system") else "message"
    return str(change["field"])


def message(number: Number, chat: Json, line: Json) -> bytes:
    """A message of the customer's."""
    return said(number, chat, {**_content(number, line), **_context(number, chat, line)}, line["id"], line["at"])


def said(number: Number, chat: Json, what: Json, wamid: str, at: float) -> bytes:
    """Something that the customer did, `what` with its type, under an id of its own."""
    names = {"from": chat.get("phone"), "from_user_id": chat.get("user_id")}
    told = {**compact(names), "id": wamid, "timestamp": str(int(at)), **what}
    return envelope(number, contacts=[contact(chat)], messages=[told])


def contact(chat: Json) -> Json:
    """Who it is: names that the customer shows."""
    profile = compact({"name": chat["name"], "username": chat.get("username")})
    return compact({"profile": profile, "wa_id": chat.get("phone"), "user_id": chat.get("user_id")})


def _context(number: Number, chat: Json, line: Json) -> Json:
    quoted = line.get("reply_to")
    found = number.find(chat, quoted["message_id"]) if quoted else None
    return {"context": {"from": number.id, "id": found["id"]}} if found else {}


def _content(number: Number, line: Json) -> Json:
    if "content" in line:
        return dict(line["content"])
    chosen = line.get("choice")
    if chosen is not None:
        return _choice(chosen)
    first = line["parts"][0]
    words = next((part["text"] for part in line["parts"] if part["kind"] == "text"), None)
    match first["kind"]:
        case "media":
            return _media(number, first, words)
        case "location":
            named = {"name": first["title"] or None, "address": first["address"] or None}
            place = {"latitude": first["latitude"], "longitude": first["longitude"], **compact(named)}
            return {"type": "location", "location": place}
        case "contact":
            card = {
                "name": {"formatted_name": first["name"], "first_name": first["name"]},
                "phones": [{"phone": phone, "type": "CELL"} for phone in first["phones"]],
            }
            return {"type": "contacts", "contacts": [card]}
        case _:
            return {"type": "text", "text": {"body": words or ""}}


def _choice(chosen: Json) -> Json:
    if chosen.get("template"):
        return {"type": "button", "button": {"payload": chosen["data"], "text": chosen["text"]}}
    kind = "list_reply" if chosen["kind"] == "row" else "button_reply"
    picked = compact({"id": chosen["data"], "title": chosen["text"], "description": chosen.get("about") or None})
    return {"type": "interactive", "interactive": {"type": kind, kind: picked}}


def _media(number: Number, part: Json, words: str | None) -> Json:
    kind = AS[part["as"]]
    known = number.about_file(part["file"]) or {}
    more: Json = {"caption": words if kind in ("image", "video", "document") else None}
    if kind == "audio":
        more["voice"] = part["as"] == "voice"
    if kind == "document":
        more["filename"] = part["name"]
    if kind == "sticker":
        more["animated"] = False
    file = {"id": part["file"], "mime_type": part["mime"], "sha256": known.get("sha256"), **more}
    return {"type": kind, kind: compact(file)}


def status(number: Number, chat: Json, line: Json, what: str, code: int | None) -> bytes:
    """A receipt of a message of ours; `failed` says why.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
    """
    by_user_id = line.get("addressed") == "recipient"
    told: Json = {
        "id": line["id"],
        "status": what,
        "timestamp": str(int(number.world.now())),
        "recipient_id": None if by_user_id else chat.get("phone"),
        "recipient_user_id": chat.get("user_id") if by_user_id else None,
        "biz_opaque_callback_data": line.get("callback_data"),
    }
    if what == "failed":
        found = code or 131026
        title = REASONS.get(found, "Message undeliverable")
        more = {"error_data": {"details": DETAILS.get(found, title)}, "href": HREF}
        told["errors"] = [{"code": found, "title": title, "message": title, **more}]
        return envelope(number, statuses=[compact(told)])
    told["pricing"] = {
        "pricing_model": "PMP",
        "type": "free_customer_service",
        "category": "service",
        "billable": False,
    }
    return envelope(number, contacts=[contact(chat)], statuses=[compact(told)])


HREF = "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"
REASONS = {
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement",
    131050: "User has stopped marketing messages",
    131053: "Media upload error",
}
DETAILS = {
    131026: "Message Undeliverable.",
    131053: "The file could not be fetched, or it is not of a type that can be sent in this way.",
}
