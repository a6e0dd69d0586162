"""Our ends of the channels: how each does, what it can do, and which texts are approved for it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from math import ceil
from typing import Any

from aiohttp import web

from agent_api.answers import AccountShown, AccountsShown, TemplatesShown
from agent_api.asked import TemplateParams
from agent_api.problems import Problem
from agent_api.wire import Ask, Route, answered
from connectors.api import Deferred, Refused, powers
from gateway import steps
from gateway.config import Account
from gateway.ports import NeverSent, NoAnswer
from normalizer.decision import Refusal
from normalizer.model import rfc3339

_AGAIN_S = 5
"""Seconds after which to ask again, where the provider names no time."""


async def _list(ask: Ask) -> web.Response:
    sees = ask.who.caller.sees
    accounts = [account for account in ask.api.inside.accounts.values() if sees(account.brand)]
    return answered({"data": list(await asyncio.gather(*(_shown(ask, account) for account in accounts)))})


async def _get(ask: Ask) -> web.Response:
    return answered(await _shown(ask, _named(ask)))


def _named(ask: Ask) -> Account:
    account = ask.api.inside.accounts.get(ask.named("name"))
    if account is None or not ask.who.caller.sees(account.brand):
        raise Problem(404, "not_found", "no such account")
    return account


async def _templates(ask: Ask) -> web.Response:
    params: TemplateParams = ask.params
    account = _named(ask)
    try:
        found = await ask.api.inside.templates.of(account, fresh=params.fresh)
    except Refused as no:
        if not no.provider_code:  # nobody was asked
            raise Refusal("unsupported", no.detail) from None
        raise Problem(502, no.code, no.detail, about={"provider_code": no.provider_code}) from None
    except steps.Unsettled as busy:
        outcome = busy.outcome
        code, wait = (outcome.reason, outcome.wait) if isinstance(outcome, Deferred) else ("provider_down", None)
        detail = f"{account.channel} did not do it: {outcome.detail}"
        raise Problem(503, code, detail, headers={"Retry-After": str(ceil(wait or _AGAIN_S))}) from None
    except (NeverSent, NoAnswer) as error:
        detail = f"{account.channel} did not answer: {error}"
        raise Problem(503, "provider_down", detail, headers={"Retry-After": str(_AGAIN_S)}) from None
    return answered({"data": [asdict(one) for one in found]})


async def _shown(ask: Ask, account: Account) -> dict[str, Any]:
    state, limits = await ask.api.inside.states.shown(account.name), account.connector.limits
    return {
        "name": account.name,
        "channel": account.channel,
        "brand": account.brand,
        "state": state.level,
        "why": state.why,
        "code": state.code or None,
        "since": rfc3339(state.since),
        "limits": {
            "text": limits.text,
            "caption": limits.caption,
            "unit": limits.unit,
            "choices": limits.choices,
            "label": limits.label,
            "label_unit": limits.label_unit or limits.unit,
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
    Route(
        "GET",
        "/v1/accounts/{name}/templates",
        "The texts that the provider approved for an account",
        _templates,
        {200: TemplatesShown},
        scope="agent",
        params=TemplateParams,
        problems=(404, 422, 502, 503),
    ),
)
