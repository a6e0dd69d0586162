"""Several files sent together. https://core.telegram.org/bots/api#sendmediagroup"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from gateway.simulator.store import Json
from gateway.simulator.telegram import media
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.entities import read_caption
from gateway.simulator.telegram.errors import ApiError, bad
from gateway.simulator.telegram.sending import common

MOST = 10
KINDS = frozenset({"photo", "video", "audio", "document"})
ALONE = ("audio", "document")  # go with their own kind only
FIRST_GROUP = 13_000_000_000_000_001


async def send_media_group(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#sendmediagroup"""
    chat = bot.chat(args.text("chat_id"))
    if "media" not in args:
        raise bad('parameter "media" is required')
    contents = await read_items(bot, args, "media")
    shared = common(bot, chat, args)
    with bot.world.store.transaction():
        group = grouped(bot, contents)
        made = [
            bot.new_message(chat, {**shared, **content, **group}, sender=bot.user(), direction="out")
            for content in contents
        ]
        bot.accepted(chat, "sendMediaGroup", args.shown(), made[0]["message_id"])
    return made


def grouped(bot: Bot, contents: Sequence[Json]) -> Json:
    """The id that the messages of an album share; one message alone is none."""
    if len(contents) == 1:
        return {}
    return {"media_group_id": str(bot.world.store.next(f"group:{bot.key}", FIRST_GROUP + bot.world.seed))}


async def read_items(bot: Bot, args: Args, name: str) -> list[Json]:
    """What each message of the album says; the first that cannot be read refuses them all."""
    items = args.json(name) or []
    if not isinstance(items, list):
        raise bad("can't parse media JSON object")
    if not items:
        raise bad("there are no messages to send")
    if len(items) > MOST:
        raise bad("too many messages to send as an album")
    kinds = [_kind(item, KINDS, "sendMediaGroup") for item in items]
    for kind in ALONE:
        if kind in kinds and set(kinds) != {kind}:
            raise bad(f"{kind} can't be mixed with other media types")
    return [await _item(bot, args, item, number) for number, item in enumerate(items, 1)]


async def _item(bot: Bot, args: Args, item: Json, number: int) -> Json:
    try:
        return await read_media(bot, args, item)
    except ApiError as problem:
        reason = problem.description.removeprefix("Bad Request: ")
        if problem.code != HTTPStatus.BAD_REQUEST or reason.startswith("can't parse"):
            raise
        words = reason[:1].upper() + reason[1:]
        raise bad(f'failed to send message #{number} with the error message "{words}"') from None


async def read_media(bot: Bot, args: Args, item: Json) -> Json:
    """One InputMedia, its file and its caption. https://core.telegram.org/bots/api#inputmedia"""
    kind = str(item["type"])
    own = args.within({**item, kind: item.get("media")})
    if not own.text("media") and own.upload("media") is None:
        raise bad("can't parse InputMedia: media not found")
    return {**await media.read(bot, own, kind), **read_caption(own)}


def one_media(args: Args, allowed: frozenset[str], method: str) -> Json:
    """The `media` of a call that takes one."""
    item = args.json("media")
    if item is None:
        raise bad('parameter "media" is required')
    _kind(item, allowed, method)
    found: Json = item
    return found


def _kind(item: Any, allowed: frozenset[str], method: str) -> str:
    if not isinstance(item, dict):
        raise bad("can't parse InputMedia: expected an Object")
    kind = item.get("type")
    if not isinstance(kind, str):
        raise bad("can't parse InputMedia: type not found")
    if kind not in media.KINDS:
        raise bad("can't parse InputMedia: type is unsupported")
    if kind not in allowed:
        raise bad(f"can't parse InputMedia: type \"{kind}\" can't be used in {method}")
    return kind
