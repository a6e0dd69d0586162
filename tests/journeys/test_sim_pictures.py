"""What customers look like, from the provider to the inbox: a picture, another one, none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from journeys.api import Api
from journeys.phones import Phones, Shop
from journeys.programs import BOT, SECRET, Gateway, Simulator, eventually

ENDS = {"telegram": BOT, "messenger": "1040000000000001", "instagram": "17840000000000001"}
TOKEN, APP = "token-of-the-shop", "app-secret-of-the-shop"
ANN = "7001"


def account(simulator: Simulator, name: str) -> dict[str, Any] | str:
    if name == "telegram":
        return simulator.api
    number = {"page_id" if name == "messenger" else "account_id": ENDS[name]}
    secrets = {"token": TOKEN, "app_secret": APP, "verify_token": "a-word"}
    return {"connector": name, **number, **secrets, "api": f"{simulator.url}{name}/v26.0"}


async def hooked(simulator: Simulator, gateway: Gateway, phones: Phones) -> None:
    """The provider knows where the gateway is, which has another port each time it is started."""
    hook = f"{gateway.url}/hooks/{phones.channel}"
    if phones.channel == "telegram":
        await simulator.call("setWebhook", url=hook, secret_token=SECRET)
    else:
        await phones.configure(webhook=hook, secret=APP, token=TOKEN)


@pytest.fixture
async def shops(simulator: Simulator, session: ClientSession, gateways: Callable[..., Gateway]) -> list[Shop]:
    gateway = gateways({name: account(simulator, name) for name in ENDS})
    await gateway.add_key()
    await gateway.up()
    api = Api(session, gateway)
    shops = [Shop(Phones(simulator, name, end), api, gateway, simulator) for name, end in ENDS.items()]
    for shop in shops:
        await hooked(simulator, gateway, shop.phones)
    return shops


async def test_the_inbox_follows_what_a_customer_looks_like(shops: list[Shop]) -> None:
    for shop in shops:
        await shop.phones.person("Ann Lee", id=ANN)
        await shop.phones.does(ANN, text="Hello")
    first = [await looks(shop) for shop in shops]
    await again(shops)
    assert [await looks(shop) for shop in shops] == first, "the same picture is not fetched anew"
    for shop in shops:
        await shop.phones.looks_otherwise(ANN)
    await again(shops)
    for shop, before in zip(shops, first, strict=True):
        await looks(shop, before)
        await shop.phones.looks_otherwise(ANN, picture=None)
    await again(shops)
    for shop in shops:
        await eventually(lambda shop=shop: bare(shop), "there is no picture any more")
    for shop, media in zip(shops, first, strict=True):
        assert (await shop.api.ask("GET", f"/v1/media/{media}")).status in (404, 410), "nobody is given an old one"


async def again(shops: list[Shop]) -> None:
    """The gateway is started anew, so that it asks when somebody writes and need not wait for a day."""
    gateway = shops[0].gateway
    assert (await gateway.stop())[0] == 0
    await gateway.up()
    for shop in shops:
        await hooked(shop.simulator, gateway, shop.phones)
        await shop.phones.does(ANN, text="and again")
        await asked(shop)


async def asked(shop: Shop) -> None:
    """Returns once who they are has been asked for since the gateway was started: it asks for nobody twice."""
    name = "getChat" if shop.phones.channel == "telegram" else "profile"

    async def found() -> bool:
        passed = (await shop.simulator.control("GET", "traffic", params={"account": shop.phones.account}))["data"]
        return any(one["name"] == name and one["status"] == 200 for one in passed)

    await eventually(found, f"{shop.phones.channel} is asked who somebody is")
    await shop.simulator.control("DELETE", "traffic")


async def looks(shop: Shop, before: str = "") -> str:
    """The picture that the API has of Ann, once there is another than before: it is the one on her phone."""
    pictured = await shop.phones.face(ANN)

    async def same() -> str | None:
        media = (await person(shop))["picture"]
        if not media or media == before:
            return None
        given = await shop.api.ask("GET", f"/v1/media/{media}")
        return media if (given.status, given.body) == (200, pictured) else None

    return await eventually(same, f"the picture of Ann at {shop.phones.channel}")


async def bare(shop: Shop) -> bool:
    return not (await person(shop)).get("picture")


async def person(shop: Shop) -> dict[str, Any]:
    end = "" if shop.phones.channel == "telegram" else f"{shop.phones.account}:"
    talk = await shop.conversation(f"{shop.phones.channel}:{end}{ANN}")
    return (await shop.api.get(f"/v1/conversations/{talk}"))["person"]
