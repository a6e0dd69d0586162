"""Templates: the blanks of one that is sent, and those that the provider approved.

A blank is named as the template names it: ``1``, ``2`` … or ``first_name`` in the body, ``header.1`` in the header,
``header.image`` (``video``, ``document``) for the address of its file, ``button.0.url`` for the end of a button's address,
``button.0.copy_code`` for a code to copy, ``button.0.quick_reply`` for what a press says.
https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from connectors.api import Answer, Call, Refused, TemplateInfo
from connectors.whatsapp.said import Name, Said
from connectors.whatsapp.settings import Settings, call

PAGES = 100
"""Of a hundred templates each; an account may have 6,000."""

_FILES = ("image", "video", "document")
_BUTTON = re.compile(r"button\.([0-9])\.(url|copy_code|quick_reply)")
_BLANK = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_PAYLOADS: Mapping[str, str] = {"url": "text", "copy_code": "coupon_code", "quick_reply": "payload"}

Component = dict[str, Any]


def components(parameters: Mapping[str, str]) -> list[Component]:
    """The blanks, filled in, in the order that WhatsApp counts them."""
    header: list[Component] = []
    body: list[Component] = []
    buttons: list[Component] = []
    for name, value in sorted(parameters.items(), key=_place):
        button = _BUTTON.fullmatch(name)
        if button:
            index, kind = button.groups()
            blank = {"type": _PAYLOADS[kind], _PAYLOADS[kind]: value}
            buttons.append({"type": "button", "sub_type": kind, "index": index, "parameters": [blank]})
        elif name.removeprefix("header.") in _FILES and name.startswith("header."):
            kind = name.removeprefix("header.")
            header.append({"type": kind, kind: {"link": value}})
        elif name.startswith("header."):
            header.append(_blank(name.removeprefix("header."), value))
        else:
            body.append(_blank(name, value))
    told = [{"type": "header", "parameters": header}, {"type": "body", "parameters": body}]
    return [one for one in told if one["parameters"]] + buttons


def _place(blank: tuple[str, str]) -> tuple[int, str]:
    """Numbers as numbers: the tenth comes after the second."""
    digits = re.fullmatch(r"(?:header\.)?([0-9]{1,9})", blank[0])
    return (int(digits[1]), "") if digits else (0, blank[0])


def _blank(name: str, value: str) -> Component:
    """By its number, which its place says, or by its name."""
    told = {} if name.isdecimal() else {"parameter_name": name}
    return {"type": "text", **told, "text": value}


# Those that there are.


class _Button(Said):
    type: str = ""
    text: str = ""
    url: str = ""


class _Component(Said):
    type: str = ""
    format: str = ""
    text: str = ""
    buttons: tuple[_Button, ...] = ()


class _Template(Said):
    name: Name
    language: str = ""
    status: str = ""
    category: str = ""
    components: tuple[_Component, ...] = ()


class _Cursors(Said):
    after: str = ""


class _Paging(Said):
    cursors: _Cursors = _Cursors()
    next: str = ""


class _Page(Said):
    data: tuple[Any, ...] = ()
    waba_templates: tuple[Any, ...] = ()
    paging: _Paging = _Paging()


def templates(settings: Settings) -> Generator[Call, Answer, Sequence[TemplateInfo]]:
    """All templates of the account that the number belongs to. Raises Refused, also where the settings do not name it.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-account/message-template-api
    """
    if settings.provider == "360dialog":
        return _read(_page((yield call(settings, "0:templates", "v1/configs/templates?limit=1000", method="GET"))))
    if not settings.waba_id:
        raise Refused("unknown", "`waba_id` is needed for this: the id of the WhatsApp Business account")
    found: list[TemplateInfo] = []
    after, number = "", 0
    while number < PAGES:
        query = {"fields": "name,language,status,category,components", "limit": "100"} | (
            {"after": after} if after else {}
        )
        path = f"{settings.waba_id}/message_templates?{urlencode(query)}"
        page = _page((yield call(settings, f"{number}:templates", path, method="GET")))
        found += _read(page)
        # The whole address of the next page is there too, with our token in it.
        after, number = page.paging.cursors.after if page.paging.next else "", number + 1
        if not after:
            break
    return found


def _page(answer: Answer) -> _Page:
    """A page; raises Refused for what is none, lest a list with a hole pass for the whole."""
    page = answer.read(_Page)
    if page is None:
        raise Refused("unknown", "this is not WhatsApp's answer: is `api` right?", str(answer.status))
    return page


def _read(page: _Page) -> list[TemplateInfo]:
    return [info for one in (*page.data, *page.waba_templates) if (info := _info(one)) is not None]


def _info(told: Any) -> TemplateInfo | None:
    try:
        one = _Template.model_validate(told)
    except ValueError:
        return None
    said = {part.type.upper(): part.text for part in reversed(one.components)}
    return TemplateInfo(
        name=one.name,
        language=one.language,
        body=said.get("BODY", ""),
        parameters=tuple(dict.fromkeys(name for part in one.components for name in _blanks(part))),
        category=one.category.lower(),
        status=one.status.lower(),
        header=said.get("HEADER", ""),
        footer=said.get("FOOTER", ""),
        buttons=tuple(button.text for part in one.components for button in part.buttons if button.text),
    )


def _blanks(part: _Component) -> Iterator[str]:
    """What has to be filled in, by the names that ``components`` takes."""
    match part.type.upper():
        case "BODY":
            yield from _BLANK.findall(part.text)
        case "HEADER" if part.format.lower() in _FILES:
            yield f"header.{part.format.lower()}"
        case "HEADER":
            yield from (f"header.{name}" for name in _BLANK.findall(part.text))
        case "BUTTONS":
            for index, button in enumerate(part.buttons[:10]):
                if button.type.upper() == "URL" and _BLANK.search(button.url):
                    yield f"button.{index}.url"
                elif button.type.upper() in ("COPY_CODE", "OTP"):
                    yield f"button.{index}.{'copy_code' if button.type.upper() == 'COPY_CODE' else 'url'}"
