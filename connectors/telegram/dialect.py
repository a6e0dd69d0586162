"""What Telegram says in an update: only the fields that we read, the rest is ignored. https://core.telegram.org/bots/api"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Size = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Date = Annotated[int, Meta(ge=0, lt=253_402_300_800)]  # seconds since 1970, before the year 10000; 0 stands for none
Name = Annotated[str, Meta(min_length=1)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class Said(Struct, frozen=True, gc=False):
    """A value of Telegram's. It holds no cycles, so the collector need not look at it."""


class Who(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#user"""

    id: Int
    first_name: str = ""
    last_name: str = ""
    username: str = ""

    @property
    def name(self) -> str:
        """First and last name, else the user name."""
        return f"{self.first_name} {self.last_name}".strip() or self.username


class Chat(Who, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#chat"""

    type: str = "private"

    @property
    def is_private(self) -> bool:
        """Whether it is one customer's chat with the bot; groups and channels have negative ids."""
        return self.type == "private" and self.id > 0


class Entity(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#messageentity; ``offset`` and ``length`` are in UTF-16 code units."""

    type: str
    offset: Int
    length: Int
    url: str = ""
    language: str = ""
    user: Who | None = None


class File(Said, frozen=True, gc=False):
    """Any kind of file: a document, a voice message, one size of a photo … ``length`` is a round video's diameter."""

    file_id: Name
    file_size: Size | None = None
    file_name: str = ""
    mime_type: str = ""
    width: Size = 0
    height: Size = 0
    length: Size = 0
    duration: Size | None = None


class Sticker(File, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#sticker"""

    emoji: str = ""
    is_animated: bool = False
    is_video: bool = False


class Place(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#location"""

    latitude: Latitude
    longitude: Longitude


class Venue(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#venue"""

    location: Place
    title: str = ""
    address: str = ""


class Card(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#contact"""

    phone_number: str
    first_name: str = ""
    last_name: str = ""


class Earlier(Said, frozen=True, gc=False):
    """The message that a message answers: it may be of any kind, and only its id is needed."""

    message_id: Int = 0


class Quote(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#textquote"""

    text: str = ""


class Message(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#message; an id of 0 (or none) names nothing."""

    chat: Chat
    message_id: Int = 0
    sender: Who | None = field(name="from", default=None)
    date: Date = 0
    edit_date: Date = 0
    reply_to_message: Earlier | None = None
    quote: Quote | None = None
    media_group_id: str = ""
    text: str = ""
    entities: tuple[Entity, ...] = ()
    caption: str = ""
    caption_entities: tuple[Entity, ...] = ()
    photo: tuple[File, ...] = ()
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    document: File | None = None
    sticker: Sticker | None = None
    location: Place | None = None
    venue: Venue | None = None
    contact: Card | None = None


class Button(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#inlinekeyboardbutton"""

    text: str = ""
    callback_data: str = ""


class Keyboard(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#inlinekeyboardmarkup"""

    inline_keyboard: tuple[tuple[Button, ...], ...] = ()


class Asked(Said, frozen=True, gc=False):
    """The message whose button was pressed; an old one is only its chat and id.

    https://core.telegram.org/bots/api#maybeinaccessiblemessage
    """

    chat: Chat
    message_id: Int = 0
    reply_markup: Keyboard = Keyboard()


class Pressed(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#callbackquery"""

    id: Name
    sender: Who = field(name="from")
    message: Asked | None = None
    data: str = ""


class Membership(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#chatmember"""

    status: str


class Reach(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#chatmemberupdated"""

    chat: Chat
    new_chat_member: Membership
    sender: Who | None = field(name="from", default=None)
    date: Date = 0


class Emoji(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#reactiontype"""

    type: str = ""
    emoji: str = ""


class Reactions(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#messagereactionupdated"""

    chat: Chat
    message_id: Int
    new_reaction: tuple[Emoji, ...]
    user: Who | None = None
    date: Date = 0


class Update(Said, frozen=True, gc=False):
    """https://core.telegram.org/bots/api#update"""

    update_id: Int | None = None
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: Pressed | None = None
    my_chat_member: Reach | None = None
    message_reaction: Reactions | None = None


KINDS = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
"""The kinds of update that we read, and all that we ask for."""
