"""What Telegram says: only the fields that we read, the rest is ignored. https://core.telegram.org/bots/api"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, FailFast, Field

Int = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Size = Annotated[int, Field(ge=0, lt=2**63)]
Date = Annotated[int, Field(ge=0, lt=253_402_300_800)]  # seconds since 1970, before the year 10000; 0 stands for none

T = TypeVar("T")
List = Annotated[tuple[T, ...], FailFast()]  # one bad item spoils it; a million need not each be told


class Who(BaseModel):
    """https://core.telegram.org/bots/api#user"""

    id: Int
    first_name: str = ""
    last_name: str = ""
    username: str = ""

    @property
    def name(self) -> str:
        """First and last name, else the user name."""
        return f"{self.first_name} {self.last_name}".strip() or self.username


class Chat(Who):
    """https://core.telegram.org/bots/api#chat"""

    type: str = "private"

    @property
    def is_private(self) -> bool:
        """Whether it is one customer's chat with the bot; groups and channels have negative ids."""
        return self.type == "private" and self.id > 0


class File(BaseModel):
    """Any kind of file: a document, a voice message, one size of a photo …"""

    file_id: str = Field(min_length=1)
    file_size: Size | None = None
    file_name: str = ""
    mime_type: str = ""
    width: Size = 0
    height: Size = 0


class Sticker(File):
    """https://core.telegram.org/bots/api#sticker"""

    emoji: str = ""
    is_animated: bool = False
    is_video: bool = False


class Place(BaseModel):
    """https://core.telegram.org/bots/api#location"""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Venue(BaseModel):
    """https://core.telegram.org/bots/api#venue"""

    location: Place
    title: str = ""
    address: str = ""


class Card(BaseModel):
    """https://core.telegram.org/bots/api#contact"""

    phone_number: str
    first_name: str = ""
    last_name: str = ""


class Earlier(BaseModel):
    """The message that a message answers: it may be of any kind, and only its id is needed."""

    message_id: Int = 0


class Message(BaseModel):
    """https://core.telegram.org/bots/api#message; an id of 0 (or none) names nothing."""

    message_id: Int = 0
    sender: Who | None = Field(default=None, alias="from")
    chat: Chat
    date: Date = 0
    edit_date: Date = 0
    reply_to_message: Earlier | None = None
    text: str = ""
    caption: str = ""
    photo: List[File] = ()
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


class Button(BaseModel):
    """https://core.telegram.org/bots/api#inlinekeyboardbutton"""

    text: str = ""
    callback_data: str = ""


class Keyboard(BaseModel):
    """https://core.telegram.org/bots/api#inlinekeyboardmarkup"""

    inline_keyboard: List[List[Button]] = ()


class Asked(BaseModel):
    """The message whose button was pressed; an old one is only its chat and id.

    https://core.telegram.org/bots/api#maybeinaccessiblemessage
    """

    message_id: Int = 0
    chat: Chat
    reply_markup: Keyboard = Keyboard()


class Pressed(BaseModel):
    """https://core.telegram.org/bots/api#callbackquery"""

    id: str = Field(min_length=1)
    sender: Who = Field(alias="from")
    message: Asked | None = None
    data: str = ""


class Membership(BaseModel):
    """https://core.telegram.org/bots/api#chatmember"""

    status: str


class Reach(BaseModel):
    """https://core.telegram.org/bots/api#chatmemberupdated"""

    chat: Chat
    sender: Who | None = Field(default=None, alias="from")
    date: Date = 0
    new_chat_member: Membership


class Update(BaseModel):
    """https://core.telegram.org/bots/api#update"""

    update_id: Int | None = None
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: Pressed | None = None
    my_chat_member: Reach | None = None


KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update that we read, and all that we ask for."""


class Result(BaseModel):
    """Every answer. https://core.telegram.org/bots/api#making-requests"""

    ok: bool | None = None
    description: str = ""
    parameters: dict[str, Any] = {}


class SentChat(BaseModel):
    """Where a message went."""

    id: Int


class Sent(BaseModel):
    """A message as sending answers with it."""

    message_id: Int = 0
    chat: SentChat


class Bot(BaseModel):
    """https://core.telegram.org/bots/api#getme"""

    username: str = ""


class Webhook(BaseModel):
    """https://core.telegram.org/bots/api#webhookinfo"""

    url: str = ""
    pending_update_count: Size = 0
    last_error_date: Date = 0
    last_error_message: str = ""


class FilePath(BaseModel):
    """https://core.telegram.org/bots/api#file"""

    file_path: str = Field(min_length=1)
