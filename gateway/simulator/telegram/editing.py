"""The calls that change what a message says: its text, its caption, its file, its buttons."""

from typing import Any

from gateway.simulator.store import Json
from gateway.simulator.telegram import albums, media
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.changing import there
from gateway.simulator.telegram.entities import read_caption, read_text
from gateway.simulator.telegram.errors import bad
from gateway.simulator.telegram.keyboards import read_markup

SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
TEXT = ("text", "entities", "link_preview_options")
CAPTION = ("caption", "caption_entities")
FILMS = frozenset({"photo", "video", "animation"})
INTO = frozenset({"photo", "video", "animation", "audio", "document"})


async def edit_text(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#editmessagetext"""
    chat, kept = _mine(bot, args)
    if "text" not in kept["message"]:
        raise bad("there is no text in the message to edit")
    return _edit(bot, chat, kept, args, "editMessageText", read_text(args), TEXT)


async def edit_caption(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#editmessagecaption"""
    chat, kept = _mine(bot, args)
    if not any(name in kept["message"] for name in media.CAPTIONED):
        raise bad("there is no caption in the message to edit")
    return _edit(bot, chat, kept, args, "editMessageCaption", read_caption(args), CAPTION)


async def edit_media(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#editmessagemedia : a text may become a file as well."""
    chat, kept = _mine(bot, args)
    item = albums.one_media(args, INTO, "editMessageMedia")
    _check_kind(kept["message"], str(item["type"]))
    new = await albums.read_media(bot, args, item)
    return _edit(bot, chat, kept, args, "editMessageMedia", new, (*TEXT, *CAPTION, *media.KINDS))


def _check_kind(message: Json, kind: str) -> None:
    """Which files may take the place of which: in an album songs stay songs, and documents documents."""
    if "text" not in message and not INTO & message.keys():
        raise bad("message can't be edited")
    if "media_group_id" not in message:
        return
    fits = {"photo", "video"} if FILMS & message.keys() else INTO & message.keys()
    if kind not in fits:
        raise bad("can't use media of the specified type in the album")


async def edit_markup(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#editmessagereplymarkup"""
    chat, kept = _mine(bot, args)
    return _edit(bot, chat, kept, args, "editMessageReplyMarkup", {}, ())


def _mine(bot: Bot, args: Args) -> tuple[Json, Json]:
    chat, kept = there(bot, args, "edit")
    if kept["direction"] != "out":
        raise bad("message can't be edited")
    return chat, kept


def _edit(bot: Bot, chat: Json, kept: Json, args: Args, method: str, new: Json, replaced: tuple[str, ...]) -> Json:
    """The message with its new content; buttons that are not given again are gone."""
    before = kept["message"]
    stays = {name: value for name, value in before.items() if name not in (*replaced, "reply_markup")}
    message = {**stays, **new, **read_markup(args)}
    if message == before:
        raise bad(SAME)
    if replaced:
        message["edit_date"] = int(bot.world.now())
    with bot.world.store.transaction():
        bot.keep(chat, {**kept, "message": message})
        bot.accepted(chat, method, args.shown(), kept["message_id"])
    return message
