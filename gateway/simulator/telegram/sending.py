"""The calls that make a message: sendMessage, sendPhoto, sendDocument, sendLocation, sendContact."""

from typing import Any

from gateway.simulator.pictures import picture
from gateway.simulator.store import Json
from gateway.simulator.telegram import files
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import NAME, Bot
from gateway.simulator.telegram.entities import read_caption, read_text
from gateway.simulator.telegram.errors import bad
from gateway.simulator.telegram.keyboards import read_markup
from gateway.simulator.world import Upload

ACTIONS_WORDS = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker "
    "find_location record_video_note upload_video_note"
)
ACTIONS = frozenset(ACTIONS_WORDS.split())
POLE, DATE_LINE = 90, 180


async def send_message(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendmessage"""
    chat = bot.chat(args.text("chat_id"))
    return _commit(bot, chat, args, "sendMessage", read_text(args))


async def send_photo(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendphoto"""
    chat = bot.chat(args.text("chat_id"))
    caption = read_caption(args)
    given = await files.read_photo(bot, args)
    return _commit(bot, chat, args, "sendPhoto", {**_kept(bot, given, "photo"), **caption})


async def send_document(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#senddocument"""
    chat = bot.chat(args.text("chat_id"))
    caption = read_caption(args)
    given = await files.read_document(bot, args)
    return _commit(bot, chat, args, "sendDocument", {**_kept(bot, given, "document"), **caption})


def _kept(bot: Bot, given: Upload | Json, kind: str) -> Json:
    if isinstance(given, dict):
        return files.again(bot, given)
    seen = picture(given.data)
    if kind == "photo" and seen is not None:
        return files.photo(bot, given, seen)
    return files.document(bot, given)


async def send_location(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendlocation"""
    chat = bot.chat(args.text("chat_id"))
    latitude, longitude = args.decimal("latitude"), args.decimal("longitude")
    if latitude is None or longitude is None:
        raise bad("latitude is empty" if latitude is None else "longitude is empty")
    if abs(latitude) > POLE or abs(longitude) > DATE_LINE:
        raise bad("wrong location specified")
    return _commit(bot, chat, args, "sendLocation", {"location": {"latitude": latitude, "longitude": longitude}})


async def send_contact(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendcontact"""
    chat = bot.chat(args.text("chat_id"))
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: args.text(name) for name in names if args.text(name)}
    if "phone_number" not in contact:
        raise bad("phone number must be non-empty")
    if "first_name" not in contact:
        raise bad("first name must be non-empty")
    return _commit(bot, chat, args, "sendContact", {"contact": contact})


async def send_chat_action(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendchataction"""
    chat = bot.chat(args.text("chat_id"))
    action = args.text("action")
    if action not in ACTIONS:
        raise bad("wrong parameter action in request")
    bot.world.board.publish("typing", channel=NAME, account=bot.number, chat=str(chat["id"]), action=action)
    return True


def _commit(bot: Bot, chat: Json, args: Args, method: str, content: Json) -> Json:
    """The moment of acceptance: message, number and note are written together or not at all."""
    content = {**_replied(bot, chat, args), **content, **read_markup(args)}
    if args.flag("protect_content"):
        content["has_protected_content"] = True
    with bot.world.store.transaction():
        message = bot.new_message(chat, content, sender=bot.user(), direction="out")
        bot.accepted(chat, method, args.shown(), message["message_id"])
    return message


def _replied(bot: Bot, chat: Json, args: Args) -> Json:
    """`reply_to_message`: the message that this one answers, one level deep."""
    given = args.json("reply_parameters", "reply parameters")
    if given is not None and not isinstance(given, dict):
        raise bad("object expected as reply parameters")
    wanted = Args(given or {})
    number = wanted.integer("message_id") or args.integer("reply_to_message_id")
    if not number:
        return {}
    found = bot.find(chat, number)
    if found is None:
        if wanted.flag("allow_sending_without_reply") or args.flag("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")
    return {"reply_to_message": one_level(found["message"])}


def one_level(message: Json) -> Json:
    """A message without the message that it answered."""
    return {name: value for name, value in message.items() if name != "reply_to_message"}
