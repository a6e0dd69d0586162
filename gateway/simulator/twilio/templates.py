"""The content templates of every simulated account. https://www.twilio.com/docs/content"""

import re
from typing import Any

import orjson

from gateway.simulator import lines
from gateway.simulator.store import Json
from gateway.simulator.twilio.errors import TwilioError

BLANK = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
MADE = "2026-01-01T08:00:00Z"


def _template(number: int, name: str, kind: str, body: str, category: str, **more: Any) -> Json:
    blanks = {blank: f"sample {blank}" for blank in dict.fromkeys(BLANK.findall(body))}
    return {
        "sid": f"HX{number:032x}",
        "friendly_name": name,
        "language": "en",
        "variables": blanks,
        "types": {f"twilio/{kind}": {"body": body, **more}},
        "approval_requests": {"name": name, "category": category, "status": "approved", "rejection_reason": ""},
        "date_created": MADE,
        "date_updated": MADE,
    }


TEMPLATES = (
    _template(1, "order_update", "text", "Your order {{1}} is on its way. It arrives {{2}}.", "UTILITY"),
    _template(
        2,
        "delivery_day",
        "quick-reply",
        "When shall we deliver order {{1}}?",
        "UTILITY",
        actions=[{"title": "Today", "id": "today"}, {"title": "Tomorrow", "id": "tomorrow"}],
    ),
    _template(
        3,
        "topics",
        "list-picker",
        "Hello {{1}}, what is it about?",
        "UTILITY",
        button="Choose",
        items=[
            {"item": "An order", "id": "order", "description": "Where it is, when it comes"},
            {"item": "A repair", "id": "repair", "description": "Something broke"},
        ],
    ),
)
BY_SID = {one["sid"]: one for one in TEMPLATES}


def found(pattern: str) -> list[Json]:
    """The templates whose name fits Twilio's `ContentName`, a regular expression; all of them without one."""
    try:
        return [one for one in TEMPLATES if re.search(pattern, one["friendly_name"])]
    except re.error:
        return []


def filled(sid: str, variables: str) -> list[Json]:
    """The parts of a message that is made from a template; raises TwilioError."""
    made = BY_SID.get(sid)
    if made is None:
        raise TwilioError(21655)
    try:
        given = orjson.loads(variables or "{}")
    except orjson.JSONDecodeError:
        raise TwilioError(21656) from None
    if not isinstance(given, dict):
        raise TwilioError(21656)
    ((kind, shape),) = made["types"].items()
    body = BLANK.sub(lambda blank: str(given.get(blank[1], made["variables"].get(blank[1], ""))), shape["body"])
    parts = [lines.template(made["friendly_name"], made["language"]), lines.text(body)]
    if kind == "twilio/quick-reply":
        parts.append(lines.buttons([[{"text": one["title"], "data": one["id"]}] for one in shape["actions"]]))
    if kind == "twilio/list-picker":
        rows = [{"text": one["item"], "data": one["id"], "about": one["description"]} for one in shape["items"]]
        parts.append(lines.menu(shape["button"], [{"title": "", "rows": rows}]))
    return parts
