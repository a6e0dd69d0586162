"""What Telegram answers to our calls: only the fields that we read. https://core.telegram.org/bots/api"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

Int = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Size = Annotated[int, Field(ge=0, lt=2**63)]
Date = Annotated[int, Field(ge=0, lt=253_402_300_800)]  # seconds since 1970, before the year 10000; 0 stands for none


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
    allowed_updates: tuple[str, ...] | None = None


class FilePath(BaseModel):
    """https://core.telegram.org/bots/api#file"""

    file_path: str = Field(min_length=1)


class ChatPhoto(BaseModel):
    """https://core.telegram.org/bots/api#chatphoto: the small one is 160 by 160."""

    small_file_id: str = Field(min_length=1)
    small_file_unique_id: str = ""


class FullChat(BaseModel):
    """https://core.telegram.org/bots/api#chatfullinfo"""

    id: Int
    photo: ChatPhoto | None = None
