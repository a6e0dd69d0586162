"""Twilio's API over HTTP; the hosts api, messaging and content are one here. https://www.twilio.com/docs/usage/api"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from gateway.simulator import forms
from gateway.simulator.calls import Call, Desk, Perform, Said
from gateway.simulator.store import Json
from gateway.simulator.twilio import listing, setup
from gateway.simulator.twilio.errors import TwilioError
from gateway.simulator.twilio.keys import Keys
from gateway.simulator.twilio.number import VERSION, WHATSAPP, Number, files_of
from gateway.simulator.twilio.sending import chat_id
from gateway.simulator.world import World

CREATE = "Messages.create"
ACCOUNT = f"/twilio/{VERSION}/Accounts/{{sid}}"
STORE = "/twilio/stored"


class Sender(Protocol):
    """What the channel does with a message that was asked for."""

    async def send(self, number: Number, fields: Mapping[str, str], media: list[str], call: Call) -> Said:
        """Take it, or raise TwilioError."""
        ...


class Api:
    """Answers calls; `number` finds a number by its digits, `known` has those that were ever named."""

    def __init__(
        self,
        world: World,
        desk: Desk,
        number: Callable[[str], Number],
        known: Callable[[], list[Number]],
        sender: Sender,
    ) -> None:
        self._world, self._desk, self._number, self._known, self._sender = world, desk, number, known, sender
        self.keys = Keys(world)

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        message = f"{ACCOUNT}/Messages/{{message}}"
        return [
            web.get(f"{ACCOUNT}.json", self.account),
            web.post(f"{ACCOUNT}/Messages.json", self.create),
            web.get(f"{ACCOUNT}/Messages.json", self.messages),
            web.get(f"{message}.json", self.message),
            web.delete(f"{message}.json", self.delete),
            web.get(f"{message}/Media.json", self.files),
            web.get(f"{message}/Media/{{file}}", self.file),
            web.get(f"{STORE}/{{number}}/{{file}}", self.stored),
            web.get(f"{ACCOUNT}/IncomingPhoneNumbers.json", self.numbers),
            web.post(f"{ACCOUNT}/IncomingPhoneNumbers/{{phone}}.json", self.set_number),
            web.route("*", "/twilio/v1/Services/{service}", self.service),
            web.get("/twilio/v2/Channels/Senders", self.senders),
            web.post("/twilio/v2/Channels/Senders/{sender}", self.set_sender),
            web.get("/twilio/{version:v1|v2}/ContentAndApprovals", self.templates),
            web.post("/twilio/v2/Indicators/Typing.json", self.typing),
        ]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """A message."""
        sid = request.match_info["sid"]
        pairs = await forms.pairs(request)
        fields, media = dict(pairs), [value for name, value in pairs if name == "MediaUrl"]
        shown = {**fields, **({"MediaUrl": media if len(media) > 1 else media[0]} if media else {})}
        number = self._from(sid, fields)
        end = number.id if number else sid
        call = Call(end, CREATE, shown, request.path, chat_id(fields.get("To", "")) or None, counts=True)

        async def perform() -> Said:
            self.keys.check(request, sid, self._known())
            if number is None:
                raise TwilioError(21703 if fields.get("MessagingServiceSid") else 21603)
            if not number.settings.get("account_sid"):
                number.set(account_sid=sid)  # the first who calls from a number has it
            if number.sid != sid:
                raise TwilioError(21606)
            return await self._sender.send(number, fields, media, call)

        return await self._desk.respond(request, call, perform)

    def _from(self, sid: str, fields: Mapping[str, str]) -> Number | None:
        """The number that a message goes from: the one that is named, else one of the service."""
        digits = fields.get("From", "").removeprefix(WHATSAPP).removeprefix("+")
        if digits.isdigit():
            return self._number(digits)
        pool = fields.get("MessagingServiceSid")
        ours = (one for one in self._known() if pool and one.settings.get("service") == pool and one.sid == sid)
        return next(ours, None)

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """The messages of an account, both ways."""
        sid, query = request.match_info["sid"], dict(request.query)
        return await self._asked(
            request, "Messages.list", query, lambda: Said(200, listing.messages(self._world, sid, query, self._number))
        )

    async def message(self, request: web.Request) -> web.StreamResponse:
        """One message."""

        def found() -> Said:
            number, chat, line = self._line(request)
            return Said(200, number.resource(chat, line))

        return await self._asked(request, "Messages.fetch", {"Sid": request.match_info["message"]}, found)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Twilio forgets a message; the customer's phone keeps it."""

        def forget() -> Said:
            number, chat, line = self._line(request)
            self._world.store.drop("line", f"{number.key}/{line['id']}")
            number.accepted(chat, "Messages.delete", {"Sid": line["id"]}, line["message_id"])
            return Said(204)

        return await self._asked(request, "Messages.delete", {"Sid": request.match_info["message"]}, forget)

    async def files(self, request: web.Request) -> web.StreamResponse:
        """The files of a message."""

        def found() -> Said:
            number, _, line = self._line(request)
            root = f"/{VERSION}/Accounts/{number.sid}/Messages/{line['id']}/Media"
            media = [
                {
                    "sid": one["file"],
                    "content_type": one["mime"],
                    "parent_sid": line["id"],
                    "uri": f"{root}/{one['file']}.json",
                }
                for one in files_of(line)
            ]
            return Said(200, {"media_list": media, "page": 0, "page_size": 50, "next_page_uri": None})

        return await self._asked(request, "Media.list", {"Sid": request.match_info["message"]}, found)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of a message: it is in a store elsewhere, which asks nobody who he is."""

        def found() -> Said:
            number, _, line = self._line(request)
            wanted = request.match_info["file"]
            if wanted not in {one["file"] for one in files_of(line)}:
                raise TwilioError(20404)
            prefix = request.path.partition("/twilio/")[0]
            return Said(307, headers={"Location": f"{prefix}{STORE}/{number.id}/{wanted}"})

        return await self._asked(request, "Media.fetch", {"Sid": request.match_info["file"]}, found)

    async def stored(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file; its address is the secret."""
        number, name = request.match_info["number"], request.match_info["file"]

        async def found() -> Said:
            upload = self._number(number).file(name) if number.isdigit() else None
            if upload is None:
                return Said(404, "")
            return Said(200, upload.data, content_type=upload.mime)

        return await self._desk.respond(request, Call(number, "Media.store", {"file": name}, request.path), found)

    def _line(self, request: web.Request) -> tuple[Number, Json, Json]:
        """A number, a chat and a line by a message's SID; raises TwilioError."""
        sid, message = request.match_info["sid"], request.match_info["message"]
        for number in self._known():
            found = number.find_line(message) if number.sid == sid else None
            if found is not None:
                return number, *found
        raise TwilioError(20404, f"The requested resource {request.path} was not found")

    # About the account.

    async def account(self, request: web.Request) -> web.StreamResponse:
        """Its state."""
        return await self._asked(request, "Account.fetch", {}, lambda: setup.account(request.match_info["sid"]))

    async def numbers(self, request: web.Request) -> web.StreamResponse:
        """Its numbers."""
        wanted, sid = request.query.get("PhoneNumber", ""), request.match_info["sid"]
        shown = {"PhoneNumber": wanted}
        return await self._asked(request, "Numbers.list", shown, lambda: setup.numbers(self._known(), sid, wanted))

    async def set_number(self, request: web.Request) -> web.StreamResponse:
        """Where messages to a number go."""
        sid, phone, fields = request.match_info["sid"], request.match_info["phone"], await forms.read(request)
        return await self._asked(
            request, "Numbers.update", fields, lambda: setup.set_number(self._known(), sid, phone, fields, self._hook)
        )

    async def service(self, request: web.Request) -> web.StreamResponse:
        """A messaging service, and where its messages go."""
        sid, fields = request.match_info["service"], await forms.read(request)
        return await self._asked(
            request, "Services.update" if fields else "Services.fetch", fields,
            lambda: setup.service(self._own(request), sid, fields, self._hook),
        )  # fmt: skip

    async def senders(self, request: web.Request) -> web.StreamResponse:
        """The WhatsApp senders."""
        return await self._asked(
            request, "Senders.list", dict(request.query), lambda: setup.senders(self._own(request))
        )

    async def set_sender(self, request: web.Request) -> web.StreamResponse:
        """Where messages to a WhatsApp sender go."""
        sid, fields = request.match_info["sender"], await forms.read(request)
        return await self._asked(
            request, "Senders.update", fields, lambda: setup.set_sender(self._own(request), sid, fields, self._hook)
        )

    async def templates(self, request: web.Request) -> web.StreamResponse:
        """The templates, all of them or by name."""
        pattern = request.query.get("ContentName", "")
        return await self._asked(request, "Content.list", dict(request.query), lambda: setup.templates(pattern))

    async def typing(self, request: web.Request) -> web.StreamResponse:
        """We type; what the customer wrote counts as read.

        https://www.twilio.com/docs/whatsapp/api/typing-indicators-resource
        """
        fields = await forms.read(request)

        def shown() -> Said:
            for number in self._own(request):
                found = number.find_line(str(fields.get("messageId", "")))
                if found is not None:
                    chat, line = found
                    number.advance(chat, line["message_id"], "read")
                    number.typing(chat)
                    return Said(200, {"success": True})
            raise TwilioError(20404)

        return await self._asked(request, "Typing.create", fields, shown)

    def _own(self, request: web.Request) -> list[Number]:
        sid = self.keys.owner(request)
        return [number for number in self._known() if number.sid == sid]

    def _hook(self, number: Number, **settings: str) -> None:
        number.set(**settings)
        if number.deliverer is not None:
            number.deliverer.reload()

    async def _asked(
        self, request: web.Request, name: str, shown: Mapping[str, Any], found: Callable[[], Said]
    ) -> web.StreamResponse:
        """A call that makes no message, once its credentials were checked."""
        sid = request.match_info.get("sid") or self.keys.owner(request)
        end = next((number.id for number in self._known() if number.sid == sid), sid)

        async def perform() -> Said:
            self.keys.check(request, sid, self._known())
            return found()

        done: Perform = perform
        return await self._desk.respond(request, Call(end, name, dict(shown), request.path), done)
