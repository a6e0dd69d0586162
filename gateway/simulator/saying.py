"""What customers say, read from the control API's form into parts: words, a file, several files, a place, a card."""

from collections.abc import Collection
from typing import Any

import orjson

from gateway.simulator import lines, opus, samples
from gateway.simulator.account import Account
from gateway.simulator.store import Json
from gateway.simulator.world import Fields, Refusal, Upload

SAMPLE = "sample"
LONGEST = 4096
MOST_TOGETHER = 10
POLE, DATE_LINE = 90, 180


def words(fields: Fields, name: str) -> str:
    """A string of a form; empty when absent."""
    value = fields.get(name, "")
    if isinstance(value, Upload):
        raise Refusal(422, f"{name}: a string is wanted, not a file")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def whole(fields: Fields, name: str, default: int = 0) -> int:
    """A whole number of a form."""
    given = words(fields, name)
    try:
        return int(given) if given else default
    except ValueError:
        raise Refusal(422, f"{name}: a whole number is wanted") from None


def structure(fields: Fields, name: str) -> Any:
    """A structured value of a form, as JSON or as a string of JSON; None when absent."""
    value = fields.get(name)
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise Refusal(422, f"{name}: JSON is wanted") from None


def read(account: Account, fields: Fields, says: Collection[str], *, together: bool = False) -> list[list[Json]]:
    """The parts of each message that comes of a form; its files are kept.

    `says` has the kinds that the channel's app can send: `text`, those of `lines.MEDIA`, `location`, `contact`.
    An `album` is a message per file, or one with all of them when they go `together`. Raises Refusal.
    """
    if "album" in fields:
        return _album(account, fields, says, together=together)
    for kind in lines.MEDIA:
        if kind in fields:
            _known(kind, says)
            return [[_media(account, kind, fields.get(kind), fields), *_text(fields, "caption")]]
    for kind, make in (("location", _location), ("contact", _contact)):
        if kind in fields:
            _known(kind, says)
            return [[make(structure(fields, kind)), *_text(fields, "text")]]
    _known("text", says)
    if not 1 <= len(words(fields, "text").strip()) <= LONGEST:
        raise Refusal(422, f"text: from 1 to {LONGEST} characters (or one of {', '.join(says)})")
    return [_text(fields, "text")]


def counted(parts: list[Json], count: int) -> list[Json]:
    """The parts with their number in place of `{n}`."""
    return [
        {**part, "text": part["text"].replace("{n}", str(count))} if part["kind"] == "text" else part for part in parts
    ]


def upload(kind: str, value: Any) -> Upload:
    """A file of a form: its bytes, `sample`, or the emoji of a sample sticker; a browser's voice becomes Ogg."""
    if isinstance(value, Upload) and value.data:
        if kind == "voice" and value.data[:4] == b"\x1a\x45\xdf\xa3":
            sound = opus.ogg(value.data)
            return Upload("voice.ogg", "audio/ogg", sound) if sound else value
        return value
    drawn = samples.sticker(str(value)) if kind == "sticker" else None
    if drawn is not None:
        return drawn
    if value == SAMPLE and kind in samples.FILES:
        return samples.sample(kind)
    raise Refusal(422, f'{kind}: a file is wanted, sent as multipart/form-data, or "{SAMPLE}"')


def _known(kind: str, says: Collection[str]) -> None:
    if kind not in says:
        raise Refusal(422, f"{kind}: customers of this channel can send {', '.join(says)}")


def _text(fields: Fields, name: str) -> list[Json]:
    said = words(fields, name).strip()
    return [lines.text(said)] if said else []


def _media(account: Account, kind: str, value: Any, fields: Fields) -> Json:
    known = account.keep_file(upload(kind, value))
    emoji = {"emoji": words(fields, kind)} if kind == "sticker" and isinstance(value, str) and value != SAMPLE else {}
    return lines.media(kind, known, **emoji)


def _album(account: Account, fields: Fields, says: Collection[str], *, together: bool) -> list[list[Json]]:
    """`album` is a list of `{"type", "media": "sample" | "attach://field", "caption"?}`."""
    items = structure(fields, "album")
    if not isinstance(items, list) or not 2 <= len(items) <= MOST_TOGETHER:  # noqa: PLR2004  an album is several
        raise Refusal(422, f"album: a list of 2 to {MOST_TOGETHER} files is wanted")
    made = []
    for item in items:
        kind = str(item.get("type")) if isinstance(item, dict) else ""
        _known(kind, says)
        given = str(item.get("media", ""))
        value = fields.get(given.removeprefix("attach://")) if given.startswith("attach://") else given
        made.append([_media(account, kind, value, item), *_text(item, "caption")])
    return [[part for parts in made for part in parts]] if together else made


def _location(given: Any) -> Json:
    place = given if isinstance(given, dict) else {}
    try:
        latitude, longitude = float(place["latitude"]), float(place["longitude"])
    except (KeyError, TypeError, ValueError):
        raise Refusal(422, "location: latitude and longitude are wanted") from None
    if not (abs(latitude) <= POLE and abs(longitude) <= DATE_LINE):
        raise Refusal(422, "location: there is no such place")
    return lines.location(latitude, longitude, str(place.get("title", "")), str(place.get("address", "")))


def _contact(given: Any) -> Json:
    card = given if isinstance(given, dict) else {}
    if not card.get("phone_number"):
        raise Refusal(422, "contact: phone_number is wanted")
    name = " ".join(str(card[part]) for part in ("first_name", "last_name") if card.get(part))
    return lines.contact(name or str(card["phone_number"]), [str(card["phone_number"])])
