"""Files of a bot: kept once, named by opaque ids, fetched by URL as Telegram does."""

from base64 import urlsafe_b64encode
from hashlib import blake2b
from mimetypes import guess_extension

from gateway.simulator.fetching import Unfetched, fetch
from gateway.simulator.pictures import picture
from gateway.simulator.store import Json
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.errors import bad
from gateway.simulator.world import Upload

MB = 1 << 20
MOST_DOWNLOAD = 20 * MB
MOST_BY_URL = {"photo": 5 * MB}
MOST_FILE_BY_URL = 20 * MB
PREFIX = {
    "photo": "AgACAgQAAxk",
    "document": "BQACAgQAAxk",
    "voice": "AwACAgQAAxk",
    "video": "BAACAgQAAxk",
    "audio": "CQACAgQAAxk",
    "animation": "CgACAgQAAxk",
    "video_note": "DQACAgQAAxk",
    "sticker": "CAACAgQAAxk",
    "chat_photo": "AQADBAADxk",
}
FOLDER = {
    "photo": "photos",
    "document": "documents",
    "voice": "voice",
    "video": "videos",
    "audio": "music",
    "animation": "animations",
    "video_note": "video_notes",
    "sticker": "stickers",
    "chat_photo": "profile_photos",
}
NAMES = {"video_note": "VideoNote", "chat_photo": "ChatPhoto"}


def keep(bot: Bot, kind: str, upload: Upload, **more: int | str | bool) -> Json:
    """Write a file down; what is known of it, under a new file_id that no other bot can use."""
    stored = bot.world.store.write_file(upload.data)
    ending = ".jpg" if kind in ("photo", "chat_photo") else (guess_extension(upload.mime) or "")
    known: Json = {
        "file_id": PREFIX[kind] + _opaque(f"{bot.number}/{stored}", 33),
        "file_unique_id": "AQAD" + _opaque(stored, 9),
        "file_size": len(upload.data),
        "file_path": f"{FOLDER[kind]}/file_{stored}{ending}",
        "kind": kind,
        "stored": stored,
        "name": upload.name,
        "mime": upload.mime,
        **more,
    }
    bot.world.store.put("file", f"{bot.key}/{known['file_id']}", known)
    bot.world.store.put("path", f"{bot.key}/{known['file_path']}", {"file_id": known["file_id"]})
    return known


def find(bot: Bot, file_id: str) -> Json | None:
    """What is known of a file, or None: file_ids are each bot's own."""
    return bot.world.store.get("file", f"{bot.key}/{file_id}")


def find_path(bot: Bot, path: str) -> Json | None:
    """What is known of the file that getFile gave this path, or None."""
    at = bot.world.store.get("path", f"{bot.key}/{path}")
    return find(bot, at["file_id"]) if at else None


async def given(bot: Bot, args: Args, kind: str) -> Upload | Json:
    """The file of a call: bytes that came with it or from its URL, or what is known of one that is here."""
    upload = args.upload(kind)
    if upload is not None:
        if not upload.data:
            raise bad("file must be non-empty")
        return upload
    named = args.text(kind)
    if not named:
        raise bad(f"there is no {kind.replace('_', ' ')} in the request")
    if named.startswith(("http://", "https://")):
        return await _fetch(bot, named, MOST_BY_URL.get(kind, MOST_FILE_BY_URL), "image/" if kind == "photo" else "")
    known = find(bot, named)
    if known is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if known["kind"] != kind:
        raise bad(f"can't use file of type {_named(known['kind'])} as {_named(kind)}")
    return known


def _named(kind: str) -> str:
    return NAMES.get(kind, kind.title())


async def _fetch(bot: Bot, url: str, most: int, wanted: str) -> Upload:
    """Get a file from its URL. Telegram says little about why it could not, and so do we."""
    try:
        found = await fetch(bot.world, url, most)
    except Unfetched:
        raise bad("failed to get HTTP URL content") from None
    if wanted and not (found.mime.startswith(wanted) or picture(found.data)):
        raise bad("wrong type of the web page content")
    return found


async def get_file(bot: Bot, args: Args) -> Json:
    """https://core.telegram.org/bots/api#getfile"""
    known = find(bot, args.text("file_id"))
    if known is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if known["file_size"] > MOST_DOWNLOAD:
        raise bad("file is too big")
    return {name: known[name] for name in ("file_id", "file_unique_id", "file_size", "file_path")}


def _opaque(text: str, size: int) -> str:
    return urlsafe_b64encode(blake2b(text.encode(), digest_size=size).digest()).decode().rstrip("=")
