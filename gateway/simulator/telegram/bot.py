"""One bot: its settings, chats, messages and updates, as they are kept in the store."""

from typing import Any

import orjson

from gateway.simulator.delivery import Deliverer
from gateway.simulator.store import Json
from gateway.simulator.telegram.errors import bad, forbidden
from gateway.simulator.world import World

NAME = "telegram"
FIRST_UPDATE = 700_000_001
FIRST_PERSON = 5_000_000_001  # beyond 32 bits, as today's Telegram users are
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Bot:
    """A bot by its number. The number is enough: any well formed token belongs to a bot that exists."""

    def __init__(self, world: World, number: str) -> None:
        self.world = world
        self.number = number
        self.key = f"{NAME}/{number}"
        self.deliverer: Deliverer | None = None
        self.polling: Any = None
        self.said: dict[str, list[float]] = {}  # when messages went to whom, for the rate limits
        self.seen = world.store.get("account", self.key) is not None
        self._settings: Json = world.store.get("account", self.key) or {}

    @property
    def settings(self) -> Json:
        """Name, webhook and allowed updates; change them with `set`."""
        return self._settings

    def set(self, **values: Any) -> None:
        """Change settings; None removes one."""
        merged = {**self._settings, **values}
        self._settings = {name: value for name, value in merged.items() if value is not None}
        self.world.store.put("account", self.key, self._settings)
        self.seen = True
        self.world.board.publish("account", channel=NAME, account=self.shown())

    def user(self) -> Json:
        """The bot as a Telegram User."""
        return {
            "id": int(self.number),
            "is_bot": True,
            "first_name": self.settings.get("name") or f"Bot {self.number}",
            "username": self.settings.get("username") or f"simulated_{self.number}_bot",
        }

    def shown(self) -> Json:
        """The bot as the page shows it."""
        user = self.user()
        return {
            "id": self.number,
            "name": user["first_name"],
            "username": user["username"],
            "webhook": self.settings.get("url", ""),
            "waiting": self.world.store.count_waiting(self.key),
            "last_error": self.settings.get("last_error_message"),
        }

    # People and chats.

    def chat(self, chat: str) -> Json:
        """A chat that the bot may write to; 400 or 403 as Telegram says."""
        if not chat:
            raise bad("chat_id is empty")
        found = self.find_chat(chat)
        if found is None:
            raise bad("chat not found")
        if found["blocked"]:
            raise forbidden("bot was blocked by the user")
        if not found["started"]:
            raise forbidden("bot can't initiate conversation with a user")
        return found

    def find_chat(self, chat: str) -> Json | None:
        """A chat as it is kept, or None."""
        return self.world.store.get("chat", f"{self.key}/{chat}")

    def put_chat(self, chat: Json) -> None:
        """Keep a chat and tell the page."""
        self.world.store.put("chat", f"{self.key}/{chat['id']}", chat)
        self.world.board.publish("chat", channel=NAME, account=self.number, chat=self.shown_chat(chat))

    def chats(self) -> list[Json]:
        """All chats, oldest number first."""
        return [chat for _, chat in self.world.store.every("chat", f"{self.key}/")]

    def person(self, number: int) -> Json:
        """A customer as a Telegram User. People are the same for every bot."""
        return self.world.store.get("person", f"{NAME}/{number}") or {"id": number, "is_bot": False, "first_name": ""}

    def chat_json(self, chat: Json) -> Json:
        """A kept chat as a Telegram Chat."""
        if chat["type"] != "private":
            return {"id": chat["id"], "type": chat["type"], "title": chat["title"]}
        person = self.person(chat["person"])
        names: Json = {name: person[name] for name in ("first_name", "last_name", "username") if name in person}
        return {"id": chat["id"], **names, "type": "private"}

    def shown_chat(self, chat: Json) -> Json:
        """A chat and its person, as the control API shows them."""
        person = self.person(chat["person"])
        name = f"{person['first_name']} {person.get('last_name', '')}".strip()
        return {
            "id": chat["id"],
            "chat_id": chat["id"],
            "type": chat["type"],
            "name": chat.get("title") or name,
            "person": person,
            "started": chat["started"],
            "blocked": chat["blocked"],
            "migrated_to": chat.get("migrated_to"),
        }

    # Messages.

    def new_message(self, chat: Json, content: Json, *, sender: Json, direction: str) -> Json:
        """A new message in a chat, kept and shown; numbers count up per chat and are never used again."""
        number = self.world.store.next(f"message:{self.key}/{chat['id']}")
        message = {
            "message_id": number,
            "from": sender,
            "chat": self.chat_json(chat),
            "date": int(self.world.now()),
            **content,
        }
        self.keep(chat, {"message_id": number, "direction": direction, "deleted": False, "message": message})
        return message

    def keep(self, chat: Json, kept: Json) -> None:
        """Write a message down, new or changed, and tell the page."""
        self.world.store.put_message(f"{self.key}/{chat['id']}", kept["message_id"], kept)
        self.world.board.publish(
            "message", channel=NAME, account=self.number, chat=str(chat["id"]), message=self.shown_message(kept)
        )

    def find(self, chat: Json, number: int) -> Json | None:
        """A message that is still there, as it is kept, or None."""
        kept = self.world.store.message(f"{self.key}/{chat['id']}", number)
        return None if kept is None or kept["deleted"] else kept

    def messages(self, chat: str, after: int = -1, limit: int = 1_000_000) -> list[Json]:
        """Everything in a chat as the control API shows it, oldest first."""
        return [self.shown_message(kept) for kept in self.world.store.messages(f"{self.key}/{chat}", after, limit)]

    def shown_message(self, kept: Json) -> Json:
        """A kept message with its text at hand."""
        message = kept["message"]
        return {"reactions": {}, **kept, "text": message.get("text", message.get("caption", ""))}

    # Updates.

    def allowed(self, kind: str) -> bool:
        """Whether the bot wants updates of this kind."""
        wanted = self.settings.get("allowed_updates")
        return kind in wanted if wanted else kind not in NOT_BY_DEFAULT

    def push(self, kind: str, payload: Json, chat: int) -> int | None:
        """Keep an update and send it on its way; None when the bot does not want its kind."""
        if not self.allowed(kind):
            return None
        number = self.world.store.next(f"update:{self.key}", FIRST_UPDATE + self.world.seed)
        body = orjson.dumps({"update_id": number, kind: payload})
        self.world.store.add_waiting(self.key, number, str(chat), body, self.world.now())
        if self.deliverer is not None:
            self.deliverer.add(number, str(chat))
        if self.polling is not None:
            self.polling.wake()
        return number

    def accepted(self, chat: Json | None, method: str, params: Json, message: int | None = None) -> None:
        """Write down that a call had its effect."""
        place = "" if chat is None else str(chat["id"])
        at = self.world.clock().isoformat(timespec="milliseconds")
        self.world.store.accept(self.key, place, method, params, message, at)
