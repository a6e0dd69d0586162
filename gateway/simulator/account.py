"""Our end of a simulated channel: its settings, chats, lines, files and waiting webhooks, as they are kept in the store."""

from hashlib import blake2b
from typing import Any

from gateway.simulator import portraits
from gateway.simulator.delivery import Deliverer
from gateway.simulator.lines import STATUSES, measured
from gateway.simulator.store import Json
from gateway.simulator.world import Upload, World

FIRST_UPDATE = 1
WINDOW = 24 * 3600.0
"""Seconds after a customer's last sign in which they can be answered freely, where a provider has such a window."""


class Account:
    """One account by its id, which is enough: nobody has to register it first."""

    first_update = FIRST_UPDATE
    pictured = False  # whether the provider tells what customers look like

    def __init__(self, world: World, channel: str, name: str) -> None:
        self.world = world
        self.channel = channel
        self.id = name
        self.key = f"{channel}/{name}"
        self.deliverer: Deliverer | None = None
        kept = world.store.get("account", self.key)
        self.seen = kept is not None
        self._settings: Json = kept or {}

    @property
    def settings(self) -> Json:
        """Name, webhook, secret and what else the channel keeps; change them with `set`."""
        return self._settings

    def set(self, **values: Any) -> None:
        """Change settings; None removes one."""
        merged = {**self._settings, **values}
        self._settings = {name: value for name, value in merged.items() if value is not None}
        self.world.store.put("account", self.key, self._settings)
        self.seen = True
        self.world.board.publish("account", channel=self.channel, account=self.shown())

    def shown(self) -> Json:
        """The account as the page shows it."""
        return {
            "id": self.id,
            "name": self.settings.get("name") or self.id,
            "webhook": self.settings.get("webhook", ""),
            "pictured": self.pictured,
            "waiting": self.world.store.count_waiting(self.key),
            "last_error": self.settings.get("last_error_message"),
        }

    def new_id(self, kind: str, size: int = 16) -> str:
        """A fresh hexadecimal id of so many bytes; never the same twice, nor in a folder with another seed."""
        number = self.world.store.next(f"{kind}:{self.key}")
        return blake2b(f"{self.world.seed}/{self.key}/{kind}/{number}".encode(), digest_size=size).hexdigest()

    # Chats.

    def find_chat(self, chat: str) -> Json | None:
        """A chat as it is kept, or None."""
        return self.world.store.get("chat", f"{self.key}/{chat}")

    def put_chat(self, chat: Json) -> None:
        """Keep a chat and tell the page."""
        self.world.store.put("chat", f"{self.key}/{chat['id']}", chat)
        self.world.board.publish("chat", channel=self.channel, account=self.id, chat=self.shown_chat(chat))

    def chats(self) -> list[Json]:
        """All chats, by key."""
        return [chat for _, chat in self.world.store.every("chat", f"{self.key}/")]

    def shown_chat(self, chat: Json) -> Json:
        """A chat and its person, as the control API shows them."""
        return {**chat, "chat_id": chat["id"], "picture": self.shown_picture(chat)}

    def shown_picture(self, chat: Json) -> int | None:
        """The number of a customer's picture, another one with each; None where there is none."""
        known = portraits.known(self, chat)
        return None if known is None else int(known["number"])

    # The window: how long ago a customer gave a sign.

    def heard_from(self, chat: Json) -> Json:
        """The customer gave a sign: the window opens anew. The chat as it is now."""
        chat = {**chat, "started": True, "heard_at": self.world.now()}
        self.put_chat(chat)
        return chat

    def fall_silent(self, chat: Json, seconds: float) -> None:
        """Let it be so long since the customer's last sign."""
        self.put_chat({**chat, "heard_at": self.world.now() - seconds})

    def silent_for(self, chat: Json) -> float:
        """Seconds since the customer's last sign; endless for somebody who never gave one."""
        heard = chat.get("heard_at")
        return float("inf") if heard is None else self.world.now() - float(heard)

    def in_window(self, chat: Json) -> bool:
        """Whether the customer can be answered freely."""
        return self.silent_for(chat) < WINDOW

    # Lines: what was said in a chat, by either side, in the shape that `lines` describes.

    def new_line(self, chat: Json, direction: str, parts: list[Json], *, line_id: str = "", **more: Any) -> Json:
        """A new line, kept and shown. `line_id` is the provider's id of it, by which `find_line` finds it again.

        Numbers (`message_id`) count up per chat and are never used again.
        """
        number = self.world.store.next(f"message:{self.key}/{chat['id']}")
        line = {
            "message_id": number,
            "id": line_id,
            "direction": direction,
            "at": self.world.now(),
            "parts": parts,
            "status": None,
            "deleted": False,
            **more,
        }
        if line_id:
            place = {"chat": str(chat["id"]), "message_id": number}
            self.world.store.put("line", f"{self.key}/{line_id}", place)
        self.keep(chat, line)
        return line

    def keep(self, chat: Json, line: Json) -> None:
        """Write a line down, new or changed, and tell the page."""
        self.world.store.put_message(f"{self.key}/{chat['id']}", line["message_id"], line)
        shown = self.shown_line(line)
        self.world.board.publish("message", channel=self.channel, account=self.id, chat=str(chat["id"]), message=shown)

    def find(self, chat: Json, number: int) -> Json | None:
        """A line that is still there, or None."""
        line = self.world.store.message(f"{self.key}/{chat['id']}", number)
        return None if line is None or line["deleted"] else line

    def find_line(self, line_id: str) -> tuple[Json, Json] | None:
        """The chat and the line that the provider's id means, or None."""
        place = self.world.store.get("line", f"{self.key}/{line_id}")
        chat = self.find_chat(place["chat"]) if place else None
        line = self.find(chat, place["message_id"]) if chat and place else None
        return (chat, line) if chat and line else None

    def lines(self, chat: str, after: int = -1, limit: int = 1_000_000) -> list[Json]:
        """The lines of a chat as they are kept, oldest first."""
        return self.world.store.messages(f"{self.key}/{chat}", after, limit)

    def messages(self, chat: str, after: int = -1, limit: int = 1_000_000) -> list[Json]:
        """The lines of a chat as the control API shows them, oldest first."""
        return [self.shown_line(line) for line in self.lines(chat, after, limit)]

    def shown_line(self, line: Json) -> Json:
        """A line as the control API shows it: with all its words at hand as `text`."""
        words = "\n".join(part["text"] for part in line["parts"] if part["kind"] == "text")
        return {"reactions": {}, **line, "text": words}

    def advance(self, chat: Json, number: int, status: str, **more: Any) -> Json | None:
        """Raise a line's status; one that is lower than the present one changes nothing. The line, or None if it is gone."""
        line = self.find(chat, number)
        if line is None:
            return None
        ranks = {name: rank for rank, name in enumerate(STATUSES)}
        if ranks[status] > ranks.get(line["status"] or "", -1):
            line = {**line, "status": status, **more}
            self.keep(chat, line)
        return line

    def typing(self, chat: Json, action: str = "typing") -> None:
        """Show the customer for some seconds that we type (or what `doing.{action}` of the page's catalogue says)."""
        self.world.board.publish("typing", channel=self.channel, account=self.id, chat=str(chat["id"]), action=action)

    # Files.

    def keep_file(self, upload: Upload, *, file_id: str = "", **more: Any) -> Json:
        """Write a file down under an id; what is known of it: `file` (the id), `name`, `mime`, `bytes` and its measures."""
        stored = self.world.store.write_file(upload.data)
        known = {"file": file_id or self.new_id("file", 12), **measured(upload), **more}
        self.world.store.put("file", f"{self.key}/{known['file']}", {**known, "stored": stored})
        return known

    def file(self, file_id: str) -> Upload | None:
        """A kept file with its bytes, or None."""
        known = self.world.store.get("file", f"{self.key}/{file_id}")
        if known is None:
            return None
        return Upload(known["name"], known["mime"], self.world.store.read_file(known["stored"]))

    # What goes out.

    def next_update(self) -> int:
        """The number of the next webhook."""
        return self.world.store.next(f"update:{self.key}", self.first_update + self.world.seed)

    def push(self, body: bytes, chat: str, *, number: int | None = None, url: str = "") -> int:
        """Keep a webhook and send it on its way, to its own `url` or to the account's; its number."""
        number = self.next_update() if number is None else number
        self.world.store.add_waiting(self.key, number, chat, body, self.world.now(), url)
        if self.deliverer is not None:
            self.deliverer.add(number, chat)
        return number

    def accepted(self, chat: Json | None, method: str, params: Json, message: int | None = None) -> None:
        """Write down that a call had its effect."""
        place = "" if chat is None else str(chat["id"])
        at = self.world.clock().isoformat(timespec="milliseconds")
        self.world.store.accept(self.key, place, method, params, message, at)
