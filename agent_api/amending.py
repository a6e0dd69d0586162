"""What was said, changed: edit, delete, react, and typing."""

from __future__ import annotations

from aiohttp import web

from agent_api import shown
from agent_api.answers import MessageShown
from agent_api.asked import EditBody
from agent_api.problems import wrong
from agent_api.wire import Ask, Nothing, Route, answered
from normalizer.model import Message

_LONGEST_EMOJI = 64
"""Code points; the longest that Unicode recommends has a dozen."""
_PROBLEMS = (400, 404, 422, 503)


async def _one(ask: Ask, found: Message) -> web.Response:
    return answered((await shown.lines(ask.api.inside.store, [found]))[0])


async def _edit(ask: Ask) -> web.Response:
    body: EditBody = ask.body
    return await _one(ask, await ask.api.inside.amending.edit(ask.who.caller, ask.named(), body.parts))


async def _delete(ask: Ask) -> web.Response:
    return await _one(ask, await ask.api.inside.amending.delete(ask.who.caller, ask.named()))


async def _react(ask: Ask) -> web.Response:
    return await _one(ask, await ask.api.inside.amending.react(ask.who.caller, ask.named(), _emoji(ask)))


async def _take_off(ask: Ask) -> web.Response:
    return await _one(ask, await ask.api.inside.amending.react(ask.who.caller, ask.named(), _emoji(ask), off=True))


def _emoji(ask: Ask) -> str:
    emoji = ask.named("emoji")
    if len(emoji) > _LONGEST_EMOJI or emoji.isascii():
        raise wrong("", "this is no emoji")
    return emoji


async def _typing(ask: Ask) -> web.Response:
    await ask.api.inside.amending.typing(ask.who.caller, ask.named())
    return web.Response(status=204)


ROUTES = (
    Route(
        "PATCH",
        "/v1/messages/{id}",
        "Change a message that was sent, at the provider",
        _edit,
        {200: MessageShown},
        scope="agent",
        body=EditBody,
        problems=_PROBLEMS,
    ),
    Route(
        "DELETE",
        "/v1/messages/{id}",
        "Take back a message that was sent, at the provider",
        _delete,
        {200: MessageShown},
        scope="agent",
        problems=_PROBLEMS,
    ),
    Route(
        "PUT",
        "/v1/messages/{id}/reactions/{emoji}",
        "React to a message; it replaces our reaction to it",
        _react,
        {200: MessageShown},
        scope="agent",
        problems=_PROBLEMS,
    ),
    Route(
        "DELETE",
        "/v1/messages/{id}/reactions/{emoji}",
        "Take our reaction off a message",
        _take_off,
        {200: MessageShown},
        scope="agent",
        problems=_PROBLEMS,
    ),
    Route(
        "POST",
        "/v1/conversations/{id}/typing",
        "Show the customer that somebody types",
        _typing,
        {204: None},
        scope="agent",
        body=Nothing,
        problems=(400, 404, 422),
    ),
)
