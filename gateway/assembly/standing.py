"""How a process stands: ``/healthz`` and ``/readyz`` of the roles that no provider calls, and ``/metrics`` of all."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from agent_api.about import mount_figures
from agent_api.auth import Door
from agent_api.hosts import Hosts
from gateway.assembly.house import House
from gateway.assembly.roles import RELAY
from gateway.edge import Edge


def add_standing(house: House, app: web.Application, edge: Edge | None) -> None:
    """Add what is not there yet: an edge says itself how it stands, and the API has the figures."""
    if edge is None:
        standing = Standing(house)
        app.router.add_get("/healthz", standing.healthz)
        app.router.add_get("/readyz", standing.readyz)
    if "api" not in house.roles:
        listened = house.listening
        hosts = Hosts(house.config.http.public_url, lambda: (listened.host, listened.port))
        mount_figures(app, Door(house.store, house.clock, hosts), house.clock)


class Standing:
    """Answers for a process without the edge."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def healthz(self, _: web.Request) -> web.Response:
        """The process is alive."""
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """It can do its work: all of it needs the store, and publishing needs the broker."""
        trouble = await self._trouble()
        if trouble:
            return web.json_response({"status": "unavailable", "detail": trouble} | self._holds(), status=503)
        return web.json_response({"status": "ok"} | self._holds())

    async def _trouble(self) -> str:
        house = self._house
        trouble = await house.store.ready()
        if not trouble and house.exchange is not None and "relay" in house.roles:
            trouble = await house.exchange.ready()
        return trouble

    def _holds(self) -> dict[str, Any]:
        """What this process alone does just now."""
        house, holds = self._house, dict[str, Any]()
        if house.holdings is not None and "relay" in house.roles:
            holds["relay"] = "active" if house.holdings.holds(RELAY) else "standing by"
        if house.partitions is not None:
            holds["partitions"] = house.partitions.count
        return holds
