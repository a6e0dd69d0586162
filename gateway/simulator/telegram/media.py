"""The file that a message carries: each kind with its own fields, checked and measured as Telegram does it."""

from collections.abc import Callable
from dataclasses import replace

from gateway.simulator.clips import Clip, clip
from gateway.simulator.pictures import Picture, blank, picture
from gateway.simulator.store import Json
from gateway.simulator.telegram import files
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.errors import ApiError, bad
from gateway.simulator.world import Upload

KINDS = ("photo", "video", "audio", "voice", "animation", "video_note", "sticker", "document")
CAPTIONED = frozenset(KINDS) - {"sticker", "video_note"}
MOST_PHOTO, MOST_FILE = 10 * files.MB, 50 * files.MB
SIDES = 10_000
RATIO = 20
SMALL = 90
ROUND = 384  # the side of a video note whose size nobody told
STICKER = 512
NAMED = frozenset({"document", "video", "audio", "animation"})
OWN = {
    "document": (),
    "video": ("width", "height", "duration"),
    "audio": ("duration", "performer", "title"),
    "voice": ("duration",),
    "animation": ("width", "height", "duration"),
    "video_note": ("length", "duration"),
    "sticker": ("type", "width", "height", "is_animated", "is_video", "emoji", "set_name"),
}
SOUNDS = frozenset({"audio/ogg", "audio/opus", "audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/aac"})
STICKERS = frozenset({"image/webp", "application/x-tgsticker", "video/webm"})


async def read(bot: Bot, args: Args, kind: str) -> Json:
    """The file of a call as the content of a Message; 400 or 413 where Telegram does not take it."""
    given = await files.given(bot, args, kind)
    if isinstance(given, dict):
        return again(bot, given)
    return make(bot, kind, given, args)


def make(bot: Bot, kind: str, upload: Upload, args: Args) -> Json:
    """Bytes as the content of a Message; what is not of its kind becomes a document."""
    if kind == "photo":
        return _photo(bot, upload)
    if len(upload.data) > MOST_FILE:
        raise ApiError(413, "Request Entity Too Large")
    seen = _measured(upload)
    mime = _mime(upload, seen, kind)
    upload, seen = Upload(upload.name, mime, upload.data), replace(seen, mime=mime)
    if not FITS[kind](upload.mime):
        kind = "document"
    return _shown(files.keep(bot, kind, upload, **DETAILS[kind](args, seen)))


def _measured(upload: Upload) -> Clip:
    seen = picture(upload.data)
    if seen is not None:
        return Clip(seen.mime, 0, seen.width, seen.height)
    return clip(upload.data) or Clip("")


def _mime(upload: Upload, seen: Clip, kind: str) -> str:
    """What the file is: by its bytes where a browser or a program named it badly, else as it was named."""
    if kind == "sticker" and upload.data[:2] == b"\x1f\x8b":
        return "application/x-tgsticker"
    named_well = FITS[kind](upload.mime) and upload.mime != "application/octet-stream"
    return upload.mime if named_well or not seen.mime or kind == "document" else seen.mime


FITS: dict[str, Callable[[str], bool]] = {
    "document": lambda _: True,
    "video": lambda mime: mime == "video/mp4",
    "video_note": lambda mime: mime == "video/mp4",
    "animation": lambda mime: mime in ("video/mp4", "image/gif"),
    "audio": lambda mime: mime in SOUNDS,
    "voice": lambda mime: mime in SOUNDS,
    "sticker": lambda mime: mime in STICKERS,
}


def _seconds(args: Args, seen: Clip) -> int:
    return args.integer("duration") or (max(1, round(seen.seconds)) if seen.seconds else 0)


def _film(args: Args, seen: Clip) -> Json:
    width, height = args.integer("width") or seen.width, args.integer("height") or seen.height
    return {"width": width, "height": height, "duration": _seconds(args, seen)}


def _music(args: Args, seen: Clip) -> Json:
    names = {name: args.text(name) for name in ("performer", "title") if args.text(name)}
    return {"duration": _seconds(args, seen), **names}


def _round(args: Args, seen: Clip) -> Json:
    return {"length": args.integer("length") or seen.width or ROUND, "duration": _seconds(args, seen)}


def _sticker(args: Args, seen: Clip) -> Json:
    emoji = {"emoji": args.text("emoji")} if args.text("emoji") else {}
    size = {"width": seen.width or STICKER, "height": seen.height or STICKER}
    moving = {"is_animated": seen.mime == "application/x-tgsticker", "is_video": seen.mime == "video/webm"}
    return {"type": "regular", **size, **moving, **emoji}


DETAILS: dict[str, Callable[[Args, Clip], Json]] = {
    "document": lambda _, __: {},
    "video": _film,
    "animation": _film,
    "audio": _music,
    "voice": lambda args, seen: {"duration": _seconds(args, seen)},
    "video_note": _round,
    "sticker": _sticker,
}


def _photo(bot: Bot, upload: Upload) -> Json:
    """`photo` of a Message: a small size, then the picture itself. The small one is a grey stand-in."""
    if len(upload.data) > MOST_PHOTO:
        size = len(upload.data)
        raise bad(f"file of size {size} bytes is too big for a photo; the maximum size is {MOST_PHOTO} bytes")
    seen = _picture(upload.data)
    scale = SMALL / max(seen.width, seen.height)
    sizes = []
    if scale < 1:
        width, height = max(1, round(seen.width * scale)), max(1, round(seen.height * scale))
        small = Upload("small.png", "image/png", blank(width, height))
        sizes.append(files.keep(bot, "photo", small, width=width, height=height))
    real = Upload(upload.name, seen.mime, upload.data)
    least = sizes[0]["file_id"] if sizes else ""
    sizes.append(files.keep(bot, "photo", real, width=seen.width, height=seen.height, small=least))
    return {"photo": [_size(known) for known in sizes]}


def _picture(data: bytes) -> Picture:
    """A picture that Telegram takes as a photo, or its refusal."""
    seen = picture(data)
    if seen is None:
        raise bad("IMAGE_PROCESS_FAILED")
    longer, shorter = max(seen.width, seen.height), min(seen.width, seen.height)
    if seen.width + seen.height > SIDES or longer > RATIO * shorter:
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return seen


def _size(known: Json) -> Json:
    return {name: known[name] for name in ("file_id", "file_unique_id", "width", "height", "file_size")}


def _shown(known: Json) -> Json:
    """A kept file as Telegram tells of it. An animation comes as a document as well."""
    kind = known["kind"]
    named = {"file_name": known["name"]} if kind in NAMED else {}
    typed = {} if kind in ("video_note", "sticker") else {"mime_type": known["mime"]}
    own = {name: known[name] for name in OWN[kind] if name in known}
    plain = {name: known[name] for name in ("file_id", "file_unique_id", "file_size")}
    shown: Json = {kind: {**own, **named, **typed, **plain}}
    return {**shown, "document": {**named, **typed, **plain}} if kind == "animation" else shown


def again(bot: Bot, known: Json) -> Json:
    """A kept file as the content of another message."""
    if known["kind"] != "photo":
        return _shown(known)
    small = files.find(bot, str(known.get("small", "")))
    return {"photo": [_size(size) for size in (small, known) if size]}
