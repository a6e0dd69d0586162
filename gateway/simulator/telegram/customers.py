"""What customers do on their phones, and the updates that come of it."""

from collections.abc import Mapping
from typing import Any

from gateway.simulator.pictures import picture
from gateway.simulator.store import Json
from gateway.simulator.telegram import files
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import FIRST_PERSON, NAME, Bot
from gateway.simulator.telegram.changing import plain, react
from gateway.simulator.telegram.entities import LONGEST_CAPTION, LONGEST_TEXT, with_found
from gateway.simulator.telegram.keyboards import find_button
from gateway.simulator.telegram.sending import one_level
from gateway.simulator.world import Fields, Refusal, Upload

MOST_REPEATS = 100_000


def add_person(bot: Bot, fields: Fields) -> Json:
    """A customer who has found the bot but not yet pressed Start; `id` may be chosen."""
    args = Args(fields)
    number = args.integer("id") or bot.world.store.next("person", FIRST_PERSON)
    if number < 1:
        raise Refusal(422, "id: a customer's number is positive")
    if bot.find_chat(str(number)) is not None:
        raise Refusal(409, f"customer {number} is already there")
    name = args.text("name").strip() or args.text("first_name").strip()
    if not name and "first_name" not in args:
        raise Refusal(422, "name: a customer has one (an empty first_name is allowed)")
    person: Json = {"id": number, "is_bot": False, "first_name": name}
    for field in ("last_name", "username", "language_code"):
        if args.text(field).strip():
            person[field] = args.text(field).strip()
    with bot.world.store.transaction():
        bot.world.store.put("person", f"{NAME}/{number}", person)
        chat = {"id": number, "type": "private", "person": number, "started": False, "blocked": False}
        bot.put_chat(chat)
        if not bot.seen:
            bot.set()
    return bot.shown_chat(chat)


def _chat(bot: Bot, chat: str) -> Json:
    found = bot.find_chat(chat)
    if found is None:
        raise Refusal(404, f"no customer has the number {chat}")
    return found


async def say(bot: Bot, number: str, fields: Fields) -> Json:
    """Write to the bot: `text` (with `repeat`, `{n}` counts), a file, `location` or `contact`; `reply_to` an id."""
    chat = _chat(bot, number)
    if chat["blocked"]:
        raise Refusal(409, "this customer has blocked the bot; unblock it first")
    args = Args(fields)
    repeat = args.integer("repeat", 1)
    if not 1 <= repeat <= MOST_REPEATS:
        raise Refusal(422, f"repeat: from 1 to {MOST_REPEATS}")
    content = {**_replied(bot, chat, args), **_content(bot, chat, args)}
    made: list[Json] = []
    with bot.world.store.transaction():
        if not chat["started"]:
            chat = {**chat, "started": True}
            bot.put_chat(chat)
        made += [_say(bot, chat, content, count) for count in range(1, repeat + 1)]
    return {**made[0], "data": made}


def _say(bot: Bot, chat: Json, content: Json, count: int) -> Json:
    if "{n}" in content.get("text", ""):
        content = {**content, "text": content["text"].replace("{n}", str(count))}
    if "text" in content:
        entities = with_found(content["text"], [])
        content = {**content, "entities": entities} if entities else content
    message = bot.new_message(chat, content, sender=bot.person(chat["person"]), direction="in")
    return {"message_id": message["message_id"], "update_id": bot.push("message", message, chat["id"])}


def _content(bot: Bot, chat: Json, args: Args) -> Json:
    for name, reader in READERS.items():
        if name in args:
            return reader(bot, chat, args)
    text = args.text("text").strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise Refusal(
            422, f"text: from 1 to {LONGEST_TEXT} characters (or a photo, document, voice, location, contact)"
        )
    return {"text": text}


def _caption(args: Args) -> Json:
    caption = args.text("caption").strip()
    if len(caption) > LONGEST_CAPTION:
        raise Refusal(422, f"caption: up to {LONGEST_CAPTION} characters")
    return {"caption": caption} if caption else {}


def _file(args: Args, name: str) -> Upload:
    upload = args.upload(name)
    if upload is None or not upload.data:
        raise Refusal(422, f"{name}: a file is wanted, sent as multipart/form-data")
    return upload


def _photo(bot: Bot, _: Json, args: Args) -> Json:
    upload = _file(args, "photo")
    seen = picture(upload.data)
    if seen is None:
        raise Refusal(422, "photo: not a picture (PNG, JPEG, GIF, WebP)")
    return {**files.photo(bot, upload, seen), **_caption(args)}


def _document(bot: Bot, _: Json, args: Args) -> Json:
    return {**files.document(bot, _file(args, "document")), **_caption(args)}


def _voice(bot: Bot, _: Json, args: Args) -> Json:
    return {**files.voice(bot, _file(args, "voice"), args.integer("duration", 1)), **_caption(args)}


def _location(_: Bot, __: Json, args: Args) -> Json:
    place = Args(_object(args, "location"))
    latitude, longitude = place.decimal("latitude"), place.decimal("longitude")
    if latitude is None or longitude is None:
        raise Refusal(422, "location: latitude and longitude are wanted")
    return {"location": {"latitude": latitude, "longitude": longitude}}


def _contact(bot: Bot, chat: Json, args: Args) -> Json:
    """A contact card; without a number of its own it is the customer's own card."""
    card = _object(args, "contact")
    person = bot.person(chat["person"])
    if not card.get("phone_number"):
        raise Refusal(422, "contact: phone_number is wanted")
    names = ("phone_number", "first_name", "last_name", "user_id")
    return {"contact": {"first_name": person["first_name"], **{n: card[n] for n in names if n in card}}}


