"""Answers to an earlier message, and the piece of it that they quote. https://core.telegram.org/bots/api#replyparameters"""

from gateway.simulator.store import Json
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.entities import read_quote
from gateway.simulator.telegram.errors import bad
from gateway.simulator.telegram.marks import units

LONGEST_QUOTE = 1024


def replied(bot: Bot, chat: Json, args: Args) -> Json:
    """`reply_to_message` and `quote` of a bot's message: what it answers, one level deep."""
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
    return answer_to(found["message"], wanted)


def answer_to(message: Json, wanted: Args) -> Json:
    """A reply to a message, with the `quote` that is wanted of it; 400 if the message does not say that."""
    reply: Json = {"reply_to_message": one_level(message)}
    quote, entities = read_quote(wanted)
    if not quote:
        return reply
    said = str(message.get("text", message.get("caption", "")))
    at = _position(said, quote, wanted.integer("quote_position"))
    if at < 0 or len(quote) > LONGEST_QUOTE:
        raise bad("QUOTE_TEXT_INVALID")
    marks = {"entities": entities} if entities else {}
    return {**reply, "quote": {"text": quote, **marks, "position": units(said[:at]), "is_manual": True}}


def _position(said: str, quote: str, near: int) -> int:
    """Where the quote stands: from the place that was named, in UTF-16 units, or anywhere."""
    start = len(said.encode("utf-16-le")[: 2 * near].decode("utf-16-le", "ignore"))
    at = said.find(quote, start)
    return at if at >= 0 else said.find(quote)


def one_level(message: Json) -> Json:
    """A message without the message that it answered."""
    return {name: value for name, value in message.items() if name not in ("reply_to_message", "quote")}
