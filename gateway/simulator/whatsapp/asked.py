"""What a call asks WhatsApp to send: checked against its limits and read into the parts that the phone shows.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

import re
from typing import Any

from gateway.simulator import lines
from gateway.simulator.meta import refuse
from gateway.simulator.store import Json
from gateway.simulator.whatsapp.markup import drawn
from gateway.simulator.whatsapp.number import Number

TEXT, CAPTION, BODY, FOOTER = 4096, 1024, 1024, 60
BUTTONS, TITLE, BUTTON_ID = 3, 20, 256
ROWS, ROW_TITLE, ROW_ID, ABOUT, SECTIONS, SECTION = 10, 24, 200, 72, 10, 24
MEDIA = {"image": "photo", "video": "video", "audio": "audio", "document": "document", "sticker": "sticker"}
_BLANK = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


def parts(number: Number, fields: Json) -> list[Json]:
    """The parts of a message but for its file, which `file` names; raises Refused."""
    kind = str(fields.get("type") or "text")
    told = fields.get(kind)
    if kind == "contacts":
        return [_card(one) for one in _list(fields, "contacts")]
    if not isinstance(told, dict):
        raise _bad(f"Param {kind} is missing", 131008)
    match kind:
        case "text":
            return [drawn(_words(told, "body", "text['body']", TEXT))]
        case "location":
            return [_place(told)]
        case "interactive":
            return _interactive(told)
        case "template":
            return _template(number, told)
        case _ if kind in MEDIA:
            caption = str(told.get("caption") or "")
            if len(caption) > CAPTION or (caption and kind in ("audio", "sticker")):
                raise _bad(f"Param {kind}['caption'] is not allowed or too long")
            return [drawn(caption)] if caption else []
        case _:
            raise _bad(f"Param type must be one of {{TEXT, IMAGE, …}} - got {kind}")


def file(fields: Json) -> tuple[str, Json] | None:
    """The kind and the object of the file that a message carries, or None."""
    kind = str(fields.get("type"))
    told = fields.get(kind)
    return (MEDIA[kind], told) if kind in MEDIA and isinstance(told, dict) else None


def _bad(details: str, code: int = 131009) -> Exception:
    said = {131008: "Required parameter is missing", 131009: "Parameter value is not valid"}
    return refuse(code, said.get(code, "Invalid parameter"), details=details)


def _words(told: Json, name: str, shown: str, most: int) -> str:
    words = told.get(name)
    if not isinstance(words, str) or not words:
        raise _bad(f"Param {shown} is missing", 131008)
    if len(words) > most:
        raise _bad(f"Param {shown} must be at most {most} characters long.", 100)
    return words


def _list(told: Json, name: str) -> list[Json]:
    found = told.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise _bad(f"Param {name} is missing", 131008)
    return found


def _place(told: Json) -> Json:
    try:
        latitude, longitude = float(told["latitude"]), float(told["longitude"])
    except (KeyError, TypeError, ValueError):
        raise _bad("Param location['latitude'] is missing", 131008) from None
    return lines.location(latitude, longitude, str(told.get("name") or ""), str(told.get("address") or ""))


def _card(told: Json) -> Json:
    name = told.get("name") or {}
    if not name.get("formatted_name"):
        raise _bad("Param contacts[0]['name']['formatted_name'] is missing", 131008)
    phones = [str(one.get("phone", "")) for one in told.get("phones") or ()]
    return lines.contact(
        str(name["formatted_name"]), phones, [str(one.get("email")) for one in told.get("emails") or ()]
    )


# Questions.


def _interactive(told: Json) -> list[Json]:
    kind = told.get("type")
    given = told.get("action")
    action: Json = given if isinstance(given, dict) else {}
    body = _words(told.get("body") or {}, "text", "interactive['body']['text']", TEXT if kind == "list" else BODY)
    footer = str((told.get("footer") or {}).get("text", ""))
    if len(footer) > FOOTER:
        raise _bad("Param interactive['footer']['text'] is too long")
    said = [drawn(body), *([lines.text(footer)] if footer else [])]
    match kind:
        case "button":
            return [*said, _buttons(_list(action, "buttons"))]
        case "list":
            return [*said, _rows(_words(action, "button", "action['button']", TITLE), _list(action, "sections"))]
        case "cta_url":
            link = action.get("parameters") or {}
            shown = _words(link, "display_text", "display_text", TITLE)
            return [*said, lines.buttons([[{"text": shown, "url": _words(link, "url", "url", 2000)}]])]
        case "location_request_message":
            return [*said, lines.buttons([[{"text": "Send location", "data": "location"}]])]
        case _:
            raise _bad(f"Param interactive['type'] is not one that the simulator has: {kind}")


def _buttons(given: list[Json]) -> Json:
    replies = [one.get("reply") or {} for one in given]
    titles = [_words(one, "title", "reply['title']", TITLE) for one in replies]
    if not 1 <= len(given) <= BUTTONS:
        raise _bad(f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {BUTTONS}")
    if len(set(titles)) < len(titles):
        raise _bad("Button titles must be unique")
    ids = [_words(one, "id", "reply['id']", BUTTON_ID) for one in replies]
    return lines.buttons([[{"text": title, "data": name}] for title, name in zip(titles, ids, strict=True)])


def _rows(label: str, sections: list[Json]) -> Json:
    shown: list[Json] = [
        {
            "title": str(section.get("title") or ""),
            "rows": [
                {
                    "text": _words(row, "title", "row['title']", ROW_TITLE),
                    "data": _words(row, "id", "row['id']", ROW_ID),
                    "about": str(row.get("description") or ""),
                }
                for row in _list(section, "rows")
            ],
        }
        for section in sections
    ]
    if len(shown) > SECTIONS or any(len(section["title"]) > SECTION for section in shown):
        raise _bad(f"At most {SECTIONS} sections, with titles of at most {SECTION} characters")
    rows = [row for section in shown for row in section["rows"]]
    if len(rows) > ROWS or any(len(row["about"]) > ABOUT for row in rows):
        raise _bad(f"Total row count exceed max allowed count: {ROWS}")
    if len({row["data"] for row in rows}) < len(rows):
        raise _bad("Row ids must be unique")
    return lines.menu(label, shown)


# Templates.


def is_offer(number: Number, fields: Json) -> bool:
    """Whether it is a marketing template, which customers can stop."""
    found = number.template(*_named(fields.get("template") or {})) if fields.get("type") == "template" else None
    return found is not None and found["category"] == "MARKETING"


def _named(told: Json) -> tuple[str, str]:
    return str(told.get("name") or ""), str((told.get("language") or {}).get("code") or "")


def _template(number: Number, told: Json) -> list[Json]:
    name, language = _named(told)
    found = number.template(name, language)
    if found is None:
        raise refuse(
            132001, "Template name does not exist in the translation", status=404,
            details=f"template name ({name}) does not exist in {language}",
        )  # fmt: skip
    if found["status"] != "APPROVED":
        raise refuse(132015, "Template is paused", details=f"template {name} is {found['status'].lower()}")
    given = {str(one.get("type", "")).upper(): one for one in told.get("components") or () if isinstance(one, dict)}
    made: list[Json] = [lines.template(name, language)]
    for component in found["components"]:
        kind = component["type"]
        if kind == "BUTTONS":
            made.append(_template_buttons(component, told.get("components") or []))
        elif component.get("text"):
            made.append(lines.text(_filled(component["text"], given.get(kind, {}), name)))
    return made


def _filled(text: str, given: Json, template: str) -> str:
    blanks = list(dict.fromkeys(_BLANK.findall(text)))
    values = [one for one in given.get("parameters") or () if isinstance(one, dict)]
    if len(values) != len(blanks):
        details = f"{template}: number of localizable_params ({len(values)}) does not match the expected {len(blanks)}"
        raise refuse(132000, "Number of parameters does not match the expected number of params", details=details)
    named: dict[str, Any] = {
        str(one.get("parameter_name") or blanks[place]): one.get("text", "") for place, one in enumerate(values)
    }
    if set(named) != set(blanks):
        raise refuse(100, "Invalid parameter", details=f"{template}: the blanks are named {', '.join(blanks)}")
    return _BLANK.sub(lambda blank: str(named[blank[1]]), text)


def _template_buttons(component: Json, given: list[Json]) -> Json:
    payloads = {
        str(one.get("index")): one["parameters"][0].get("payload")
        for one in given
        if isinstance(one, dict) and one.get("sub_type") == "quick_reply" and one.get("parameters")
    }
    rows = []
    for place, button in enumerate(component["buttons"]):
        if button["type"] == "QUICK_REPLY":
            data = payloads.get(str(place)) or button["text"]
            rows.append([{"text": button["text"], "data": data, "template": True}])
        elif button["type"] == "URL":
            rows.append([{"text": button["text"], "url": button.get("url", "")}])
    return lines.buttons(rows)
