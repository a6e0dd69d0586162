"""Texts that were approved beforehand: Twilio's content templates. https://www.twilio.com/docs/content"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from connectors.api import Answer, Call, Refused, TemplateInfo
from connectors.twilio.settings import Settings, get
from normalizer.model import Template

PAGE, PAGES = 100, 60
"""Templates in a page, so that it is surely read whole; pages that are asked for. WhatsApp allows 6000 templates."""

_SID = re.compile(r"HX[0-9A-Za-z]{1,64}")
_BLANK = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


class _Content(BaseModel):
    sid: str
    friendly_name: str = ""
    language: str = ""
    types: dict[str, Any] = {}
    approval_requests: Any = None


class _Meta(BaseModel):
    next_page_url: str | None = None


class _Page(BaseModel):
    contents: list[Any]
    meta: _Meta = _Meta()


def content_sid(index: int, part: Template, settings: Settings) -> Generator[Call, Answer, str]:
    """The SID of a template: its name, or what Twilio finds under it; raises Refused where it finds nothing.

    https://www.twilio.com/docs/content/content-api-resources#search-templates: by a pattern, in any language.
    """
    if _SID.fullmatch(part.name):
        return part.name
    pattern = quote(f"^{re.escape(part.name)}$", safe="")
    url = f"{settings.domain('content')}/v2/ContentAndApprovals?PageSize={PAGE}&ContentName={pattern}"
    page = (yield get(settings, f"{index}:ContentAndApprovals", url, part=index)).read(_Page)
    if page is None:
        return part.name  # let Twilio say what it thinks of it
    named = [one for one in _contents(page) if one.friendly_name == part.name]
    wanted = _plain(part.language)
    exact = [one for one in named if _plain(one.language) == wanted]
    near = [one for one in named if not wanted or _plain(one.language).partition("_")[0] == wanted.partition("_")[0]]
    if not near:
        raise Refused("content_rejected", "there is no template of this name and language")
    return (exact or near)[0].sid


def templates(settings: Settings) -> Generator[Call, Answer, Sequence[TemplateInfo]]:
    """All templates of the account. Raises Refused. https://www.twilio.com/docs/content/content-api-resources"""
    found: list[TemplateInfo] = []
    home = settings.domain("content")
    url: str | None = f"{home}/v1/ContentAndApprovals?PageSize={PAGE}"
    for number in range(PAGES):
        if url is None or not url.startswith(f"{home}/"):  # what a call carries is for Twilio alone
            break
        answer = yield get(settings, f"{number}:ContentAndApprovals", url)
        page = answer.read(_Page)
        if page is None:  # a list with a hole would pass for the whole
            raise Refused("unknown", "this is not Twilio's answer: is `api` right?", str(answer.status))
        found += [_info(one, settings) for one in _contents(page)]
        url = page.meta.next_page_url
    return found


def _contents(page: _Page) -> Iterator[_Content]:
    """Those of a page that can be read."""
    for one in page.contents:
        try:
            yield _Content.model_validate(one)
        except ValidationError:
            continue


def _info(found: _Content, settings: Settings) -> TemplateInfo:
    bodies = [kind["body"] for kind in found.types.values() if isinstance(kind, dict) and kind.get("body")]
    body = next((one for one in bodies if isinstance(one, str)), "")
    acts = [kind.get("actions") for kind in found.types.values() if isinstance(kind, dict)]
    labels = [one.get("title") for act in acts if isinstance(act, list) for one in act if isinstance(one, dict)]
    approval = found.approval_requests if isinstance(found.approval_requests, dict) else {}
    status = str(approval.get("status") or "unsubmitted") if settings.prefix else "approved"  # only WhatsApp approves
    return TemplateInfo(
        name=found.friendly_name or found.sid,
        language=found.language,
        body=body,
        parameters=tuple(dict.fromkeys(_BLANK.findall(body))),
        category=str(approval.get("category") or "").lower(),
        status=status,
        buttons=tuple(dict.fromkeys(label for label in labels if isinstance(label, str))),
    )


def _plain(language: str) -> str:
    return language.replace("-", "_").casefold()
