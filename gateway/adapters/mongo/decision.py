"""What a decision sees of its stream; what it asks for beside the conversation is read, and then it is decided again."""

from __future__ import annotations

from gateway.adapters.mongo import states
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.states import State
from normalizer.model import Conversation, Message


class Missing(BaseException):
    """A decision looked at something that has not been read yet. No error: a decision may catch those."""

    def __init__(self, message_id: str = "", unread_after: Message | None = None) -> None:
        self.message_id, self.unread_after = message_id, unread_after


class StreamView:
    """Implements ``normalizer.decision.View``; raises Missing for what ``read`` has not brought."""

    def __init__(self, stream: str, state: State) -> None:
        self._stream, self.state = stream, state
        self._lines: dict[str, Message | None] = {}
        self._counts: dict[str, int] = {}

    @property
    def conversation(self) -> Conversation | None:
        """The conversation now."""
        return self.state.conversation

    def message(self, message_id: str) -> Message | None:
        """One of its messages now."""
        if message_id not in self._lines:
            raise Missing(message_id)
        found = self._lines[message_id]
        return found if found is not None and found.conversation == self._stream else None

    def unread_after(self, message: Message) -> int:
        """How many messages of the customer stand after this one."""
        if message.id not in self._counts:
            raise Missing(unread_after=message)
        return self._counts[message.id]

    async def read(self, db: Collections, missing: Missing) -> None:
        """Bring what was missing. Raises Unavailable."""
        tail, message = self.state.tail, missing.unread_after
        if message is not None:
            self._counts[message.id] = await states.unread_after(db, self._stream, message, tail)
        else:
            self._lines[missing.message_id] = await states.line_now(db, missing.message_id, tail)
