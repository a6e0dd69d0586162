"""One bot: its settings, chats, messages and updates, as they are kept in the store."""

from typing import Any

import orjson

from gateway.simulator.account import Account
from gateway.simulator.store import Json
from gateway.simulator.telegram.errors import bad, forbidden
from gateway.simulator.telegram.lines import shown
from gateway.simulator.world import World

NAME = "telegram"
FIRST_UPDATE = 700_000_001
FIRST_PERSON = 5_000_000_001  # beyond 32 bits, as today's Telegram users are
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Bot(Account):
    """A bot by its number. The number is enough: any well formed token belongs to a bot that exists."""

    first_update = FIRST_UPDATE
    pictured = True

    def __init__(self, world: World, number: str) -> None:
        super().__init__(world, NAME, number)
        self.number = number
        self.polling: Any = None

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
        webhook = self.settings.get("url", "")
        return {**super().shown(), "name": user["first_name"], "username": user["username"], "webhook": webhook}

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
            "picture": self.shown_picture(chat),
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

    def shown_line(self, line: Json) -> Json:
        """A kept message as Telegram has it (`message`), and in the shape that all channels share."""
        return shown(line)

    # Updates.

    def allowed(self, kind: str) -> bool:
        """Whether the bot wants updates of this kind."""
        wanted = self.settings.get("allowed_updates")
        return kind in wanted if wanted else kind not in NOT_BY_DEFAULT

    def tell(self, kind: str, content: Json, chat: int) -> int | None:
        """Keep an update and send it on its way; None when the bot does not want its kind."""
        if not self.allowed(kind):
            return None
        number = self.next_update()
        self.push(orjson.dumps({"update_id": number, kind: content}), str(chat), number=number)
        if self.polling is not None:
            self.polling.wake()
        return number
