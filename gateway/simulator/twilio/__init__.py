"""A faithful local Twilio: SMS, MMS and WhatsApp by its API and its webhooks. https://www.twilio.com/docs/messaging"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qs

from aiohttp import web

from gateway.simulator import lines, saying
from gateway.simulator.calls import Call, Said
from gateway.simulator.faults import Fault
from gateway.simulator.provider import Provider
from gateway.simulator.store import Json
from gateway.simulator.twilio import inbound, sending, signing
from gateway.simulator.twilio.api import CREATE, Api
from gateway.simulator.twilio.errors import LOST, TwilioError, said
from gateway.simulator.twilio.number import NAME, WHATSAPP, Number, NumberConfiguration, on_whatsapp, theirs
from gateway.simulator.world import Fields, Refusal, Upload, World

ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
"""What Twilio answers by itself to an SMS of one of these words."""
SMS_SAYS = ("text", "photo", "video", "audio", "document", "contact", "album")
WHATSAPP_SAYS = ("text", "photo", "video", "audio", "voice", "document", "sticker", "location", "contact", "reply")
REFUSALS = {"blocked": 21610, "revoked_token": 20003, "error": 21612}


class Twilio(Provider[Number]):
    """The Twilio channel: a chat is an SMS's, or (with `whatsapp:` before its number) one of WhatsApp."""

    name = NAME
    title = "SMS"
    provider = "Twilio"
    dress = "sms"
    example = "15550006789"
    says = tuple(dict.fromkeys((*SMS_SAYS, *WHATSAPP_SAYS)))
    can = ("messages", "press", "react", "open", "block", "unblock", "silence")
    acts: ClassVar[Mapping[str, Mapping[str, str]]] = {"silence": {"hours": "25"}}
    asks = ("name", "id")
    snippet = (
        "accounts:\n  support-sms:\n    connector: twilio\n    api: {address}\n"
        f'    account_sid: AC{"0" * 32}\n    auth_token: any-secret\n    sender: "+15550006789"'
    )
    sends = frozenset({CREATE})
    attempts: int | None = 1
    configuration = NumberConfiguration
    first_person = 15_550_100_001

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.api = Api(world, self.desk, self.account, self.known, self)

    def make(self, account: str) -> Number:
        """A number by its digits."""
        return Number(self.world, account)

    def routes(self) -> list[web.RouteDef]:
        """Twilio's API."""
        return self.api.routes()

    # What Twilio says.

    def too_many(self, seconds: int, call: Call) -> Said:  # noqa: ARG002  Twilio does not say how long
        """Too many calls at a time."""
        return said(20429)

    def wrong(self, fault: Fault, call: Call) -> Said:  # noqa: ARG002  the same for every call
        """What an ordered fault sounds like."""
        if fault.kind == "server_error":
            return said(20500 if fault.status == HTTPStatus.INTERNAL_SERVER_ERROR else 20503, status=fault.status)
        return said(fault.code or REFUSALS[fault.kind])

    def kind(self, body: bytes) -> str:
        """`message`, or `status.` and what became of ours."""
        fields = parse_qs(body.decode())
        status = fields.get("MessageStatus", [""])[0]
        return f"status.{status}" if status else "message"

    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:
        """A form, signed with the auth token."""
        number = self.account(account)
        return signing.headers(url, body, str(number.settings.get("secret") or self.api.keys.token(number.sid)))

    # What customers do.

    def person(self, account: Number, fields: Fields) -> Json:
        """A customer by number, by SMS or (with `whatsapp:` before it) by WhatsApp; one is made up if none is given."""
        given = saying.words(fields, "id").replace(" ", "") or f"+{super().person(account, {})['id']}"
        bare = given.removeprefix(WHATSAPP)
        address = f"{WHATSAPP if bare != given else ''}{'+' if bare.isdigit() else ''}{bare}"
        if not sending.ADDRESS.fullmatch(address):
            raise Refusal(422, "id: a number such as +33612345678 is wanted, with whatsapp: before it for WhatsApp")
        return self._chat(sending.chat_id(address))

    def _chat(self, chat: str) -> Json:
        whatsapp = chat.startswith(WHATSAPP)
        looks: Json = {"dress": "whatsapp", "says": WHATSAPP_SAYS, "deeds": list(self.can)} if whatsapp else {}
        return {"id": chat, "says": SMS_SAYS, "deeds": ["messages"], **looks}

    def say(self, account: Number, chat: Json, parts: list[Json], **more: Any) -> Json:
        """A message of theirs; cards are files, and an SMS has segments."""
        parts = [self._with_file(account, part) for part in parts]
        files = any(part["kind"] == "media" or "vcard_file" in part for part in parts)
        text = "\n".join(part["text"] for part in parts if part["kind"] == "text")
        sid = f"{'MM' if files else 'SM'}{account.new_id('line')}"
        counted = {} if files else sending.counted(chat, text)
        line = account.new_line(chat, "in", parts, line_id=sid, **counted, **more)
        account.note_message(sid)
        return line

    def _with_file(self, account: Number, part: Json) -> Json:
        """A file under Twilio's kind of id; a contact card with the vCard that it travels as."""
        if part["kind"] == "contact":
            phones = "".join(f"TEL;TYPE=CELL:{phone}\r\n" for phone in part["phones"])
            card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{part['name']}\r\n{phones}END:VCARD\r\n"
            upload = Upload("contact.vcf", "text/vcard", card.encode())
            return {**part, "vcard_file": account.keep_file(upload, file_id=sending.media_id(account))["file"]}
        return part

    def heard(self, account: Number, chat: Json, line: Json) -> int | None:
        """Post the message; opt-outs are Twilio's own business on SMS, and where it was told to see to them."""
        about = (line.get("reply_to") or {}).get("id")
        number = self._post(account, chat, {**line, **({"about": about} if about else {})})
        change = inbound.keyword(lines.words_of(line))
        heeds = not on_whatsapp(chat) or account.settings.get("advanced_opt_out")
        out = {"STOP": True, "START": False}.get(change, chat.get("opted_out", False)) if heeds else False
        account.heard_from({**chat, "opted_out": out})
        if change and heeds:
            answer = [lines.text(ANSWERS[change])]
            more = {"status": "delivered", "from": self.provider, **sending.counted(chat, ANSWERS[change])}
            account.new_line(chat, "out", answer, line_id=f"SM{account.new_id('line')}", **more)
        return number

    def _post(self, account: Number, chat: Json, line: Json) -> int:
        body = inbound.form(inbound.heard(account, chat, line))
        return account.push(body, str(chat["id"]), url=account.hook(chat))

    def reacted(self, account: Number, chat: Json, line: Json, emoji: str) -> int | None:
        """A reaction is a message about another one."""
        sid = f"SM{account.new_id('line')}"
        told = {"id": sid, "parts": [lines.text(emoji)] if emoji else [], "about": line["id"]}
        return self._post(account, chat, {**told, "reaction": True})

    # What becomes of ours.

    def receipt(self, account: Number, chat: Json, line: Json, status: str, code: int | None) -> None:
        """Word of a message goes to the address that came with it."""
        word = inbound.status_word(status, code)
        told = {**line, "twilio": word, "error": str(code or LOST) if status == "failed" else line.get("error")}
        account.keep(chat, told)
        if line.get("callback") and not (status == "read" and not on_whatsapp(chat)):
            body = inbound.form(inbound.status(account, chat, told, status, code))
            account.push(body, str(chat["id"]), url=line["callback"])

    async def send(self, number: Number, fields: Mapping[str, str], media: list[str], call: Call) -> Said:
        """Take a message that was asked for; raises TwilioError."""
        wanted = sending.read(fields, media)
        chat = number.find_chat(wanted.to)
        if chat is not None and chat.get("opted_out"):
            raise TwilioError(21610)
        if chat is None:  # a number answers to nobody we know, and can be written to all the same
            name = theirs({"id": wanted.to}).removeprefix(WHATSAPP)
            chat = {"name": name, "started": False, "blocked": False, **self._chat(wanted.to)}
        sid = f"{'MM' if media else 'SM'}{number.new_id('line')}"
        more = {"status": "queued", "callback": wanted.callback, "service": wanted.service or None}
        first = {"twilio": "accepted"} if wanted.service else {}
        counted = {} if media else sending.counted(chat, wanted.text)
        with self.world.store.transaction():
            number.put_chat(chat)
            line = number.new_line(chat, "out", list(wanted.parts), line_id=sid, **more, **first, **counted)
            number.note_message(sid)
            number.accepted(chat, call.name, call.shown, line["message_id"])
        self.world.spawn(self._carry(number, chat, line, wanted, call))
        resource = number.resource(chat, line)
        return Said(201, {**resource, "num_media": str(len(media))})

    async def _carry(self, number: Number, chat: Json, line: Json, wanted: sending.Wanted, call: Call) -> None:
        """Get the files, then see what becomes of the message."""
        code = sending.doom(number, chat, wanted)
        if code is None and wanted.media:
            files = await sending.files(number, chat, wanted.media)
            if isinstance(files, int):
                code = files
            else:
                line = {**line, "parts": [*files, *line["parts"]]}
                number.keep(chat, line)
        self.receipts.follow(number, chat, line, call.name, failing=code)
