"""The calls that make one message: a text, a file, a place, a contact; and the moment of acceptance."""

from typing import Any

from gateway.simulator.store import Json
from gateway.simulator.telegram import media
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.entities import read_caption, read_text
from gateway.simulator.telegram.errors import bad
from gateway.simulator.telegram.keyboards import read_markup
from gateway.simulator.telegram.replies import replied

ACTIONS_WORDS = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker "
    "find_location record_video_note upload_video_note"
)
ACTIONS = frozenset(ACTIONS_WORDS.split())
POLE, DATE_LINE = 90, 180
VCARD = 2048  # bytes


async def send_message(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendmessage"""
    chat = bot.chat(args.text("chat_id"))
    return _commit(bot, chat, args, "sendMessage", read_text(args))


async def send_file(bot: Bot, args: Args, *, method: str, kind: str) -> Any:
    """https://core.telegram.org/bots/api#sendphoto, and the other methods that send one file."""
    chat = bot.chat(args.text("chat_id"))
    caption = read_caption(args) if kind in media.CAPTIONED else {}
    return _commit(bot, chat, args, method, {**await media.read(bot, args, kind), **caption})


async def send_location(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendlocation"""
    chat = bot.chat(args.text("chat_id"))
    return _commit(bot, chat, args, "sendLocation", {"location": place(args)})


async def send_venue(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendvenue : its place comes as a location as well."""
    chat = bot.chat(args.text("chat_id"))
    where = place(args)
    for name in ("title", "address"):
        if not args.text(name).strip():
            raise bad(f"venue {name} must be non-empty")
    venue = {"location": where, "title": args.text("title").strip(), "address": args.text("address").strip()}
    return _commit(bot, chat, args, "sendVenue", {"venue": venue, "location": where})


def place(args: Args) -> Json:
    """`latitude` and `longitude`, where there is such a place."""
    latitude, longitude = args.decimal("latitude"), args.decimal("longitude")
    if latitude is None or longitude is None:
        raise bad("latitude is empty" if latitude is None else "longitude is empty")
    if not (abs(latitude) <= POLE and abs(longitude) <= DATE_LINE):
        raise bad("wrong location specified")
    return {"latitude": latitude, "longitude": longitude}


async def send_contact(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendcontact"""
    chat = bot.chat(args.text("chat_id"))
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: args.text(name) for name in names if args.text(name)}
    if "phone_number" not in contact:
        raise bad("phone number must be non-empty")
    if "first_name" not in contact:
        raise bad("first name must be non-empty")
    if len(contact.get("vcard", "").encode()) > VCARD:
        raise bad("vcard is too long")
    return _commit(bot, chat, args, "sendContact", {"contact": contact})


async def send_chat_action(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendchataction"""
    chat = bot.chat(args.text("chat_id"))
    action = args.text("action")
    if action not in ACTIONS:
        raise bad("wrong parameter action in request")
    bot.typing(chat, action)
    return True


def _commit(bot: Bot, chat: Json, args: Args, method: str, content: Json) -> Json:
    """The moment of acceptance: message, number and note are written together or not at all."""
    content = {**common(bot, chat, args), **content, **read_markup(args)}
    with bot.world.store.transaction():
        message = bot.new_message(chat, content, sender=bot.user(), direction="out")
        bot.accepted(chat, method, args.shown(), message["message_id"])
    return message


def common(bot: Bot, chat: Json, args: Args) -> Json:
    """What any new message may have: the message that it answers, and protection."""
    protected = {"has_protected_content": True} if args.flag("protect_content") else {}
    return {**replied(bot, chat, args), **protected}
