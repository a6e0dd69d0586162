"""The calls that change what is there: edits, deletions, reactions, answers to a pressed button."""

from typing import Any

from gateway.simulator.store import Json
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import NAME, Bot
from gateway.simulator.telegram.entities import read_caption, read_text
from gateway.simulator.telegram.errors import bad
from gateway.simulator.telegram.keyboards import read_markup

ANSWER_WITHIN = 30  # seconds; Telegram does not document its own
ANSWER_LENGTH = 200
DELETE_WITHIN = 48 * 3600
SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
EMOJI_WORDS = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 "
    "🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
EMOJI = frozenset(EMOJI_WORDS.split())


async def edit_text(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#editmessagetext"""
    chat, kept = _mine(bot, args)
    if "text" not in kept["message"]:
        raise bad("there is no text in the message to edit")
    return _edit(bot, chat, kept, args, "editMessageText", read_text(args), ("text", "entities"))


async def edit_caption(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#editmessagecaption"""
    chat, kept = _mine(bot, args)
    if not any(name in kept["message"] for name in ("photo", "document", "voice")):
        raise bad("there is no caption in the message to edit")
    return _edit(bot, chat, kept, args, "editMessageCaption", read_caption(args), ("caption", "caption_entities"))


async def edit_markup(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#editmessagereplymarkup"""
    chat, kept = _mine(bot, args)
    return _edit(bot, chat, kept, args, "editMessageReplyMarkup", {}, ())


def _mine(bot: Bot, args: Args) -> tuple[Json, Json]:
    chat = bot.chat(args.text("chat_id"))
    kept = bot.find(chat, args.integer("message_id"))
    if kept is None:
        raise bad("message to edit not found")
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


async def delete_message(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#deletemessage"""
    chat = bot.chat(args.text("chat_id"))
    kept = bot.find(chat, args.integer("message_id"))
    if kept is None:
        raise bad("message to delete not found")
    if bot.world.now() - kept["message"]["date"] > DELETE_WITHIN:
        raise bad("message can't be deleted")
    with bot.world.store.transaction():
        bot.keep(chat, {**kept, "deleted": True})
        bot.accepted(chat, "deleteMessage", args.shown(), kept["message_id"])
    return True


async def set_reaction(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#setmessagereaction"""
    chat = bot.chat(args.text("chat_id"))
    kept = bot.find(chat, args.integer("message_id"))
    if kept is None:
        raise bad("message to react not found")
    wanted = args.json("reaction") or []
    if not isinstance(wanted, list) or not all(isinstance(item, dict) for item in wanted):
        raise bad("can't parse reaction types JSON object")
    if len(wanted) > 1:
        raise bad("REACTIONS_TOO_MANY")
    if any(item.get("type") != "emoji" or plain(str(item.get("emoji"))) not in EMOJI for item in wanted):
        raise bad("REACTION_INVALID")
    with bot.world.store.transaction():
        react(bot, chat, kept, "bot", [str(item["emoji"]) for item in wanted])
        bot.accepted(chat, "setMessageReaction", args.shown(), kept["message_id"])
    return True


def react(bot: Bot, chat: Json, kept: Json, who: str, emoji: list[str]) -> None:
    """Replace somebody's reactions to a message."""
    others = {name: value for name, value in kept.get("reactions", {}).items() if name != who}
    bot.keep(chat, {**kept, "reactions": {**others, who: emoji} if emoji else others})


def plain(emoji: str) -> str:
    """An emoji without the variation selector, which Telegram leaves out and keyboards put in."""
    return emoji.replace("\ufe0f", "")


async def answer_query(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#answercallbackquery"""
    number = args.text("callback_query_id")
    query = bot.world.store.get("query", f"{bot.key}/{number}")
    late = query is None or query["answered"] or bot.world.now() - query["at"] > ANSWER_WITHIN
    if query is None or late:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    text = args.text("text")
    if len(text) > ANSWER_LENGTH:
        raise bad("MESSAGE_TOO_LONG")
    answered = {**query, "answered": True, "text": text, "show_alert": args.flag("show_alert")}
    with bot.world.store.transaction():
        bot.world.store.put("query", f"{bot.key}/{number}", answered)
        bot.accepted({"id": query["chat"]}, "answerCallbackQuery", args.shown(), query["message_id"])
    bot.world.board.publish("query", channel=NAME, account=bot.number, chat=str(query["chat"]), query=answered)
    return True
