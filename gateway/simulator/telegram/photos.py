"""The picture of a chat, in its two sizes. https://core.telegram.org/bots/api#chatphoto"""

from gateway.simulator import portraits
from gateway.simulator.faces import LARGE, SMALL
from gateway.simulator.store import Json
from gateway.simulator.telegram import files
from gateway.simulator.telegram.bot import Bot

KIND = "chat_photo"
SIZES = {"small": SMALL, "big": LARGE}


def photo(bot: Bot, chat: Json) -> Json:
    """`photo` of a chat that has one; the same ids as long as it is the same picture."""
    known = portraits.known(bot, chat)
    if known is None:
        return {}
    place = f"{bot.key}/{chat['id']}/{known['number']}"
    ids = bot.world.store.get("face", place)
    if ids is None:
        with bot.world.store.transaction():
            ids = {}
            for name, side in SIZES.items():
                kept = _kept(bot, chat, side)
                ids |= {f"{name}_file_id": kept["file_id"], f"{name}_file_unique_id": kept["file_unique_id"]}
            bot.world.store.put("face", place, ids)
    return {"photo": ids}


def _kept(bot: Bot, chat: Json, side: int) -> Json:
    face = portraits.face(bot, chat, side)
    assert face is not None  # noqa: S101  who asks has looked
    return files.keep(bot, KIND, face)
