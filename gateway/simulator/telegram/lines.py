"""A Telegram message in the shape that all channels share: see `gateway.simulator.lines`."""

from typing import Any

from gateway.simulator import lines
from gateway.simulator.store import Json

SOUNDS_AND_PICTURES = ("photo", "video", "animation", "video_note", "sticker", "voice", "audio", "document")
WORDS = {"file_name": "name", "mime_type": "mime", "file_size": "bytes", "duration": "seconds"}
MEASURES = ("width", "height", "performer", "title", "emoji", "is_animated", "is_video")


def shown(kept: Json) -> Json:
    """A kept message as Telegram has it (`message`), and in the shape that all channels share."""
    message = kept["message"]
    about = message.get("reply_to_message")
    return {
        "reactions": {},
        **kept,
        "at": message["date"],
        "id": str(kept["message_id"]),
        "parts": parts(message),
        "status": None,
        "edited": "edit_date" in message,
        "group": message.get("media_group_id"),
        "reply_to": _answered(about, message.get("quote")) if about else None,
        "text": message.get("text", message.get("caption", "")),
    }


def parts(message: Json) -> list[Json]:
    """What a message is made of: an animation has a document too, and a venue a location; each is shown once."""
    found = [part for part in (_media(message), _place(message), _card(message)) if part]
    words = message.get("text", message.get("caption", ""))
    if words:
        found.append(lines.text(words, message.get("entities") or message.get("caption_entities") or ()))
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    if rows:
        found.append(lines.buttons([[_button(button) for button in row] for row in rows]))
    return found


def _media(message: Json) -> Json | None:
    kind = next((name for name in SOUNDS_AND_PICTURES if name in message), None)
    if kind is None:
        return None
    one: dict[str, Any] = message[kind][-1] if kind == "photo" else message[kind]
    known = {ours: one[theirs] for theirs, ours in WORDS.items() if theirs in one}
    measures = {name: one[name] for name in MEASURES if name in one}
    return lines.media(kind, {"file": one["file_id"], **known, **measures})


def _place(message: Json) -> Json | None:
    if "location" not in message:
        return None
    where, venue = message["location"], message.get("venue", {})
    return lines.location(where["latitude"], where["longitude"], venue.get("title", ""), venue.get("address", ""))


def _card(message: Json) -> Json | None:
    one = message.get("contact")
    if one is None:
        return None
    name = " ".join(one[part] for part in ("first_name", "last_name") if one.get(part))
    return {**lines.contact(name, [one["phone_number"]]), "vcard": one.get("vcard", "")}


def _button(button: Json) -> Json:
    """A button that can be pressed, a link, or one that does something this simulator does not play."""
    known = {"text": button["text"]}
    if "callback_data" in button:
        known["data"] = button["callback_data"]
    elif "url" in button:
        known["url"] = button["url"]
    return known


def _answered(about: Json, quote: Json | None) -> Json:
    """The message that is answered, and the piece of it that is quoted."""
    words = str(quote["text"] if quote else about.get("text", about.get("caption", "")))
    found = parts(about)
    return {
        "message_id": about["message_id"],
        "direction": "out" if about["from"].get("is_bot") else "in",
        "name": about["from"]["first_name"],
        "kind": lines.kind_of(found),
        "text": words[: lines.EXCERPT] if not quote else words,
        "entities": quote.get("entities", []) if quote else [],
    }
