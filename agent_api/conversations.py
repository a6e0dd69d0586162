"""Conversations: the list, one of them, and what agents do to it."""

from __future__ import annotations

import re
from collections.abc import Collection

from aiohttp import web

from agent_api import shown
from agent_api.answers import ConversationShown, ConversationsShown
from agent_api.asked import ChangeBody, ListParams, ReadBody
from agent_api.problems import wrong
from agent_api.wire import Ask, Nothing, Route, answered
from gateway import frames
from gateway.changes import ME
from gateway.ports import Wanted
from normalizer.model import Conversation

_TAG = re.compile(r'"([0-9]{1,18})"')


async def _list(ask: Ask) -> web.Response:
    params: ListParams = ask.params
    caller = ask.who.caller
    found = params.model_dump()
    if params.assignee == ME:
        found["assignee"] = caller.by.id
    try:
        page = await ask.api.inside.store.conversations(Wanted(brands=caller.brands, **found))
    except ValueError:
        raise wrong("/after", "this is not the `next` of a page of ours") from None
    return answered(
        {
            "data": [shown.conversation(one, ask.api.inside) for one in page.data],
            "page": {"next": page.next, "cursor": frames.cursor(page.cursor)},
        }
    )


def _one(ask: Ask, found: Conversation) -> web.Response:
    """A conversation, tagged with the revision of what may be changed of it."""
    return answered(shown.conversation(found, ask.api.inside), headers={"ETag": f'"{found.revision}"'})


async def _get(ask: Ask) -> web.Response:
    return _one(ask, await ask.api.changes.conversation(ask.who.caller, ask.named()))


async def _change(ask: Ask) -> web.Response:
    body: ChangeBody = ask.body
    changes = body.model_dump(mode="json", exclude_unset=True)
    revisions = _if_match(ask.request.headers.getall("If-Match", []))
    return _one(ask, await ask.api.changes.change(ask.who.caller, ask.named(), changes, revisions))


def _if_match(given: Collection[str]) -> Collection[int] | None:
    """The revisions that an ``If-Match`` names; None for any. A weak tag, or one of others, matches nothing."""
    tags = [tag.strip() for one in given for tag in one.split(",")]
    if not tags or "*" in tags:
        return None
    return {int(found[1]) for tag in tags if (found := _TAG.fullmatch(tag))}


async def _claim(ask: Ask) -> web.Response:
    return _one(ask, await ask.api.changes.claim(ask.who.caller, ask.named(), ask.once()))


async def _read(ask: Ask) -> web.Response:
    body: ReadBody = ask.body
    await ask.api.changes.read(ask.who.caller, ask.named(), body.up_to)
    await ask.api.inside.amending.seen(ask.who.caller, ask.named())
    return web.Response(status=204)


ROUTES = (
    Route(
        "GET",
        "/v1/conversations",
        "List conversations",
        _list,
        {200: ConversationsShown},
        scope="read",
        params=ListParams,
        problems=(422,),
    ),
    Route(
        "GET",
        "/v1/conversations/{id}",
        "One conversation",
        _get,
        {200: ConversationShown},
        scope="read",
        problems=(404,),
        headers=("ETag",),
    ),
    Route(
        "PATCH",
        "/v1/conversations/{id}",
        "Change a conversation",
        _change,
        {200: ConversationShown},
        scope="agent",
        body=ChangeBody,
        problems=(400, 404, 412, 422),
        headers=("ETag",),
    ),
    Route(
        "POST",
        "/v1/conversations/{id}/claim",
        "Assign a conversation to yourself",
        _claim,
        {200: ConversationShown},
        scope="agent",
        body=Nothing,
        problems=(404, 409, 422),
        once=True,
        headers=("ETag",),
    ),
    Route(
        "POST",
        "/v1/conversations/{id}/read",
        "Note how far you have read",
        _read,
        {204: None},
        scope="agent",
        body=ReadBody,
        problems=(400, 404, 422),
    ),
)
