"""Our ends of the channels: how each does, and what it can do."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from agent_api.answers import AccountShown, AccountsShown
from agent_api.problems import Problem
from agent_api.wire import Ask, Route, answered
from connectors.api import powers
from gateway.config import Account
from normalizer.model import rfc3339


async def _list(ask: Ask) -> web.Response:
    sees = ask.who.caller.sees
    accounts = [account for account in ask.api.inside.accounts.values() if sees(account.brand)]
    return answered({"data": [_shown(ask, account) for account in accounts]})


async def _get(ask: Ask) -> web.Response:
    account = ask.api.inside.accounts.get(ask.named("name"))
    if account is None or not ask.who.caller.sees(account.brand):
        raise Problem(404, "not_found", "no such account")
    return answered(_shown(ask, account))


def _shown(ask: Ask, account: Account) -> dict[str, Any]:
    state, limits = ask.api.inside.states.of(account.name), account.connector.limits
    return {
        "name": account.name,
        "channel": account.channel,
        "brand": account.brand,
        "state": state.level,
        "why": state.why,
        "since": rfc3339(state.since),
        "limits": {
            "text": limits.text,
            "caption": limits.caption,
            "unit": limits.unit,
            "choices": limits.choices,
            "label": limits.label,
            "parts": sorted(limits.parts),
            "media_types": sorted(limits.media_types),
        },
        "powers": list(powers(account.connector)),
    }


ROUTES = (
    Route(
        "GET",
        "/v1/accounts",
        "List accounts, with their state, limits and powers",
        _list,
        {200: AccountsShown},
        scope="read",
    ),
    Route("GET", "/v1/accounts/{name}", "One account", _get, {200: AccountShown}, scope="read", problems=(404,)),
)
