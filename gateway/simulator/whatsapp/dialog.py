"""The same WhatsApp at 360dialog: a number is known by its key, and media lie under an address of Meta's.

https://docs.360dialog.com/docs/waba-messaging/messaging
"""

from __future__ import annotations

from typing import Any, ClassVar

from aiohttp import web

from gateway.simulator.calls import Call, Said
from gateway.simulator.meta import failing
from gateway.simulator.store import Json
from gateway.simulator.whatsapp.api import Api
from gateway.simulator.whatsapp.number import Number

METAS = "https://lookaside.fbsbx.com"
"""Whose addresses are told; a client puts 360dialog's in its place."""
FILES = "/whatsapp_business/attachments/"


class Dialog(Api):
    """Answers calls that come with `D360-API-KEY`, the `key` of a number."""

    kept: ClassVar[frozenset[str]] = frozenset({"headers"})  # they hold the secret of the hook

    def routes(self) -> list[web.RouteDef]:
        """All of the API that a gateway uses."""
        there = "/360dialog"
        return [
            web.post(f"{there}/messages", self.messages),
            web.post(f"{there}/media", self.upload),
            web.get(f"{there}/v1/configs/templates", self.templates),
            web.get(f"{there}/v1/configs/webhook", self.hook),
            web.post(f"{there}/v1/configs/webhook", self.hook),
            web.get(f"{there}{FILES}", self.download),
            web.get(f"{there}/{{id}}", self.about),
        ]

    # Whose call it is: only a key that a number was given is one.

    def token(self, request: web.Request, fields: Json) -> str:  # noqa: ARG002  it stands in a header
        """The key."""
        return request.headers.get("D360-API-KEY", "")

    def trust(self, token: str, end: Number, fields: Json) -> None:
        """The number was found by its key."""

    def nobody(self) -> Said:
        """The key is none."""
        return failing(401, 190, "Invalid api key")

    def _number(self, request: web.Request, key: str = "") -> Number | None:  # noqa: ARG002  the key says it all
        return next((one for one in self._channel.known() if key and one.settings.get("key") == key), None)

    def _of_business(self, request: web.Request, key: str) -> Number | None:
        return self._number(request, key)

    # Files.

    async def about(self, request: web.Request) -> web.StreamResponse:
        """Where a file is."""
        return await self.answer(request, "media.url", self._number, self._file_of(request, request.match_info["id"]))

    def file_address(self, root: str, number: Number, file: str) -> str:  # noqa: ARG002  the host is not ours
        """An address of Meta's, where our key is not known."""
        return f"{METAS}{FILES}?mid={file}&ends={number.address_ends}"

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file."""
        return await self.answer(request, "file", self._number, self.file_bytes(request.query.get("mid", "")))

    # The number's affairs.

    async def _templates(self, number: Number, fields: Json, _: Call) -> Said:  # noqa: ARG002  they come at once
        every = number.templates()
        shown: list[Any] = [{**one, "status": str(one["status"]).lower()} for one in every]
        return Said(200, {"waba_templates": shown, "count": len(shown), "total": len(shown)})

    async def hook(self, request: web.Request) -> web.StreamResponse:
        """Where webhooks go and what goes along with them: asked for, or set."""
        return await self.answer(request, "webhook", self._number, self._hook)

    async def _hook(self, number: Number, fields: Json, _: Call) -> Said:
        if fields.get("url"):
            told = {"webhook": str(fields["url"]), "hook_headers": fields.get("headers") or {}}
            self._channel.configure(number.id, told)
        return Said(
            200, {"url": number.settings.get("webhook", ""), "headers": number.settings.get("hook_headers", {})}
        )
