"""Graph over HTTP for pages and accounts: messages, uploads, profiles, subscriptions, files.

https://developers.facebook.com/docs/messenger-platform/reference
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from gateway.simulator import fetching, lines, saying
from gateway.simulator.calls import Call, Said
from gateway.simulator.customers import set_reaction
from gateway.simulator.graph import asked, profile
from gateway.simulator.graph.page import Page
from gateway.simulator.graph.told import WORDS
from gateway.simulator.meta import MetaApi, refuse
from gateway.simulator.store import Json
from gateway.simulator.world import Upload

if TYPE_CHECKING:
    from gateway.simulator.graph.talk import Talk

MIB = 1 << 20
LARGEST = {"photo": 8 * MIB}
FILE = 25 * MIB
EMOJIS = {word: emoji for emoji, word in WORDS.items()}


class Api(MetaApi[Page]):
    """Answers calls; `channel` knows the pages."""

    def __init__(self, channel: Talk) -> None:
        super().__init__(channel)
        self._channel = channel

    def routes(self) -> list[web.RouteDef]:
        """All that a gateway uses."""
        root = f"/{self._channel.name}"
        there = f"{root}/{{version:v[0-9.]+}}/{{id:[^/]+}}"
        return [
            web.post(f"{there}/messages", self.messages),
            web.post(f"{there}/message_attachments", self.upload),
            web.get(f"{there}/subscribed_apps", self.subscribed),
            web.post(f"{there}/subscribed_apps", self.subscribe),
            web.get(there, self.about),
            web.get(f"{root}/cdn/{{page}}/{{file}}", self.download),
            web.get(f"{root}/{profile.PATH}", self.picture),
        ]

    def addressed(self, end: Page, fields: Json) -> tuple[str, bool]:  # noqa: ARG002  ids are the same for all pages
        """By the customer's id; marks and typing are no messages."""
        return str((saying.structure(fields, "recipient") or {}).get("id", "")), "message" in fields

    def _page(self, request: web.Request, token: str) -> Page | None:
        """Who is called: by number, by the token that `me` stands for, or as whose customer is asked about."""
        named = request.match_info["id"]
        known = self._channel.known()
        if named == "me" or any(one.find_chat(named) for one in known):
            mine = [one for one in known if one.settings.get("token") == token]
            return next(iter(mine or known), None)
        return self._channel.account(named) if self._channel.ids.fullmatch(named) else None

    # Messages.

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Send, show that we type, mark as read, react: one address has them all."""
        return await self.answer(request, "messages", self._page, self._messages)

    async def _messages(self, page: Page, fields: Json, call: Call) -> Said:
        chat = page.find_chat(call.chat or "")
        if chat is None:
            raise refuse(100, "No matching user found", subcode=self._channel.rules.nobody)
        if "sender_action" in fields:
            self._act(page, chat, str(fields["sender_action"]), saying.structure(fields, "payload") or {})
            return Said(200, {"recipient_id": chat["id"]})
        message = saying.structure(fields, "message")
        if not isinstance(message, dict):
            raise refuse(100, "The parameter message is required")
        parts = asked.parts(message, self._channel.rules)
        asked.allowed(page, chat, fields, self._channel.rules)
        if (carried := asked.file(message)) is not None:
            parts = [await self._file(page, *carried), *parts]
        more: Json = {"metadata": metadata} if (metadata := asked.metadata(message)) else {}
        reply = saying.structure(fields, "reply_to") or {}
        if reply:
            found = page.find_line(str(reply.get("mid")))
            if found is None:
                raise refuse(100, "Invalid reply_to: the message does not exist")
            more["reply_to"] = lines.quoted(found[1])
        mid = page.mid()
        self._channel.accept(page, chat, parts, call, line_id=mid, **more)
        return Said(200, {"recipient_id": chat["id"], "message_id": mid})

    def _act(self, page: Page, chat: Json, action: str, payload: Json) -> None:
        """https://developers.facebook.com/docs/messenger-platform/send-messages/sender-actions"""
        match action:
            case "typing_on":
                page.typing(chat)
            case "typing_off":
                pass
            case "mark_seen":
                for line in page.lines(str(chat["id"])):
                    if line["direction"] == "in":
                        page.advance(chat, line["message_id"], "read")
            case "react" | "unreact":
                found = page.find_line(str(payload.get("message_id")))
                if found is None:
                    raise refuse(100, "Invalid message_id")
                word = str(payload.get("reaction") or "") if action == "react" else ""
                set_reaction(page, *found, "bot", EMOJIS.get(word, word))
            case _:
                raise refuse(100, "Param sender_action must be one of TYPING_ON, TYPING_OFF, MARK_SEEN, REACT, UNREACT")

    async def _file(self, page: Page, kind: str, told: Json) -> Json:
        """The part of a file that was uploaded, or that is fetched now; raises Refused."""
        if told.get("attachment_id"):
            known = page.world.store.get("file", f"{page.key}/{told['attachment_id']}")
            if known is None:
                raise refuse(100, "Invalid attachment_id", subcode=2018074)
            return lines.media(kind, known)
        try:
            found = await fetching.fetch(self._channel.world, str(told.get("url") or ""), LARGEST.get(kind, FILE))
        except fetching.Unfetched as problem:
            raise refuse(100, f"Failed to fetch the file from the url: {problem}", subcode=2018008) from None
        known = page.keep_file(found)
        if not self._channel.rules.takes(kind, str(known["mime"])):
            raise refuse(100, f"Upload attachment failure: {known['mime']} is not supported", subcode=2018047)
        return lines.media(kind, known)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Keep a file for sending."""
        return await self.answer(request, "message_attachments", self._page, self._upload)

    async def _upload(self, page: Page, fields: Json, _: Call) -> Said:
        file = fields.get("filedata")
        message = saying.structure(fields, "message") or {}
        kind = asked.KINDS.get((message.get("attachment") or {}).get("type", ""))
        if not self._channel.rules.uploads or kind is None or not isinstance(file, Upload):
            raise refuse(100, "Upload attachment failure", subcode=2018047)
        if len(file.data) > LARGEST.get(kind, FILE):
            raise refuse(100, "Attachment size exceeds allowable limit", subcode=2018109)
        return Said(200, {"attachment_id": page.keep_file(file)["file"]})

    # Pages and people.

    async def about(self, request: web.Request) -> web.StreamResponse:
        """A page, or a customer of one."""
        named = request.match_info["id"]

        async def tell(page: Page, fields: Json, _: Call) -> Said:
            chat = page.find_chat(named)
            if chat is not None:
                wanted = [field.strip() for field in str(fields.get("fields") or "").split(",") if field.strip()]
                root = f"{request.scheme}://{request.host}{request.path.rpartition('/v')[0]}"
                return Said(200, profile.profile(page, chat, wanted, self._channel.about_people, root))
            name = page.settings.get("name") or page.id
            return Said(200, {"id": page.id, "user_id": page.id, "name": name, "username": name})

        return await self.answer(request, "profile" if named != "me" else "me", self._page, tell)

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """Have the app told of these fields of the page."""

        async def note(page: Page, fields: Json, _: Call) -> Said:
            wanted = str(fields.get("subscribed_fields") or "")
            page.set(fields=[field for field in wanted.split(",") if field])
            return Said(200, {"success": True})

        return await self.answer(request, "subscribe", self._page, note)

    async def subscribed(self, request: web.Request) -> web.StreamResponse:
        """What the app is told of."""

        async def tell(page: Page, _: Json, __: Call) -> Said:
            app = {"id": "900", "name": "Passerelle", "subscribed_fields": page.fields}
            return Said(200, {"data": [app] if page.fields else []})

        return await self.answer(request, "subscribed_apps", self._page, tell)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file, for whoever has its address."""
        page = self._channel.account(request.match_info["page"])
        found = page.file(request.match_info["file"])
        if found is None:
            return web.Response(status=404, text="URL signature expired")
        return web.Response(body=found.data, content_type=found.mime)

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """What a customer looks like, for whoever has the address."""
        page = request.query.get("page", "")
        if not self._channel.ids.fullmatch(page):
            return web.Response(status=404, text="Not Found")
        return profile.shown(self._channel.account(page), request.query)
