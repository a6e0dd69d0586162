"""The Cloud API over HTTP: messages, media, the number, its templates and its hook.

https://developers.facebook.com/documentation/business-messaging/whatsapp/reference
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from gateway.simulator import fetching, lines
from gateway.simulator.calls import Call, Said
from gateway.simulator.customers import set_reaction
from gateway.simulator.meta import MetaApi, Perform, asked, refuse
from gateway.simulator.store import Json
from gateway.simulator.whatsapp import asked as asked_for
from gateway.simulator.whatsapp.number import Number, named_part
from gateway.simulator.world import Upload

if TYPE_CHECKING:
    from gateway.simulator.whatsapp import WhatsApp

MIB = 1 << 20
LARGEST = {"image": 5 * MIB, "audio": 16 * MIB, "video": 16 * MIB}
STICKER, MOVING_STICKER, DOCUMENT = 100 * 1024, 500 * 1024, 100 * MIB
ANIMATED = 0x02  # of the flags of a WebP: https://developers.google.com/speed/webp/docs/riff_container
TYPES = {
    "photo": ("image/jpeg", "image/png"),
    "sticker": ("image/webp",),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "video": ("video/mp4", "video/3gpp"),
}
"""What can be sent as each kind; a document can be anything that can be uploaded."""
TAKEN = (*(mime for some in TYPES.values() for mime in some), "text/plain", "application/")
CALLBACK_DATA = 512
NOT_DRAWN = 131053  # a file that cannot be had, or is not of the kind that it is sent as


class Api(MetaApi[Number]):
    """Answers calls; `channel` knows the numbers."""

    def __init__(self, channel: WhatsApp) -> None:
        super().__init__(channel)
        self._channel = channel

    def routes(self) -> list[web.RouteDef]:
        """All of the API that a gateway uses."""
        there = "/whatsapp/{version:v[0-9.]+}/{id:[^/]+}"
        return [
            web.post(f"{there}/messages", self.messages),
            web.post(f"{there}/media", self.upload),
            web.get(f"{there}/message_templates", self.templates),
            web.post(f"{there}/subscribed_apps", self.subscribe),
            web.get(there, self.about),
            web.get("/whatsapp/files/{number}/{file}", self.download),
        ]

    def addressed(self, end: Number, fields: Json) -> tuple[str, bool]:
        """By telephone number or user id; marks are no messages."""
        whom = fields.get("recipient") or fields.get("to")
        chat = end.whom(str(whom)) if whom else None
        return str(chat["id"]) if chat else "", "status" not in fields

    def _number(self, request: web.Request, key: str = "") -> Number | None:  # noqa: ARG002  the address says it
        found = request.match_info["id"]
        return self._channel.account(found) if self._channel.ids.fullmatch(found) else None

    def _of_business(self, request: web.Request, _: str) -> Number | None:
        """A number of the business account that an address names."""
        return next((one for one in self._channel.known() if one.waba == request.match_info["id"]), None)

    # Messages.

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Send, react, or mark as read: one address has them all."""
        return await self.answer(request, "messages", self._number, self._messages)

    async def _messages(self, number: Number, fields: Json, call: Call) -> Said:
        if fields.get("messaging_product") != "whatsapp":
            raise refuse(100, "Invalid parameter", details="(#100) The parameter messaging_product is required.")
        if "status" in fields:
            return self._read(number, fields)
        if not (fields.get("to") or fields.get("recipient")):
            raise refuse(131008, "Required parameter is missing", details="Parameter 'to' or 'recipient' is missing")
        addressed = "to" if fields.get("to") else "recipient"
        chat = number.whom(str(fields[addressed]))
        if chat is None:
            raise refuse(
                131030, "Recipient phone number not in allowed list", details="make this customer on the phone"
            )
        wamid = number.wamid()
        if fields.get("type") == "reaction":
            _react(number, fields.get("reaction") or {})
            number.accepted(chat, call.name, call.shown)
        else:
            await self._sent(number, chat, fields, call, wamid, addressed)
        contact = {"input": str(fields[addressed]), "wa_id": chat.get("phone"), "user_id": chat.get("user_id")}
        shown = {name: value for name, value in contact.items() if value}
        return Said(200, {"messaging_product": "whatsapp", "contacts": [shown], "messages": [{"id": wamid}]})

    async def _sent(self, number: Number, chat: Json, fields: Json, call: Call, wamid: str, addressed: str) -> None:
        parts = asked_for.parts(number, fields)
        if chat.get("no_offers") and asked_for.is_offer(number, fields):
            details = "The customer does not want marketing messages of this business."
            raise refuse(131050, "User has stopped marketing messages", details=details)
        if fields.get("type") != "template" and not number.in_window(chat):
            details = "Message failed to send because more than 24 hours have passed since the customer last replied."
            raise refuse(131047, "Re-engagement message", details=details)
        line: Json = {"line_id": wamid, "addressed": addressed}
        if given := str(fields.get("biz_opaque_callback_data") or ""):
            if len(given) > CALLBACK_DATA:
                raise refuse(100, "Invalid parameter", details=f"biz_opaque_callback_data: at most {CALLBACK_DATA}")
            line["callback_data"] = given
        quoted = number.find_line(str((fields.get("context") or {}).get("message_id", "")))
        if quoted is not None:
            line["reply_to"] = lines.quoted(quoted[1])
        lost = 131026 if chat["blocked"] else 0
        if (carried := asked_for.file(fields)) is not None:
            shown, lost = await self._file(number, *carried, lost)
            parts = [*shown, *parts]
        if lost:
            self._channel.lose(number, chat, parts, call, lost, **line)
        else:
            self._channel.accept(number, chat, parts, call, **line)

    async def _file(self, number: Number, kind: str, told: Json, lost: int) -> tuple[list[Json], int]:
        """The part of a file that was uploaded, or that is fetched now; and the error that its failure becomes."""
        if told.get("id"):
            known = number.about_file(str(told["id"]))
            if known is None:
                details = f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
                raise refuse(100, "Invalid parameter", details=details)
            return [_drawn(kind, known, told)], lost or (0 if _is(kind, str(known["mime"])) else NOT_DRAWN)
        if not told.get("link"):
            raise refuse(131008, "Required parameter is missing", details=f"Param {kind}['id'] or ['link'] is missing")
        try:
            found = await fetching.fetch(self._channel.world, str(told["link"]), DOCUMENT)
        except fetching.Unfetched as problem:
            return [lines.notice(str(problem))], lost or NOT_DRAWN
        known = number.keep_file(found)
        good = _fits(found) and _is(kind, str(known["mime"]))
        return [_drawn(kind, known, told)], lost or (0 if good else NOT_DRAWN)

    def _read(self, number: Number, fields: Json) -> Said:
        """The two blue ticks, and that somebody types.

        https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators/
        """
        found = number.find_line(str(fields.get("message_id")))
        if fields.get("status") != "read" or found is None or found[1]["direction"] != "in":
            raise refuse(131009, "Parameter value is not valid", details="message_id is not of a received message")
        chat, newest = found
        for line in number.lines(str(chat["id"])):
            if line["direction"] == "in" and line["message_id"] <= newest["message_id"]:
                number.advance(chat, line["message_id"], "read")
        if fields.get("typing_indicator"):
            number.typing(chat)
        return Said(200, {"success": True})

    # Media.

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Keep a file for sending."""
        return await self.answer(request, "media", self._number, self._upload)

    async def _upload(self, number: Number, fields: Json, _: Call) -> Said:
        file = fields.get("file")
        if not isinstance(file, Upload) or fields.get("messaging_product") != "whatsapp":
            raise refuse(100, "Invalid parameter", details="file and messaging_product are needed")
        typed = Upload(file.name, str(fields.get("type") or file.mime), file.data)
        if not typed.mime.startswith(TAKEN):
            raise refuse(
                100, "Invalid parameter", details=f"Param file must be a file of a known type, got {typed.mime}"
            )
        if not _fits(typed):
            raise refuse(NOT_DRAWN, "Media upload error", details="the file is too large for its type")
        return Said(200, {"id": number.keep_file(typed)["file"]})

    async def about(self, request: web.Request) -> web.StreamResponse:
        """A number, or a file by its id."""
        named = request.match_info["id"]
        owner = next((one for one in self._channel.known() if one.about_file(named)), None)
        if owner is not None:
            return await self.answer(request, "media.url", lambda *_: owner, self._file_of(request, named))
        number = self._number(request)
        known = number if number is not None and number.seen else None
        return await self.answer(request, "number", lambda *_: known, self._about)

    def _file_of(self, request: web.Request, file: str) -> Perform[Number]:
        async def tell(number: Number, fields: Json, _: Call) -> Said:
            known = number.about_file(file)
            if known is None or fields.get("phone_number_id", number.id) != number.id:
                raise refuse(100, "Unsupported get request: the object does not exist", subcode=33)
            root = request.path.split("/whatsapp/", 1)[0]
            url = self.file_address(f"{request.scheme}://{request.host}{root}", number, file)
            told = {"url": url, "mime_type": known["mime"], "sha256": known["sha256"], "file_size": known["bytes"]}
            return Said(200, {**told, "id": file, "messaging_product": "whatsapp"})

        return tell

    def file_address(self, root: str, number: Number, file: str) -> str:
        """Where a file can be had for a while."""
        return f"{root}/whatsapp/files/{number.id}/{file}?ends={number.address_ends}"

    async def _about(self, number: Number, _: Json, __: Call) -> Said:
        name = number.settings.get("name") or number.id
        quality = {"quality_rating": "GREEN", "id": number.id}
        return Said(200, {"verified_name": name, "display_phone_number": number.shown_number, **quality})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file, for the same token."""
        number = self._channel.account(request.match_info["number"])
        known = number if number.seen else None

        return await self.answer(request, "file", lambda *_: known, self.file_bytes(request.match_info["file"]))

    def file_bytes(self, file: str) -> Perform[Number]:
        """How a file is answered whose address may have ended."""

        async def send(number: Number, fields: Json, _: Call) -> Said:
            found = number.file(file)
            if found is None or number.world.now() >= _moment(fields.get("ends")):
                raise refuse(100, "The address of this file has ended, or was never one", status=404)
            return Said(200, found.data, content_type=found.mime)

        return send

    # The account.

    async def templates(self, request: web.Request) -> web.StreamResponse:
        """The templates of a business account, a page at a time."""
        return await self.answer(request, "message_templates", self._of_business, self._templates)

    async def _templates(self, number: Number, fields: Json, _: Call) -> Said:
        every = number.templates()
        limit, after = str(fields.get("limit", "25")), str(fields.get("after", "0"))
        if not (limit.isdigit() and after.isdigit()):
            raise refuse(100, "Invalid parameter", details="limit and after")
        start = int(after)
        shown = every[start : start + max(1, int(limit))]
        end = start + len(shown)
        paging: Json = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(every):
            paging["next"] = f"https://graph.facebook.com/next?after={end}"
        return Said(200, {"data": shown, "paging": paging})

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """Have webhooks sent to another address, which is asked first."""
        return await self.answer(request, "subscribed_apps", self._of_business, self._subscribe)

    async def _subscribe(self, number: Number, fields: Json, _: Call) -> Said:
        url, word = str(fields.get("override_callback_uri") or ""), str(fields.get("verify_token") or "")
        if url:
            if not await asked(self._channel.world, url, word):
                raise refuse(2200, "Callback verification failed: the hook did not repeat the challenge")
            for one in self._channel.known():
                if one.waba == number.waba:
                    self._channel.configure(one.id, {"webhook": url, "verify_token": word})
        return Said(200, {"success": True})


def _moment(told: Any) -> float:
    """When an address ends; one that does not say it has ended."""
    try:
        return float(told)
    except (TypeError, ValueError):
        return 0.0


def _react(number: Number, told: Json) -> None:
    """Our reaction to a customer's message; without an emoji it is taken back. Raises Refused."""
    found = number.find_line(str(told.get("message_id")))
    if found is None:
        raise refuse(131009, "Parameter value is not valid", details="reaction['message_id'] is not known")
    set_reaction(number, *found, "bot", str(told.get("emoji") or ""))


def _drawn(kind: str, known: Json, told: Json) -> Json:
    if kind == "document":
        return lines.media(kind, {**known, "name": told.get("filename") or known["name"]})
    return {**named_part(known), "as": kind}


def _is(kind: str, mime: str) -> bool:
    return mime.startswith(TYPES.get(kind, TAKEN))


def _fits(file: Upload) -> bool:
    moves = file.data[12:16] == b"VP8X" and any(flags & ANIMATED for flags in file.data[20:21])
    sticker = MOVING_STICKER if moves else STICKER
    most = sticker if file.mime == "image/webp" else LARGEST.get(file.mime.partition("/")[0], DOCUMENT)
    return 0 < len(file.data) <= most
