"""The simulated phones of any channel, by the control API: customers, what they do, and what they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from journeys.api import Api
from journeys.programs import Gateway, Simulator, client, eventually


class Phones:
    """The customers of one account at one provider."""

    def __init__(self, simulator: Simulator, channel: str, account: str) -> None:
        self._simulator, self.channel, self.account = simulator, channel, account
        self._there = f"{channel}/{account}"

    async def configure(self, **said: Any) -> None:
        """What one says at the provider by hand: `webhook`, `secret` …"""
        await self._simulator.control("POST", self._there, json=said)

    async def person(self, name: str, **more: Any) -> str:
        """A new customer; their chat."""
        found = await self._simulator.control("POST", f"{self._there}/people", json={"name": name, **more})
        return str(found["chat_id"])

    async def does(self, chat: str, deed: str = "messages", **fields: Any) -> Any:
        """A customer does something; by default they write."""
        return await self._simulator.control("POST", f"{self._there}/chats/{chat}/{deed}", json=fields)

    async def sees(self, chat: str) -> list[dict[str, Any]]:
        """Every line on a customer's phone."""
        return (await self._simulator.control("GET", f"{self._there}/chats/{chat}/messages"))["data"]

    async def looks_otherwise(self, chat: str, **picture: Any) -> None:
        """A customer takes another picture (one is drawn), or with `picture=None` none."""
        await self.does(chat, "picture", **picture)

    async def face(self, chat: str) -> bytes:
        """The picture of a customer, as their phone has it."""
        there = f"{self._simulator.url}api/{self._there}/chats/{chat}/picture"
        async with client() as session, session.get(there) as answer:
            assert answer.status == 200, answer
            return await answer.read()

    async def shown(self, chat: str, text: str) -> dict[str, Any]:
        """The line of ours with these words, once it is there."""

        async def found() -> dict[str, Any] | None:
            seen = await self.sees(chat)
            return next((line for line in seen if line["direction"] == "out" and text in line["text"]), None)

        return await eventually(found, f"{text!r} on the phone of {chat}")

    async def accepted(self, method: str = "") -> list[dict[str, Any]]:
        """The calls that had an effect, in order."""
        query = {"method": method} if method else {}
        return (await self._simulator.control("GET", f"{self._there}/accepted", params=query))["data"]

    async def goes_wrong(self, kind: str, **more: Any) -> int:
        """Order a fault."""
        order = {"kind": kind, "channel": self.channel, "account": self.account, **more}
        return (await self._simulator.control("POST", "faults", json=order))["id"]

    async def lift(self, fault: int) -> None:
        """Lift it."""
        await self._simulator.control("DELETE", f"faults/{fault}")


@dataclass
class Shop:
    """Everybody who takes part: the phones of one account, the agents, the programs between them."""

    phones: Phones
    api: Api
    gateway: Gateway
    simulator: Simulator

    async def conversation(self, identity: str) -> str:
        """The conversation of an identity, once there is one."""

        async def found() -> str | None:
            page = await self.api.get("/v1/conversations?limit=200")
            return next((one["id"] for one in page["data"] if identity in one["person"]["identities"]), None)

        return await eventually(found, f"a conversation with {identity}")
