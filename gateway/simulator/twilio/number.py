"""One of our numbers at Twilio, which may send SMS and WhatsApp: its settings, its addresses, its message resources."""

from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any

from gateway.simulator.account import Account
from gateway.simulator.lines import words_of
from gateway.simulator.provider import Configuration
from gateway.simulator.store import Json
from gateway.simulator.world import World

NAME = "twilio"
WHATSAPP = "whatsapp:"
VERSION = "2010-04-01"
STATUS = {"read": "read", "delivered": "delivered", "sent": "sent", "queued": "queued"}


class NumberConfiguration(Configuration):
    """What the console has of a number."""

    account_sid: str | None = None  # AC…; else that of the first call from this number
    whatsapp_webhook: str | None = None  # of the WhatsApp sender with this number; else the number's own
    service: str | None = None  # MG…: the messaging service that the number is in
    advanced_opt_out: bool | None = None  # the service tells `OptOutType`, on WhatsApp too


class Number(Account):
    """A number, named in the control API by its digits. `secret` is the account's auth token."""

    def __init__(self, world: World, number: str) -> None:
        super().__init__(world, NAME, number)

    @property
    def address(self) -> str:
        """The number as Twilio writes it."""
        return f"+{self.id}"

    @property
    def sid(self) -> str:
        """The SID of the Twilio account that the number belongs to."""
        return str(self.settings.get("account_sid", "AC" + "0" * 32))

    @property
    def phone_sid(self) -> str:
        """The SID of the number itself."""
        return "PN" + blake2b(self.key.encode(), digest_size=16).hexdigest()

    @property
    def sender_sid(self) -> str:
        """The SID of the WhatsApp sender with this number."""
        return "XE" + blake2b(self.key.encode(), digest_size=16).hexdigest()

    def ours(self, chat: Json) -> str:
        """Our address as this customer has it."""
        return f"{WHATSAPP}{self.address}" if on_whatsapp(chat) else self.address

    def hook(self, chat: Json) -> str:
        """Where what this customer writes is posted; empty for the account's own webhook."""
        return str(self.settings.get("whatsapp_webhook", "")) if on_whatsapp(chat) else ""

    def note_message(self, sid: str) -> None:
        """Put a message on the account's list."""
        number = self.world.store.next("twilio.order")
        self.world.store.put("twilio.order", f"{self.sid}/{number:012}", {"number": self.id, "sid": sid})

    def resource(self, chat: Json, line: Json) -> Json:
        """The message as Twilio's API has it. https://www.twilio.com/docs/messaging/api/message-resource"""
        inbound = line["direction"] == "in"
        when = format_datetime(datetime.fromtimestamp(line["at"], UTC))
        ends = (theirs(chat), self.ours(chat)) if inbound else (self.ours(chat), theirs(chat))
        uri = f"/{VERSION}/Accounts/{self.sid}/Messages/{line['id']}"
        code = line.get("error")
        return {
            "account_sid": self.sid,
            "api_version": VERSION,
            "body": words_of(line),
            "date_created": when,
            "date_sent": when,
            "date_updated": when,
            "direction": "inbound" if inbound else "outbound-api",
            "error_code": int(code) if code else None,
            "error_message": line.get("error_words") if code else None,
            "from": ends[0],
            "messaging_service_sid": line.get("service"),
            "num_media": str(len(files_of(line))),
            "num_segments": str(line.get("segments") or 1),
            "price": None,
            "price_unit": "USD",
            "sid": line["id"],
            "status": "received" if inbound else line.get("twilio") or STATUS[line["status"]],
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": ends[1],
            "uri": f"{uri}.json",
        }


def on_whatsapp(chat: Json) -> bool:
    """Whether this customer writes by WhatsApp."""
    return str(chat["id"]).startswith(WHATSAPP)


def theirs(chat: Json) -> str:
    """A customer's address; somebody who hides the number has a user id."""
    name = str(chat["id"]).removeprefix(WHATSAPP)
    return f"{WHATSAPP if on_whatsapp(chat) else ''}{'+' if name.isdigit() else ''}{name}"


def files_of(line: Json) -> list[Json]:
    """The files of a message, its contact cards included."""
    found: list[Any] = [part for part in line["parts"] if part["kind"] == "media" or "vcard_file" in part]
    return [
        {"file": part.get("vcard_file", part.get("file")), "mime": part.get("mime", "text/vcard")} for part in found
    ]
