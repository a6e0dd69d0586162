"""What customers do on their phones, and the updates that come of it."""

from gateway.simulator.store import Json
from gateway.simulator.telegram import media, saying
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import FIRST_PERSON, NAME, Bot
from gateway.simulator.telegram.changing import plain, react
from gateway.simulator.telegram.entities import read_caption, read_text
from gateway.simulator.telegram.keyboards import find_button
from gateway.simulator.world import Fields, Refusal

CHANGED = ("text", "entities", "caption", "caption_entities")
MOST_REPEATS = 100_000


def add_person(bot: Bot, fields: Fields) -> Json:
    """A customer who has found the bot but not yet pressed Start; `id` may be chosen."""
    args = Args(fields)
    number = args.integer("id") or bot.world.store.next("person", FIRST_PERSON + bot.world.seed)
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
    """Write to the bot; `saying` knows what can be said. `repeat` says it again, and `{n}` in a text counts."""
    chat = _chat(bot, number)
    if chat["blocked"]:
        raise Refusal(409, "this customer has blocked the bot; unblock it first")
    args = Args(fields)
    repeat = args.integer("repeat", 1)
    if not 1 <= repeat <= MOST_REPEATS:
        raise Refusal(422, f"repeat: from 1 to {MOST_REPEATS}")
    reply = _replied(bot, chat, args)
    contents = [{**reply, **content} for content in await saying.contents(bot, chat, args)]
    made: list[Json] = []
    with bot.world.store.transaction():
        if not chat["started"]:
            chat = {**chat, "started": True}
            bot.put_chat(chat)
        for count in range(1, repeat + 1):
            made += [_say(bot, chat, saying.counted(content, args, count)) for content in contents]
    return {**made[0], "data": made}


def _say(bot: Bot, chat: Json, content: Json) -> Json:
    message = bot.new_message(chat, content, sender=bot.person(chat["person"]), direction="in")
    return {"message_id": message["message_id"], "update_id": bot.tell("message", message, chat["id"])}


def _replied(bot: Bot, chat: Json, args: Args) -> Json:
    number = args.integer("reply_to")
    return saying.answering(_there(bot, chat, number), args) if number else {}


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
        identifier = str((int(bot.number) << 20) + bot.world.store.next(f"query:{bot.key}", 1 + bot.world.seed))
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
        update = bot.tell("callback_query", query, chat["id"])
    bot.world.board.publish("query", channel=NAME, account=bot.number, chat=str(chat["id"]), query=state)
    return {"callback_query_id": identifier, "update_id": update}


async def edit(bot: Bot, number: str, fields: Fields) -> Json:
    """Change the `text` (or caption) of the customer's own `message_id`."""
    chat, args = _chat(bot, number), Args(fields)
    kept = _there(bot, chat, args.integer("message_id"))
    if kept["direction"] != "in":
        raise Refusal(422, "message_id: customers edit their own messages only")
    new = _edited(kept["message"], args)
    message = {n: value for n, value in kept["message"].items() if n not in CHANGED}
    message |= {**new, "edit_date": int(bot.world.now())}
    with bot.world.store.transaction():
        bot.keep(chat, {**kept, "message": message})
        update = bot.tell("edited_message", message, chat["id"])
    return {"message_id": kept["message_id"], "update_id": update}


def _edited(message: Json, args: Args) -> Json:
    text = (args.text("text") or args.text("caption")).strip()
    if "text" in message:
        if not text:
            raise Refusal(422, "text: an edited message is not empty")
        return read_text(args.within({**args.fields, "text": text}))
    if not media.CAPTIONED & message.keys():
        raise Refusal(422, "message_id: only texts and captions can be edited")
    marks = args.raw("entities") or args.raw("caption_entities")
    return read_caption(args.within({**args.fields, "caption": text, "caption_entities": marks}))


async def delete(bot: Bot, number: str, fields: Fields) -> Json:
    """Take `message_id` back on both phones. Telegram does not tell bots."""
    chat = _chat(bot, number)
    kept = _there(bot, chat, Args(fields).integer("message_id"))
    bot.keep(chat, {**kept, "deleted": True})
    return {"message_id": kept["message_id"], "update_id": None}


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
        update = bot.tell("message_reaction", change, chat["id"])
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
        update = bot.tell("my_chat_member", change, chat["id"])
    return {"update_id": update, "blocked": blocked}


def _status(bot: Bot, *, blocked: bool) -> Json:
    return (
        {"user": bot.user(), "status": "kicked", "until_date": 0}
        if blocked
        else {"user": bot.user(), "status": "member"}
    )


DEEDS = {
    "messages": say,
    "press": press,
    "edit": edit,
    "delete": delete,
    "react": react_to,
    "block": block,
    "unblock": unblock,
}
