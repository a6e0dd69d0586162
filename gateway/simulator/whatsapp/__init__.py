"""A local WhatsApp: the Cloud API, its webhooks, and customers to write with.

https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web
from pydantic import Field

from gateway.simulator import lines, saying
from gateway.simulator.calls import Call, Said
from gateway.simulator.faults import Fault
from gateway.simulator.meta import JSON, failing, usual_wrong
from gateway.simulator.provider import Configuration
from gateway.simulator.store import Json
from gateway.simulator.whatsapp import told
from gateway.simulator.whatsapp.api import Api
from gateway.simulator.whatsapp.dialog import Dialog
from gateway.simulator.whatsapp.doing import Doing
from gateway.simulator.whatsapp.number import Number
from gateway.simulator.world import Fields, Refusal


class NumberConfiguration(Configuration):
    """What one sets for a number: `token` is then the only one that is accepted."""

    waba_id: str | None = None
    phone: str | None = None
    token: str | None = None
    verify_token: str | None = None
    templates: list[dict[str, Any]] | None = None
    media_lasts: float | None = Field(default=None, ge=0, le=3600)  # seconds until an address of a file ends; None: 300
    key: str | None = None  # at 360dialog, which then has the number: what stands in `D360-API-KEY`
    hook_headers: dict[str, str] | None = None  # what 360dialog sends along with webhooks


class WhatsApp(Doing):
    """The WhatsApp channel of the simulator."""

    name, title, dress = "whatsapp", "WhatsApp", "whatsapp"
    example = "106540352242922"
    says: ClassVar[Sequence[str]] = ("text", "photo", "video", "audio", "voice", "document", "sticker", "location",
                                     "contact", "album")  # fmt: skip
    can: ClassVar[Sequence[str]] = ("messages", "press", "react", "edit", "delete", "open", "block", "unblock",
                                    "silence")  # fmt: skip
    asks: ClassVar[Sequence[str]] = ("name", "id")
    sends: frozenset[str] = frozenset({"messages"})
    configuration: ClassVar[type[Configuration]] = NumberConfiguration
    first_person: ClassVar[int] = 33_600_000_001

    acts: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "order": {"text": "By Friday, please"},
        "fill": {"name": "Ann", "seats": "2"},
        "arrive": {"text": "I saw your advertisement", "source": "ad|post"},
        "group": {"text": "Hello everybody"},
        "marketing": {"value": "stop|resume"},
        "renumber": {"id": "33600000099"},
        "silence": {"hours": "25"},
    }

    def make(self, account: str) -> Number:
        """A number by its id."""
        return Number(self.world, self.name, account)

    def routes(self) -> list[web.RouteDef]:
        """The Cloud API, and 360dialog's."""
        return [*Api(self).routes(), *Dialog(self).routes()]

    def secrets(self, account: Number) -> Sequence[str]:
        """What the traffic must not show."""
        known = account.settings
        return [*super().secrets(account), str(known.get("key", "")), *(known.get("hook_headers") or {}).values()]

    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:
        """Signed with the app's secret; 360dialog signs nothing, and repeats what it was given with the hook."""
        settings = self.account(account).settings
        if "key" in settings:
            return {"Content-Type": JSON, **(settings.get("hook_headers") or {})}
        return super().headers(account, url, body)

    def kind(self, body: bytes) -> str:
        """In a word, what a webhook tells."""
        return told.kind(body)

    def too_many(self, seconds: int, call: Call) -> Said:  # noqa: ARG002  Meta does not say how long
        """Throughput of the number, or of the pair where a fault was ordered for one chat, or rates are enforced."""
        whole = any(
            fault.kind == "too_many_requests" and fault.scope == "account" and fault.hits
            for fault in self.world.faults.every()
            if fault.channel == self.name and fault.account in (None, call.account)
        )
        if call.chat and not whole:
            return failing(400, 131056, "(Business Account, Consumer Account) pair rate limit hit")
        return failing(429, 130429, "Rate limit hit")

    def wrong(self, fault: Fault, call: Call) -> Said:  # noqa: ARG002  the words are the same for all calls
        """Meta's words."""
        usual = failing(400, 131026, "Message undeliverable")
        return usual_wrong(fault) or (
            usual if fault.kind == "blocked" else failing(400, 131000, "Something went wrong")
        )

    # What customers do.

    def person(self, account: Number, fields: Fields) -> Json:
        """A customer with a telephone number and a user id; `hidden` keeps the number from us, as usernames do."""
        made = super().person(account, fields)
        phone = made["id"].removeprefix("+")
        if not phone.isdigit():
            raise Refusal(422, "id: a telephone number in digits, with its country's code")
        user_id = saying.words(fields, "user_id") or f"FR.{phone}"
        if saying.words(fields, "hidden") in ("true", "1", "yes"):
            username = saying.words(fields, "username") or f"user{phone[-4:]}"
            return {"id": user_id, "phone": None, "user_id": user_id, "username": username}
        return {"id": phone, "phone": phone, "user_id": user_id, "username": saying.words(fields, "username") or None}

    def line_id(self, account: Number, chat: Json) -> str:  # noqa: ARG002  the same for everybody
        """A wamid."""
        return account.wamid()

    def heard(self, account: Number, chat: Json, line: Json) -> int | None:
        """A message."""
        account.heard_from(chat)
        return account.push(told.message(account, chat, line), str(chat["id"]))

    def reacted(self, account: Number, chat: Json, line: Json, emoji: str) -> int | None:
        """A reaction; without an emoji it is taken back."""
        account.heard_from(chat)
        about = {"message_id": line["id"], **({"emoji": emoji} if emoji else {})}
        return self.did(account, chat, {"type": "reaction", "reaction": about})

    def edited(self, account: Number, chat: Json, line: Json) -> int | None:
        """New words for a message."""
        new = {"type": "text", "text": {"body": lines.words_of(line)}}
        return self.did(account, chat, {"type": "edit", "edit": {"original_message_id": line["id"], "message": new}})

    def deleted(self, account: Number, chat: Json, line: Json) -> int | None:
        """A message taken back."""
        return self.did(account, chat, {"type": "revoke", "revoke": {"original_message_id": line["id"]}})

    # What becomes of our messages.

    def receipt(self, account: Number, chat: Json, line: Json, status: str, code: int | None) -> None:
        """A status."""
        account.push(told.status(account, chat, line, status, code), str(chat["id"]))

    def lose(self, account: Number, chat: Json, parts: list[Json], call: Call, code: int, **line: Any) -> None:
        """Take a message that will not arrive: it is accepted, and a receipt says why it failed."""
        with self.world.store.transaction():
            made = account.new_line(chat, "out", parts, status="queued", **line)
            account.accepted(chat, call.name, call.shown, made["message_id"])
            self.receipts.fail(account, chat, made["message_id"], code)
