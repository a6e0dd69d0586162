"""What a call of the Send API asks for: checked against the limits and read into the parts that the phone shows.

https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.simulator import lines
from gateway.simulator.account import WINDOW
from gateway.simulator.graph.page import LATE, Page
from gateway.simulator.meta import refuse
from gateway.simulator.store import Json

QUICK_REPLIES, TITLE, PAYLOAD, METADATA = 13, 20, 1000, 1000
BUTTONS, BUTTON_TEXT, CARDS, CARD = 3, 640, 10, 80
AWAY = 2018300  # the subcode where another app has the conversation
KINDS = {"image": "photo", "video": "video", "audio": "audio", "file": "document"}


@dataclass(frozen=True)
class Rules:
    """How the products differ: the longest text, how it is measured, and some of the errors' subcodes."""

    text: int
    in_bytes: bool
    outside: int
    nobody: int
    blocked: tuple[int, int]
    uploads: bool
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # per kind of file; any where none is named

    def takes(self, kind: str, mime: str) -> bool:
        """Whether a file of this type can be sent as this kind."""
        return mime.startswith(self.types.get(kind, ("",)))

    def measure(self, text: str) -> int:
        """How long a text is."""
        return len(text.encode()) if self.in_bytes else len(text)


MESSENGER = Rules(text=1999, in_bytes=False, outside=2018278, nobody=2018001, blocked=(551, 1545041), uploads=True)
INSTAGRAM = Rules(
    text=1000, in_bytes=True, outside=2534022, nobody=2534014, blocked=(100, 2534029), uploads=False,
    types={
        "photo": ("image/png", "image/jpeg"),
        "video": ("video/mp4", "video/quicktime", "video/ogg", "video/x-msvideo", "video/webm"),
        "audio": ("audio/aac", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/wav", "audio/x-wav"),
        "document": ("application/pdf",),
    },
)  # fmt: skip


def allowed(page: Page, chat: Json, fields: Json, rules: Rules) -> None:
    """Raises Refused where the window does not let this message through, or the customer does not."""
    if chat["blocked"]:
        code, subcode = rules.blocked
        raise refuse(code, "This person isn't available right now.", subcode=subcode)
    if chat.get("away"):
        raise refuse(10, "Another app has the control of this thread now.", status=403, subcode=AWAY)
    silent = page.silent_for(chat)
    kind, tag = fields.get("messaging_type"), fields.get("tag")
    if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG") or (kind == "MESSAGE_TAG" and tag != "HUMAN_AGENT"):
        raise refuse(100, "Invalid messaging_type or tag")
    if silent >= (LATE if kind == "MESSAGE_TAG" else WINDOW):
        words = "This message is sent outside of allowed window."
        raise refuse(10, words, status=403, subcode=rules.outside)


def parts(message: Json, rules: Rules) -> list[Json]:
    """The parts of a message but for its file, which `file` names; raises Refused."""
    said: Any = message.get("text")
    attached: Any = message.get("attachment")
    if (said is None) == (attached is None):
        raise refuse(100, "Message must have either text or an attachment")
    made: list[Json] = []
    if said is not None:
        if not isinstance(said, str) or not said:
            raise refuse(100, "Message cannot be empty, must provide valid attachment or text")
        if rules.measure(said) > rules.text:
            raise refuse(100, f"Length of param message[text] must be less than or equal to {rules.text}")
        made.append(lines.text(said))
    elif _kind(attached) == "template":
        made += _template(attached.get("payload") or {})
    elif _kind(attached) not in KINDS:
        raise refuse(100, "Param message[attachment][type] must be one of image, video, audio, file, template")
    replies = message.get("quick_replies") or []
    return [*made, lines.quick_replies([_reply(one) for one in replies[:QUICK_REPLIES]])] if _fit(replies) else made


def file(message: Json) -> tuple[str, Json] | None:
    """The kind of the file that a message carries, and where it is; None without one."""
    attached = message.get("attachment") or {}
    return (KINDS[attached["type"]], attached.get("payload") or {}) if attached.get("type") in KINDS else None


def metadata(message: Json) -> str:
    """What its echo gives back; raises Refused."""
    told = str(message.get("metadata") or "")
    if len(told) > METADATA:
        raise refuse(100, f"Length of param message[metadata] must be less than or equal to {METADATA}")
    return told


def _kind(attached: Any) -> str:
    return str(attached.get("type")) if isinstance(attached, dict) else ""


def _fit(replies: list[Json]) -> bool:
    if len(replies) > QUICK_REPLIES:
        raise refuse(100, f"Param message[quick_replies] must have at most {QUICK_REPLIES} elements")
    return bool(replies)


def _reply(told: Json) -> Json:
    title, payload = str(told.get("title") or ""), str(told.get("payload") or "")
    if told.get("content_type") != "text" or not title or len(payload.encode()) > PAYLOAD:
        raise refuse(100, "Param message[quick_replies] is not valid")
    return {"text": title[:TITLE], "data": payload}


def _template(payload: Json) -> list[Json]:
    match payload.get("template_type"):
        case "button":
            words = str(payload.get("text") or "")
            if not 1 <= len(words) <= BUTTON_TEXT:
                raise refuse(100, f"Length of the template's text must be from 1 to {BUTTON_TEXT}")
            return [lines.text(words), lines.buttons(_rows(payload))]
        case "generic":
            shown = [_card(one) for one in payload.get("elements") or ()]
            if not 1 <= len(shown) <= CARDS:
                raise refuse(100, f"The template takes from 1 to {CARDS} elements")
            return [lines.cards(shown)]
        case other:
            raise refuse(100, f"The simulator has no template of type {other}")


def _card(told: Json) -> Json:
    title = str(told.get("title") or "")
    if not 1 <= len(title) <= CARD:
        raise refuse(100, f"Length of an element's title must be from 1 to {CARD}")
    rows = _rows(told) if told.get("buttons") else []
    return {"title": title, "about": str(told.get("subtitle") or ""), "file": "", "rows": rows}


def _rows(told: Json) -> list[list[Json]]:
    buttons = told.get("buttons") or []
    if not 1 <= len(buttons) <= BUTTONS:
        raise refuse(100, f"There must be from 1 to {BUTTONS} buttons")
    rows = []
    for one in buttons:
        title = str(one.get("title") or "")
        if not 1 <= len(title) <= TITLE:
            raise refuse(100, f"Length of a button's title must be from 1 to {TITLE}")
        link = one.get("type") == "web_url"
        rows.append(
            [{"text": title, "url": one.get("url", "")} if link else {"text": title, "data": one.get("payload", "")}]
        )
    return rows
