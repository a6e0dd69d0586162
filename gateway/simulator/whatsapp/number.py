"""A business number of the simulated WhatsApp: its people by number or user id, its media and templates."""

import hashlib
from base64 import b64encode
from typing import Any

from gateway.simulator import lines
from gateway.simulator.account import Account
from gateway.simulator.store import Json
from gateway.simulator.world import Upload

ENTRY = 72 * 3600.0
"""Seconds after a customer came by an advertisement in which they can be answered freely."""
ADDRESS_LASTS = 300.0
"""Seconds until the address of a file ends: it has to be asked for again then."""


class Number(Account):
    """One `phone_number_id`."""

    @property
    def waba(self) -> str:
        """The business account that the number belongs to."""
        return str(self.settings.get("waba_id") or f"{self.id}0")

    @property
    def shown_number(self) -> str:
        """The telephone number that customers see."""
        return str(self.settings.get("phone") or "+33 1 99 00 00 00")

    def wamid(self) -> str:
        """The id of a new message."""
        return "wamid." + b64encode(bytes.fromhex(self.new_id("wamid", 21))).decode().rstrip("=")

    # People.

    def put_chat(self, chat: Json) -> None:
        """Keep a chat, found by its user id too."""
        super().put_chat(chat)
        if chat.get("user_id"):
            self.world.store.put("user", f"{self.key}/{chat['user_id']}", {"chat": chat["id"]})

    def whom(self, name: str) -> Json | None:
        """The chat of a telephone number or of a user id; None for somebody that nobody knows."""
        if (found := self.find_chat(name.removeprefix("+"))) is not None:
            return found
        known = self.world.store.get("user", f"{self.key}/{name}")
        return self.find_chat(str(known["chat"])) if known else None

    # The window is longer for who came by an advertisement.

    def fall_silent(self, chat: Json, seconds: float) -> None:
        """Let it be so long since the customer's last sign, and since they came by an advertisement."""
        then = {"entered_at": self.world.now() - seconds} if "entered_at" in chat else {}
        super().fall_silent({**chat, **then}, seconds)

    def in_window(self, chat: Json) -> bool:
        """Whether the customer can be answered freely."""
        entered = chat.get("entered_at")
        return super().in_window(chat) or (entered is not None and self.world.now() - float(entered) < ENTRY)

    # Media: ids of digits, as WhatsApp's.

    def keep_file(self, upload: Upload, *, file_id: str = "", **more: Any) -> Json:
        """Write a file down with the checksum that WhatsApp tells of it."""
        number = file_id or str(int(self.new_id("media", 6), 16))
        checksum = b64encode(hashlib.sha256(upload.data).digest()).decode()
        return super().keep_file(upload, file_id=number, sha256=checksum, **more)

    @property
    def address_ends(self) -> float:
        """When an address of a file that is told now ends."""
        return self.world.now() + float(self.settings.get("media_lasts", ADDRESS_LASTS))

    def about_file(self, file_id: str) -> Json | None:
        """What is known of a file, or None."""
        return self.world.store.get("file", f"{self.key}/{file_id}")

    # Templates.

    def template(self, name: str, language: str) -> Json | None:
        """An approved template."""
        return next((one for one in self.templates() if (one["name"], one["language"]) == (name, language)), None)

    def templates(self) -> list[Json]:
        """All of the account: those of its configuration, or a few to try with."""
        given: list[Json] = self.settings.get("templates") or SAMPLES
        shown: Json = {"status": "APPROVED", "category": "UTILITY"}
        return [{**shown, "id": str(7_000_000 + place), **one} for place, one in enumerate(given)]


def _body(text: str) -> Json:
    return {"type": "BODY", "text": text}


SAMPLES: list[Json] = [
    {
        "name": "order_update",
        "language": "en",
        "components": [_body("Hello {{1}}, your order {{2}} has left us. Write to us if anything is missing.")],
    },
    {
        "name": "order_update",
        "language": "fr",
        "components": [_body("Bonjour {{1}}, votre commande {{2}} est partie. Écrivez-nous si rien ne vous parvient.")],
    },
    {
        "name": "still_there",
        "language": "en",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Your question"},
            _body("Hello {{name}}, do you still need us?"),
            {"type": "FOOTER", "text": "Passerelle"},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}, {"type": "QUICK_REPLY", "text": "No, thank you"}],
            },
        ],
    },
    {
        "name": "autumn_offer",
        "language": "en",
        "category": "MARKETING",
        "components": [_body("Hello {{1}}, everything for the garden costs a fifth less until Sunday.")],
    },
]
"""What a new account can try: blanks by number, blanks by name, a header and buttons, an offer that one can stop."""


def named_part(known: Json) -> Json:
    """The part that shows a kept file by its type."""
    mime = str(known["mime"])
    kind = (
        "sticker"
        if mime == "image/webp"
        else {"image": "photo", "video": "video", "audio": "audio"}.get(mime.partition("/")[0], "document")
    )
    return lines.media(kind, known)
