"""Customers."""

from __future__ import annotations

from aiohttp import web

from agent_api import shown
from agent_api.answers import PeopleShown, PersonShown
from agent_api.asked import PeopleParams
from agent_api.problems import Problem, wrong
from agent_api.wire import Ask, Route, answered


async def _list(ask: Ask) -> web.Response:
    params: PeopleParams = ask.params
    try:
        page = await ask.api.inside.store.people(ask.who.caller.brands, params.q, params.limit, params.after)
    except ValueError:
        raise wrong("/after", "this is not the `next` of a page of ours") from None
    return answered({"data": [shown.person(one) for one in page.data], "page": {"next": page.next}})


async def _get(ask: Ask) -> web.Response:
    found = await ask.api.inside.store.person(ask.named())
    if found is None or not ask.who.caller.sees(found.brand):
        raise Problem(404, "not_found", "no such person")
    return answered(shown.person(found))


ROUTES = (
    Route(
        "GET",
        "/v1/people",
        "List customers",
        _list,
        {200: PeopleShown},
        scope="read",
        params=PeopleParams,
        problems=(422,),
    ),
    Route("GET", "/v1/people/{id}", "One customer", _get, {200: PersonShown}, scope="read", problems=(404,)),
)
