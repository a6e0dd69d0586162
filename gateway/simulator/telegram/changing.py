"""The calls about what is there: deletions, reactions, answers to a pressed button."""

from typing import Any

from gateway.simulator.store import Json
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import NAME, Bot
from gateway.simulator.telegram.errors import bad

ANSWER_WITHIN = 30  # seconds; Telegram does not document its own
ANSWER_LENGTH = 200
DELETE_WITHIN = 48 * 3600
MOST_DELETED = 100
EMOJI_WORDS = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 "
    "🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
EMOJI = frozenset(EMOJI_WORDS.split())


def there(bot: Bot, args: Args, verb: str) -> tuple[Json, Json]:
    """The chat and the message that a call is about, which wants to do this with it; raises ApiError."""
    chat = bot.chat(args.text("chat_id"))
    kept = bot.find(chat, args.integer("message_id"))
    if kept is None:
        raise bad(f"message to {verb} not found")
    return chat, kept


async def delete_message(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#deletemessage"""
    chat, kept = there(bot, args, "delete")
    if bot.world.now() - kept["message"]["date"] > DELETE_WITHIN:
        raise bad("message can't be deleted")
    with bot.world.store.transaction():
        bot.keep(chat, {**kept, "deleted": True})
        bot.accepted(chat, "deleteMessage", args.shown(), kept["message_id"])
    return True


async def delete_messages(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#deletemessages : those that are not there are passed over."""
    chat = bot.chat(args.text("chat_id"))
    numbers = args.json("message_ids", "message identifiers")
    if not isinstance(numbers, list) or not numbers:
        raise bad("message identifiers are not specified")
    if len(numbers) > MOST_DELETED:
        raise bad("too many message identifiers specified")
    if not all(isinstance(number, int) and number > 0 for number in numbers):
        raise bad("invalid message identifier specified")
    found = [kept for kept in (bot.find(chat, number) for number in numbers) if kept is not None]
    with bot.world.store.transaction():
        for kept in found:
            if bot.world.now() - kept["message"]["date"] <= DELETE_WITHIN:
                bot.keep(chat, {**kept, "deleted": True})
        bot.accepted(chat, "deleteMessages", args.shown())
    return True


async def set_reaction(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#setmessagereaction"""
    chat, kept = there(bot, args, "react")
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
