"""Files of a bot: kept once, named by opaque ids, photos in two sizes, fetched by URL as Telegram does."""

from base64 import urlsafe_b64encode
from hashlib import blake2b
from mimetypes import guess_extension, guess_type
from urllib.parse import unquote, urlsplit

import aiohttp

from gateway.simulator.pictures import Picture, blank, picture
from gateway.simulator.store import Json
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.errors import ApiError, bad
from gateway.simulator.world import Upload

MB = 1 << 20
MOST_PHOTO, MOST_PHOTO_BY_URL = 10 * MB, 5 * MB
MOST_FILE, MOST_FILE_BY_URL = 50 * MB, 20 * MB
MOST_DOWNLOAD = 20 * MB
SIDES = 10_000
RATIO = 20
SMALL = 90
FETCH = aiohttp.ClientTimeout(total=20)
PREFIX = {"photo": "AgACAgQAAxk", "document": "BQACAgQAAxk", "voice": "AwACAgQAAxk"}
FOLDER = {"photo": "photos", "document": "documents", "voice": "voice"}


def keep(bot: Bot, kind: str, upload: Upload, **more: int | str) -> Json:
    """Write a file down; what is known of it, under a new file_id that no other bot can use."""
    stored = bot.world.store.write_file(upload.data)
    ending = ".jpg" if kind == "photo" else (guess_extension(upload.mime) or "")
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


def photo(bot: Bot, upload: Upload, seen: Picture) -> Json:
    """`photo` of a Message: a small size, then the picture itself. The small one is a grey stand-in."""
    scale = SMALL / max(seen.width, seen.height)
    sizes = []
    if scale < 1:
        width, height = max(1, round(seen.width * scale)), max(1, round(seen.height * scale))
        small = Upload("small.png", "image/png", blank(width, height))
        sizes.append(keep(bot, "photo", small, width=width, height=height))
    real = Upload(upload.name, seen.mime, upload.data)
    sizes.append(
        keep(bot, "photo", real, width=seen.width, height=seen.height, small=sizes[0]["file_id"] if sizes else "")
    )
    return {"photo": [_size(known) for known in sizes]}


def _size(known: Json) -> Json:
    return {name: known[name] for name in ("file_id", "file_unique_id", "width", "height", "file_size")}


def document(bot: Bot, upload: Upload) -> Json:
    """`document` of a Message."""
    return _shown(keep(bot, "document", upload))


def voice(bot: Bot, upload: Upload, duration: int) -> Json:
    """`voice` of a Message."""
    return _shown(keep(bot, "voice", upload, duration=duration))


def _shown(known: Json) -> Json:
    shown = {name: known[name] for name in ("file_id", "file_unique_id", "file_size")}
    if known["kind"] == "voice":
        return {"voice": {"duration": known["duration"], "mime_type": known["mime"], **shown}}
    return {"document": {"file_name": known["name"], "mime_type": known["mime"], **shown}}


async def read_photo(bot: Bot, args: Args) -> Upload | Json:
    """The `photo` of a call: bytes that were checked, or a photo that is already here."""
    given = await _given(bot, args, "photo", MOST_PHOTO_BY_URL, "image/")
    if isinstance(given, dict):
        return given
    if len(given.data) > MOST_PHOTO:
        raise bad(
            f"file of size {len(given.data)} bytes is too big for a photo; the maximum size is {MOST_PHOTO} bytes"
        )
    check_picture(given.data)
    return given


def check_picture(data: bytes) -> Picture:
    """A picture that Telegram takes as a photo, or its refusal."""
    seen = picture(data)
    if seen is None:
        raise bad("IMAGE_PROCESS_FAILED")
    longer, shorter = max(seen.width, seen.height), min(seen.width, seen.height)
    if seen.width + seen.height > SIDES or longer > RATIO * shorter:
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return seen


async def read_document(bot: Bot, args: Args) -> Upload | Json:
    """The `document` of a call: bytes, or a document that is already here."""
    given = await _given(bot, args, "document", MOST_FILE_BY_URL, "")
    if isinstance(given, Upload) and len(given.data) > MOST_FILE:
        raise ApiError(413, "Request Entity Too Large")
    return given


def again(bot: Bot, known: Json) -> Json:
    """A kept file as the content of another message."""
    if known["kind"] != "photo":
        return _shown(known)
    small = find(bot, str(known.get("small", "")))
    return {"photo": [_size(size) for size in (small, known) if size]}


async def _given(bot: Bot, args: Args, kind: str, most: int, wanted: str) -> Upload | Json:
    upload = args.upload(kind)
    if upload is not None:
        if not upload.data:
            raise bad("file must be non-empty")
        return upload
    named = args.text(kind)
    if not named:
        raise bad(f"there is no {kind} in the request")
    if named.startswith(("http://", "https://")):
        return await _fetch(bot, named, most, wanted)
    known = find(bot, named)
    if known is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if known["kind"] != kind:
        raise bad(f"can't use file of type {known['kind'].title()} as {kind.title()}")
    return known


async def _fetch(bot: Bot, url: str, most: int, wanted: str) -> Upload:
    """Get a file from its URL. Telegram says little about why it could not, and so do we."""
    try:
        async with bot.world.session.get(url, timeout=FETCH, max_redirects=5) as answer:
            data = await _bounded(answer, most) if answer.ok else b""
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        raise bad("failed to get HTTP URL content") from None
    if not data:
        raise bad("failed to get HTTP URL content")
    mime = answer.content_type
    if wanted and not (mime.startswith(wanted) or picture(data)):
        raise bad("wrong type of the web page content")
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or "file"
    return Upload(name, guess_type(name)[0] or mime if mime == "application/octet-stream" else mime, data)


async def _bounded(answer: aiohttp.ClientResponse, most: int) -> bytes:
    data = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        data += chunk
        if len(data) > most:
            raise ValueError("too large")
    return bytes(data)


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
