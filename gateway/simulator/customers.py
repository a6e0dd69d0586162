"""What customers do on their phones on any channel: the deeds, and what a channel adds to each."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic

from gateway.simulator import lines, saying
from gateway.simulator.account import Account
from gateway.simulator.ends import A
from gateway.simulator.receipts import Receipts
from gateway.simulator.store import Json
from gateway.simulator.world import Fields, Refusal

MOST_REPEATS = 100_000
DEEDS = {
    "messages": "write",
    **{name: name for name in ("press", "react", "edit", "delete", "open", "block", "unblock", "silence")},
}
"""Their methods, by the names that the control API gives them."""


class Customers(ABC, Generic[A]):
    """The deeds of `DEEDS`; a channel `can` some of them.

    Each writes what happened to the chat and calls the channel's own method (`heard`, `pressed`, `reacted` …), which
    pushes the webhook and answers its number, or None when this provider does not tell of it.
    """

    says: ClassVar[Sequence[str]]
    together: ClassVar[bool] = False  # whether several files make one message
    receipts: Receipts

    # What a channel brings.

    @abstractmethod
    def heard(self, account: A, chat: Json, line: Json) -> int | None:
        """The customer wrote this line."""

    def line_id(self, account: A, chat: Json) -> str:  # noqa: ARG002  a channel may look at the chat
        """The provider's id for a new line of this customer."""
        return account.new_id("line")

    def pressed(self, account: A, chat: Json, line: Json, choice: Json) -> int | None:
        """The customer chose (`text`, `data`, `kind`) in our line; in most apps that is a message of theirs."""
        answer = self.say(account, chat, [lines.text(choice["text"])], reply_to=lines.quoted(line), choice=choice)
        return self.heard(account, chat, answer)

    def reacted(self, account: A, chat: Json, line: Json, emoji: str) -> int | None:
        """The customer reacted to a line, or took that back (no emoji)."""
        raise NotImplementedError

    def edited(self, account: A, chat: Json, line: Json) -> int | None:
        """The customer changed the words of an own line."""
        raise NotImplementedError

    def deleted(self, account: A, chat: Json, line: Json) -> int | None:
        """The customer took an own line back."""
        raise NotImplementedError

    def blocking(self, account: A, chat: Json) -> int | None:  # noqa: ARG002  most providers do not tell
        """The customer blocked us, or no longer does: `chat["blocked"]`."""
        return None

    # The deeds.

    def say(self, account: A, chat: Json, parts: list[Json], **more: object) -> Json:
        """A new line of the customer's."""
        return account.new_line(chat, "in", parts, line_id=self.line_id(account, chat), **more)

    async def write(self, account: A, chat: Json, fields: Fields) -> Json:
        """Write to us; `saying` knows what can be said. `repeat` says it again, and `{n}` in a text counts."""
        if chat["blocked"]:
            raise Refusal(409, "this customer has blocked us; unblock first")
        repeat = saying.whole(fields, "repeat", 1)
        if not 1 <= repeat <= MOST_REPEATS:
            raise Refusal(422, f"repeat: from 1 to {MOST_REPEATS}")
        number = saying.whole(fields, "reply_to")
        says = chat.get("says", self.says)  # a chat may have an app of its own
        if number and "reply" not in says:
            raise Refusal(422, "reply_to: customers of this channel cannot answer a certain message")
        reply = {"reply_to": lines.quoted(self.there(account, chat, number))} if number else {}
        said = saying.read(account, fields, says, together=self.together)
        group = {"group": account.new_id("group", 4)} if len(said) > 1 else {}
        made: list[Json] = []
        with account.world.store.transaction():
            if not chat["started"]:
                chat = {**chat, "started": True}
                account.put_chat(chat)
            for count in range(1, repeat + 1):
                for parts in said:
                    line = self.say(account, chat, saying.counted(parts, count), **reply, **group)
                    made.append({"message_id": line["message_id"], "update_id": self.heard(account, chat, line)})
        return {**made[0], "data": made}

    async def press(self, account: A, chat: Json, fields: Fields) -> Json:
        """Choose in our `message_id` what has this `data`, or this `text`."""
        line = self.there(account, chat, saying.whole(fields, "message_id"))
        data = saying.words(fields, "data") if "data" in fields else None
        choice = lines.find_choice(line["parts"], data, saying.words(fields, "text"))
        if choice is None:
            raise Refusal(404, "this message has no such button")
        with account.world.store.transaction():
            update = self.pressed(account, chat, line, choice)
        return {"message_id": line["message_id"], "update_id": update}

    async def react(self, account: A, chat: Json, fields: Fields) -> Json:
        """React to `message_id` with `emoji`, or take the reaction back."""
        line = self.there(account, chat, saying.whole(fields, "message_id"))
        emoji = saying.words(fields, "emoji")
        with account.world.store.transaction():
            line = set_reaction(account, chat, line, "person", emoji)
            update = self.reacted(account, chat, line, emoji)
        return {"message_id": line["message_id"], "update_id": update}

    async def edit(self, account: A, chat: Json, fields: Fields) -> Json:
        """Change the `text` of the customer's own `message_id`."""
        line = self._own(account, chat, fields)
        new = saying.words(fields, "text").strip()
        if not new:
            raise Refusal(422, "text: an edited message is not empty")
        parts = [*(part for part in line["parts"] if part["kind"] != "text"), lines.text(new)]
        with account.world.store.transaction():
            line = {**line, "parts": parts, "edited": True}
            account.keep(chat, line)
            update = self.edited(account, chat, line)
        return {"message_id": line["message_id"], "update_id": update}

    async def delete(self, account: A, chat: Json, fields: Fields) -> Json:
        """Take the customer's own `message_id` back."""
        line = self._own(account, chat, fields)
        with account.world.store.transaction():
            account.keep(chat, {**line, "deleted": True})
            update = self.deleted(account, chat, line)
        return {"message_id": line["message_id"], "update_id": update}

    async def open(self, account: A, chat: Json, _: Fields) -> Json:
        """Open the chat: what was delivered is read."""
        return {"read": self.receipts.read(account, chat)}

    async def block(self, account: A, chat: Json, _: Fields) -> Json:
        """Block us."""
        return self._block(account, chat, blocked=True)

    async def unblock(self, account: A, chat: Json, _: Fields) -> Json:
        """Let us write again."""
        return self._block(account, chat, blocked=False)

    async def silence(self, account: A, chat: Json, fields: Fields) -> Json:
        """Let it be so many `hours` (25) since the customer's last sign: the provider's window closes."""
        account.fall_silent(chat, saying.whole(fields, "hours", 25) * 3600)
        return {"update_id": None}

    def _block(self, account: A, chat: Json, *, blocked: bool) -> Json:
        if chat["blocked"] == blocked:
            return {"update_id": None, "blocked": blocked}
        chat = {**chat, "blocked": blocked}
        with account.world.store.transaction():
            account.put_chat(chat)
            update = self.blocking(account, chat)
        return {"update_id": update, "blocked": blocked}

    def there(self, account: A, chat: Json, number: int) -> Json:
        """A line of the chat; raises Refusal when it is not there."""
        line = account.find(chat, number)
        if line is None:
            raise Refusal(404, f"message {number} is not in this chat")
        return line

    def _own(self, account: A, chat: Json, fields: Fields) -> Json:
        line = self.there(account, chat, saying.whole(fields, "message_id"))
        if line["direction"] != "in":
            raise Refusal(422, "message_id: this message is not the customer's own")
        return line


def set_reaction(account: Account, chat: Json, line: Json, who: str, emoji: str) -> Json:
    """Replace the reaction of `person` (the customer) or `bot` (us) to a line; the line as it is now."""
    others = {name: value for name, value in line.get("reactions", {}).items() if name != who}
    line = {**line, "reactions": {**others, who: [emoji]} if emoji else others}
    account.keep(chat, line)
    return line