READERS = {"photo": _photo, "document": _document, "voice": _voice, "location": _location, "contact": _contact}


def _object(args: Args, name: str) -> Mapping[str, Any]:
    value = args.json(name)
    if not isinstance(value, dict):
        raise Refusal(422, f"{name}: an object is wanted")
    return value


def _replied(bot: Bot, chat: Json, args: Args) -> Json:
    number = args.integer("reply_to")
    if not number:
        return {}
    return {"reply_to_message": one_level(_there(bot, chat, number)["message"])}


def _there(bot: Bot, chat: Json, number: int) -> Json:
    kept = bot.find(chat, number)
    if kept is None:
        raise Refusal(404, f"message {number} is not in this chat")
    return kept


async def press(bot: Bot, number: str, fields: Fields) -> Json:
    """Press the button of `message_id` with this `data`, or this `text`."""
    chat, args = _chat(bot, number), Args(fields)
    kept = _there(bot, chat, args.integer("message_id"))
    data = args.text("data") if "data" in args else None
    button = find_button(kept["message"], data, args.text("text"))
    if button is None:
        raise Refusal(404, "this message has no such button")
    with bot.world.store.transaction():
        identifier = str((int(bot.number) << 20) + bot.world.store.next(f"query:{bot.key}"))
        query = {
            "id": identifier,
            "from": bot.person(chat["person"]),
            "message": kept["message"],
            "chat_instance": str(-(int(chat["id"]) * 2_654_435_761 % 2**62)),
            "data": button["callback_data"],
        }
        place = {"chat": chat["id"], "message_id": kept["message_id"], "data": button["callback_data"]}
        state = {"id": identifier, "answered": False, "at": bot.world.now(), **place}
        bot.world.store.put("query", f"{bot.key}/{identifier}", state)
        update = bot.push("callback_query", query, chat["id"])
    bot.world.board.publish("query", channel=NAME, account=bot.number, chat=str(chat["id"]), query=state)
    return {"callback_query_id": identifier, "update_id": update}


async def edit(bot: Bot, number: str, fields: Fields) -> Json:
    """Change the `text` (or caption) of the customer's own `message_id`."""
    chat, args = _chat(bot, number), Args(fields)
    kept = _there(bot, chat, args.integer("message_id"))
    if kept["direction"] != "in":
        raise Refusal(422, "message_id: customers edit their own messages only")
    text = (args.text("text") or args.text("caption")).strip()
    name, marks = ("text", "entities") if "text" in kept["message"] else ("caption", "caption_entities")
    if not text:
        raise Refusal(422, "text: an edited message is not empty")
    message = {n: value for n, value in kept["message"].items() if n != marks}
    message |= {name: text, "edit_date": int(bot.world.now())}
    entities = with_found(text, [])
    if entities:
        message[marks] = entities
    with bot.world.store.transaction():
        bot.keep(chat, {**kept, "message": message})
        update = bot.push("edited_message", message, chat["id"])
    return {"message_id": kept["message_id"], "update_id": update}


async def react_to(bot: Bot, number: str, fields: Fields) -> Json:
    """React to `message_id` with `emoji`, or take the reaction back."""
    chat, args = _chat(bot, number), Args(fields)
    kept = _there(bot, chat, args.integer("message_id"))
    emoji = plain(args.text("emoji"))
    new, old = [emoji] if emoji else [], kept.get("reactions", {}).get("person", [])
    change = {
        "chat": bot.chat_json(chat),
        "message_id": kept["message_id"],
        "user": bot.person(chat["person"]),
        "date": int(bot.world.now()),
        "old_reaction": [{"type": "emoji", "emoji": item} for item in old],
        "new_reaction": [{"type": "emoji", "emoji": item} for item in new],
    }
    with bot.world.store.transaction():
        react(bot, chat, kept, "person", new)
        update = bot.push("message_reaction", change, chat["id"])
    return {"message_id": kept["message_id"], "update_id": update}


async def block(bot: Bot, number: str, _: Fields) -> Json:
    """Block the bot: it hears `kicked`, and may not write any more."""
    return _member(bot, number, blocked=True)


async def unblock(bot: Bot, number: str, _: Fields) -> Json:
    """Let the bot write again: it hears `member`."""
    return _member(bot, number, blocked=False)


def _member(bot: Bot, number: str, *, blocked: bool) -> Json:
    chat = _chat(bot, number)
    if chat["blocked"] == blocked:
        return {"update_id": None, "blocked": blocked}
    was, now = (_status(bot, blocked=not blocked), _status(bot, blocked=blocked))
    change = {
        "chat": bot.chat_json(chat),
        "from": bot.person(chat["person"]),
        "date": int(bot.world.now()),
        "old_chat_member": was,
        "new_chat_member": now,
    }
    with bot.world.store.transaction():
        bot.put_chat({**chat, "blocked": blocked, "started": True})
        update = bot.push("my_chat_member", change, chat["id"])
    return {"update_id": update, "blocked": blocked}


def _status(bot: Bot, *, blocked: bool) -> Json:
    return (
        {"user": bot.user(), "status": "kicked", "until_date": 0}
        if blocked
        else {"user": bot.user(), "status": "member"}
    )


DEEDS = {"messages": say, "press": press, "edit": edit, "react": react_to, "block": block, "unblock": unblock}
