"""A local WhatsApp: the Cloud API, its webhooks, and customers to write with.

https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from gateway.simulator import lines, saying
from gateway.simulator.calls import Call, Said
from gateway.simulator.faults import Fault
from gateway.simulator.meta import failing, signed, usual_wrong
from gateway.simulator.provider import Configuration, Own, Provider
from gateway.simulator.store import Json
from gateway.simulator.whatsapp import told
from gateway.simulator.whatsapp.api import Api
from gateway.simulator.whatsapp.number import Number
from gateway.simulator.world import Fields, Refusal


class NumberConfiguration(Configuration):
    """What one sets for a number: `token` is then the only one that is accepted."""

    waba_id: str | None = None
    phone: str | None = None
    token: str | None = None
    verify_token: str | None = None
    templates: list[dict[str, Any]] | None = None


class WhatsApp(Provider[Number]):
    """The WhatsApp channel of the simulator."""

    name, title, dress = "whatsapp", "WhatsApp", "whatsapp"
    example = "106540352242922"
    says: ClassVar[Sequence[str]] = ("text", "photo", "video", "audio", "voice", "document", "sticker", "location",
                                     "contact", "album")  # fmt: skip
    can: ClassVar[Sequence[str]] = ("messages", "press", "react", "edit", "delete", "open", "block", "unblock")
    asks: ClassVar[Sequence[str]] = ("name", "id")
    sends: frozenset[str] = frozenset({"messages"})
    configuration: ClassVar[type[Configuration]] = NumberConfiguration
    first_person: ClassVar[int] = 33_600_000_001

    def make(self, account: str) -> Number:
        """A number by its id."""
        return Number(self.world, self.name, account)

    def routes(self) -> list[web.RouteDef]:
        """The Cloud API."""
        return Api(self).routes()

    def secrets(self, account: Number) -> Sequence[str]:
        """What the traffic must not show."""
        return [str(account.settings.get(name, "")) for name in ("secret", "token", "verify_token")]

    def kind(self, body: bytes) -> str:
        """In a word, what a webhook tells."""
        return told.kind(body)

    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002  Meta signs the body alone
        """Signed with the app's secret."""
        return signed(str(self.account(account).settings.get("secret", "")), body)

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
        account.heard_from(chat, line["at"])
        return account.push(told.message(account, chat, line), str(chat["id"]))

    def reacted(self, account: Number, chat: Json, line: Json, emoji: str) -> int | None:
        """A reaction; without an emoji it is taken back."""
        account.heard_from(chat)
        about = {"message_id": line["id"], **({"emoji": emoji} if emoji else {})}
        return self._did(account, chat, {"type": "reaction", "reaction": about})

    def edited(self, account: Number, chat: Json, line: Json) -> int | None:
        """New words for a message."""
        new = {"type": "text", "text": {"body": lines.words_of(line)}}
        return self._did(account, chat, {"type": "edit", "edit": {"original_message_id": line["id"], "message": new}})

    def deleted(self, account: Number, chat: Json, line: Json) -> int | None:
        """A message taken back."""
        return self._did(account, chat, {"type": "revoke", "revoke": {"original_message_id": line["id"]}})

    def _did(self, account: Number, chat: Json, what: Json) -> int:
        body = told.said(account, chat, what, account.wamid(), self.world.now())
        return account.push(body, str(chat["id"]))

    def own_deeds(self) -> Mapping[str, Own[Number]]:
        """What only WhatsApp's customers do."""
        return {
            "marketing": self.marketing,
            "renumber": self.renumber,
            "silence": self.silence,
            "listen": self.listen,
        }

    async def marketing(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Stop or resume offers: `value` is `stop` or `resume`."""
        value = saying.words(fields, "value") or "stop"
        if value not in ("stop", "resume"):
            raise Refusal(422, "value: stop or resume")
        about = {
            **told.contact(chat),
            "category": "marketing_messages",
            "value": value,
            "timestamp": int(self.world.now()),
        }
        account.put_chat({**chat, "no_offers": value == "stop"})
        body = told.envelope(account, "user_preferences", user_preferences=[about])
        return {"update_id": account.push(body, str(chat["id"]))}

    async def renumber(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Move to another telephone number, `id`; the user id changes with it."""
        phone = saying.words(fields, "id").removeprefix("+")
        if not phone.isdigit() or account.whom(phone) is not None:
            raise Refusal(422, "id: a telephone number in digits that nobody has")
        before = {"previous_user_id": chat.get("user_id")}
        moved = {**chat, "phone": phone, "user_id": f"FR.{phone}"}
        account.put_chat(moved)
        self.world.store.put("user", f"{account.key}/{phone}", {"chat": chat["id"]})
        system = {"type": "user_changed_number", "body": f"{chat['name']} changed their number", "wa_id": phone,
                  "user_id": moved["user_id"], **before}  # fmt: skip
        body = told.said(account, chat, {"type": "system", "system": system}, account.wamid(), self.world.now())
        return {"update_id": account.push(body, str(chat["id"]))}

    async def silence(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Let it be so many `hours` (25) since the customer's last sign: the provider's window closes."""
        hours = saying.whole(fields, "hours", 25)
        account.put_chat({**chat, "heard_at": self.world.now() - hours * 3600})
        return {"update_id": None}

    async def listen(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Play our voice message `message_id`."""
        line = self.there(account, chat, saying.whole(fields, "message_id"))
        if line["direction"] == "in" or not any(part.get("as") in ("audio", "voice") for part in line["parts"]):
            raise Refusal(409, "message_id: this is no voice message of ours")
        account.advance(chat, line["message_id"], "read")
        return {"update_id": account.push(told.status(account, chat, line, "played", None), str(chat["id"]))}

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
