"""Lines of a conversation: read, reply, note, send again, settle by hand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from agent_api import shown
from agent_api.answers import FitShown, LinesShown, MessageShown
from agent_api.asked import LineParams, NoteBody, ReplyBody, SettleBody
from agent_api.problems import wrong
from agent_api.wire import Ask, Nothing, Route, answered
from gateway import frames
from gateway.config import Account
from gateway.replies import NewReply
from normalizer.fit import segments
from normalizer.model import Link, Message, Part, Text

_SEGMENT = 160
"""Characters that a segment holds at most."""


async def _list(ask: Ask) -> web.Response:
    params: LineParams = ask.params
    store = ask.api.inside.store
    found = await ask.api.changes.conversation(ask.who.caller, ask.named())
    try:
        page = await store.lines(found.id, params.limit, params.before)
    except ValueError:
        raise wrong("/before", "this is not the `previous` of a page of ours") from None
    return answered(
        {
            "data": await shown.lines(store, page.data),
            "page": {"previous": page.previous, "cursor": frames.cursor(page.cursor)},
        }
    )


async def _one(ask: Ask, found: Message, status: int = 200) -> web.Response:
    return answered((await shown.lines(ask.api.inside.store, [found]))[0], status)


async def _get(ask: Ask) -> web.Response:
    return await _one(ask, await ask.api.inside.replies.message(ask.who.caller, ask.named()))


async def _reply(ask: Ask) -> web.Response:
    body: ReplyBody = ask.body
    new = NewReply(body.parts, body.via, body.reply_to, body.client_ref)
    return await _one(ask, await ask.api.inside.replies.reply(ask.who.caller, ask.named(), new, ask.once()), 202)


async def _fit(ask: Ask) -> web.Response:
    body: ReplyBody = ask.body
    fitted, account = await ask.api.inside.replies.fit(ask.who.caller, ask.named(), NewReply(body.parts, body.via))
    found: dict[str, Any] = {
        "parts": [part.model_dump(mode="json") for part in fitted.parts],
        "changes": [asdict(change) for change in fitted.changes],
    }
    if account.connector.limits.unit == "gsm-7":
        found |= _as_sms(fitted.parts, account)
    return answered(found)


def _as_sms(parts: Sequence[Part], account: Account) -> dict[str, Any]:
    """How many segments the texts take as they go, and how far the last one has come in its own."""
    words = account.connector.words or (lambda text, _: text)
    texts = [words(text, account.settings) for text in map(_text, parts) if text]
    counts = [segments(text) for text in texts]
    found: dict[str, Any] = {"segments": sum(count.segments for count in counts)}
    if counts:
        last, most = texts[-1], counts[-1].segments
        room = bisect_right(range(_SEGMENT + 1), most, key=lambda more: segments(last + "x" * more).segments) - 1
        found |= {"left": room, "encoding": counts[-1].encoding}
    return found


def _text(part: Part) -> str:
    """What goes as an SMS: a file goes with its caption as an MMS, which has no segments."""
    match part:
        case Text(text=text):
            return text
        case Link(url=url, title=title):
            return f"{title}\n{url}" if title else url
        case _:
            return ""


async def _note(ask: Ask) -> web.Response:
    body: NoteBody = ask.body
    return await _one(ask, await ask.api.inside.replies.note(ask.who.caller, ask.named(), body.text, ask.once()), 201)


async def _resend(ask: Ask) -> web.Response:
    return await _one(ask, await ask.api.inside.replies.resend(ask.who.caller, ask.named()), 202)


async def _settle(ask: Ask) -> web.Response:
    body: SettleBody = ask.body
    return await _one(ask, await ask.api.inside.replies.settle(ask.who.caller, ask.named(), body.status, ask.once()))


ROUTES = (
    Route(
        "GET",
        "/v1/conversations/{id}/messages",
        "A conversation's lines, the latest page first",
        _list,
        {200: LinesShown},
        scope="read",
        params=LineParams,
        problems=(404, 422),
    ),
    Route(
        "POST",
        "/v1/conversations/{id}/messages",
        "Reply",
        _reply,
        {202: MessageShown},
        scope="agent",
        body=ReplyBody,
        problems=(400, 404, 422),
        once=True,
    ),
    Route(
        "POST",
        "/v1/conversations/{id}/fit",
        "What a reply would become on its channel; nothing is sent",
        _fit,
        {200: FitShown},
        scope="agent",
        body=ReplyBody,
        problems=(400, 404, 422),
    ),
    Route(
        "POST",
        "/v1/conversations/{id}/notes",
        "Add a private note",
        _note,
        {201: MessageShown},
        scope="agent",
        body=NoteBody,
        problems=(400, 404, 422),
        once=True,
    ),
    Route("GET", "/v1/messages/{id}", "One line", _get, {200: MessageShown}, scope="read", problems=(404,)),
    Route(
        "POST",
        "/v1/messages/{id}/resend",
        "Send again what is missing of a failed or uncertain message",
        _resend,
        {202: MessageShown},
        scope="agent",
        body=Nothing,
        problems=(404, 409, 422),
    ),
    Route(
        "POST",
        "/v1/messages/{id}/settle",
        "End an uncertain message by hand",
        _settle,
        {200: MessageShown},
        scope="agent",
        body=SettleBody,
        problems=(400, 404, 409, 422),
        once=True,
    ),
)
