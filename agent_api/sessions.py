"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from agent_api import shown
from agent_api.answers import SessionShown
from agent_api.asked import SignInBody
from agent_api.auth import digest, of_agent
from agent_api.problems import invalid
from agent_api.signin import LASTS
from agent_api.wire import Ask, Route, answered

if TYPE_CHECKING:
    from gateway.ports import Agent


async def _sign_in(ask: Ask) -> web.Response:
    door = ask.api.door
    if "Origin" in ask.request.headers:
        door.check_origin(ask.request)
    agent, secret = await _opened(ask)
    answer = answered(shown.session(of_agent(agent, digest(secret))))
    answer.set_cookie(
        door.cookie,
        secret,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=door.hosts.secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


async def _opened(ask: Ask) -> tuple[Agent, str]:
    body: SignInBody = ask.body
    given = body.model_fields_set
    if given == {"link"}:
        return await ask.api.sign_in.by_link(body.link)
    wanted = {"email", "password"}
    errors = [{"pointer": f"/{name}", "detail": "Field required"} for name in sorted(wanted - given)]
    if "link" in given:
        errors.append({"pointer": "/link", "detail": "give a link alone, or an address and a password"})
    if errors:
        raise invalid("give an email and a password, or a link", errors)
    return await ask.api.sign_in.by_password(body.email, body.password, ask.request.remote or "")


async def _who(ask: Ask) -> web.Response:
    return answered(shown.session(ask.who))


async def _sign_out(ask: Ask) -> web.Response:
    answer = web.Response(status=204)
    if ask.who.session:
        await ask.api.inside.store.end_session(ask.who.credential)
        ask.api.hub.end(ask.who.credential)
        door = ask.api.door
        answer.del_cookie(door.cookie, path="/", secure=door.hosts.secure, httponly=True, samesite="Lax")
    return answer


ROUTES = (
    Route(
        "POST", "/v1/session", "Sign in", _sign_in, {200: SessionShown}, body=SignInBody, problems=(401, 403, 422, 429)
    ),
    Route("GET", "/v1/session", "Who am I?", _who, {200: SessionShown}, scope="read"),
    Route("DELETE", "/v1/session", "Sign out", _sign_out, {204: None}, scope="read"),
)
