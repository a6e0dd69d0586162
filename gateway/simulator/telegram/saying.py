"""What customers say: the content of their messages, as their apps would send it."""

from collections.abc import Mapping
from typing import Any

from gateway.simulator import opus, samples
from gateway.simulator.store import Json
from gateway.simulator.telegram import albums, media
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.entities import LONGEST_TEXT, read_caption, read_text
from gateway.simulator.telegram.replies import answer_to
from gateway.simulator.telegram.sending import place
from gateway.simulator.world import Refusal, Upload

SAMPLE = "sample"
WANTED = ", ".join([*media.KINDS, "album", "location", "contact"])


async def contents(bot: Bot, chat: Json, args: Args) -> list[Json]:
    """What the messages say that come of a form: one, or as many as an album has."""
    if "album" in args:
        return await _album(bot, args)
    for kind in media.KINDS:
        if kind in args:
            return [_file(bot, args, kind)]
    if "location" in args:
        return [_location(args)]
    if "contact" in args:
        return [_contact(bot, chat, args)]
    if not 1 <= len(args.text("text").strip()) <= LONGEST_TEXT:
        raise Refusal(422, f"text: from 1 to {LONGEST_TEXT} characters (or one of {WANTED})")
    return [read_text(args)]


def counted(content: Json, args: Args, count: int) -> Json:
    """A text with its number in it, where it has a `{n}`."""
    if "{n}" not in content.get("text", ""):
        return content
    numbered = args.within({**args.fields, "text": args.text("text").replace("{n}", str(count))})
    return {**content, **read_text(numbered)}


def answering(there: Json, args: Args) -> Json:
    """A reply to a message that is there, with the piece of it that `quote` says."""
    return answer_to(there["message"], Args({"quote": args.raw("quote"), "quote_position": args.raw("quote_position")}))


def _file(bot: Bot, args: Args, kind: str) -> Json:
    upload = _upload(args, kind)
    if kind == "voice" and upload.data[:4] == b"\x1a\x45\xdf\xa3":
        sound = opus.ogg(upload.data)
        upload = Upload("voice.ogg", "audio/ogg", sound) if sound else upload
    if kind == "sticker" and "emoji" not in args and not isinstance(args.raw(kind), Upload):
        args = args.within({**args.fields, "emoji": args.text(kind)})
    captions = read_caption(args) if kind in media.CAPTIONED else {}
    return {**media.make(bot, kind, upload, args), **captions}


def _upload(args: Args, kind: str) -> Upload:
    upload = args.upload(kind)
    if upload is None and args.raw(kind) == SAMPLE and kind in samples.FILES:
        return samples.sample(kind)
    if upload is None and kind == "sticker":
        upload = samples.sticker(args.text(kind))
        if upload is None:
            raise Refusal(422, f"sticker: a file, or one of {' '.join(samples.STICKERS)}")
    if upload is None or not upload.data:
        raise Refusal(422, f'{kind}: a file is wanted, sent as multipart/form-data, or "{SAMPLE}"')
    return upload


async def _album(bot: Bot, args: Args) -> list[Json]:
    """`album` is a list as sendMediaGroup takes it; its files came along, or are samples."""
    items = args.json("album")
    if not isinstance(items, list) or len(items) < 2:  # noqa: PLR2004  an album
        raise Refusal(422, f"album: a list of 2 to {albums.MOST} files is wanted")
    given: dict[str, Any] = {}
    for number, item in enumerate(items):
        if isinstance(item, dict) and item.get("media") == SAMPLE and item.get("type") in samples.FILES:
            given[f"sample{number}"] = samples.sample(item["type"])
            item["media"] = f"attach://sample{number}"
    made = await albums.read_items(bot, args.within({**args.fields, **given, "album": items}), "album")
    group = albums.grouped(bot, made)
    return [{**content, **group} for content in made]


def _location(args: Args) -> Json:
    """A place; with a `title` it is a venue."""
    given = Args(_object(args, "location"))
    if given.decimal("latitude") is None or given.decimal("longitude") is None:
        raise Refusal(422, "location: latitude and longitude are wanted")
    where = place(given)
    if not given.text("title"):
        return {"location": where}
    venue = {"location": where, "title": given.text("title"), "address": given.text("address")}
    return {"venue": venue, "location": where}


def _contact(bot: Bot, chat: Json, args: Args) -> Json:
    """A contact card; without a name of its own it is the customer's own card."""
    card = _object(args, "contact")
    person = bot.person(chat["person"])
    if not card.get("phone_number"):
        raise Refusal(422, "contact: phone_number is wanted")
    names = ("phone_number", "first_name", "last_name", "user_id", "vcard")
    return {"contact": {"first_name": person["first_name"], **{n: card[n] for n in names if n in card}}}


def _object(args: Args, name: str) -> Mapping[str, Any]:
    value = args.json(name)
    if not isinstance(value, dict):
        raise Refusal(422, f"{name}: an object is wanted")
    return value
