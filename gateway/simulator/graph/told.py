"""What Meta tells a hook of Messenger and Instagram: messages, presses, changes, receipts and echoes.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
"""

import orjson

from gateway.simulator import lines
from gateway.simulator.graph.page import Page
from gateway.simulator.meta import written
from gateway.simulator.store import Json

AS = {"photo": "image", "video": "video", "audio": "audio", "voice": "audio", "document": "file", "sticker": "sticker"}
"""Meta's words for the kinds of media that our parts have."""
WORDS = {"❤": "love", "😆": "smile", "😮": "wow", "😢": "sad", "😠": "angry", "👍": "like", "👎": "dislike"}
OURS, ELSEWHERE = 900, 901
"""The app that the gateway is, and one that is not."""
LISTS = ("messaging", "standby")
"""Where an item stands in an entry: the second, while another app has the conversation."""


def envelope(page: Page, kind: str, chat: Json, what: Json, *, ours: bool = False, standby: bool = False) -> bytes:
    """A webhook with one item; `ours` says that the page said it, `standby` that another app answers this customer."""
    now = round(page.world.now() * 1000)
    ends = [{"id": str(chat["id"])}, {"id": page.id}]
    sender, recipient = reversed(ends) if ours else ends
    item = {"sender": sender, "recipient": recipient, "timestamp": now, **what}
    return written({"object": kind, "entry": [{"id": page.id, "time": now, LISTS[standby]: [item]}]})


def kind(body: bytes) -> str:
    """In a word what a webhook tells: `message`, `echo`, `status.read` …"""
    entry: Json = orjson.loads(body)["entry"][0]
    item: Json = next(entry[name][0] for name in LISTS if name in entry)
    if "message" in item:
        return "echo" if item["message"].get("is_echo") else "message"
    if "delivery" in item:
        return "status.delivered"
    if "read" in item:
        return "status.read"
    return next(name for name in item if name not in ("sender", "recipient", "timestamp"))


def said(page: Page, chat: Json, line: Json) -> Json:
    """A customer's message, or the press of a button that is no quick reply."""
    chosen = line.get("choice")
    if chosen is not None and chosen["kind"] != "quick_reply":
        return {"postback": {"mid": line["id"], "title": chosen["text"], "payload": chosen["data"]}}
    message = {"mid": line["id"], **_content(page, line), **_reply(page, chat, line)}
    if chosen is not None:
        message["quick_reply"] = {"payload": chosen["data"]}
    return {"message": message}


def _content(page: Page, line: Json) -> Json:
    if "content" in line:
        return dict(line["content"])
    words = lines.words_of(line)
    files = [_attachment(page, part) for part in line["parts"] if part["kind"] == "media" or "shared" in part]
    return {**({"text": words} if words else {}), **({"attachments": files} if files else {})}


def _attachment(page: Page, part: Json) -> Json:
    """A file, or what was shared: a page of the web has no file, and is told outside of the payload."""
    shared = part.get("shared") or {"type": AS[part["as"]]}
    if "url" in shared:
        return {**shared, "payload": None}
    payload = {name: value for name, value in shared.items() if name != "type"}
    return {"type": shared["type"], "payload": {"url": page.link(part["file"]), **payload, **_sticker(part)}}


def _sticker(part: Json) -> Json:
    return {"sticker_id": 369239263222822 if part.get("emoji") == "👍" else 4711} if part.get("as") == "sticker" else {}


def _reply(page: Page, chat: Json, line: Json) -> Json:
    told = next((part for part in line["parts"] if part["kind"] == "story" and part["what"] == "reply"), None)
    if told is not None:
        return {"reply_to": {"story": {"id": told["story"], "url": page.link(told["file"])}}}
    quoted = line.get("reply_to")
    found = page.find(chat, quoted["message_id"]) if quoted and "choice" not in line else None
    return {"reply_to": {"mid": found["id"]}} if found else {}


def reaction(line: Json, emoji: str) -> Json:
    """A reaction to a message, or its end."""
    if not emoji:
        return {"reaction": {"mid": line["id"], "action": "unreact"}}
    word = WORDS.get(emoji.replace("\ufe0f", ""), "other")
    return {"reaction": {"mid": line["id"], "action": "react", "reaction": word, "emoji": emoji}}


def echo(page: Page, line: Json, app: int) -> Json:
    """What our side said, also with another tool: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-echoes"""
    known = {"metadata": line["metadata"]} if line.get("metadata") else {}
    return {"message": {"mid": line["id"], "is_echo": True, "app_id": app, **known, **_content(page, line)}}


def delivered(line: Json, watermark: int) -> Json:
    """Everything up to a time is on the customer's phone."""
    return {"delivery": {"mids": [line["id"]], "watermark": watermark}}
