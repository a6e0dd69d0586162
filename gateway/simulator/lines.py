"""One line of a chat in the shape that all channels share, and its parts; the phone page draws nothing else.

A line is `message_id` (counts up in its chat), `id` (the provider's), `direction` (`in`: the customer wrote it, `out`:
we did), `at` (seconds since 1970), `parts`, `status` (of `STATUSES`, or None where a channel has none), `error` (why it
failed), `segments` (of an SMS), `reply_to` (from `quoted`), `reactions` (`{"person": ["👍"], "bot": []}`), `group`
(lines with the same one are an album), `edited`, `deleted`, `from` (a name, when it is not the account's).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.simulator.clips import clip
from gateway.simulator.pictures import picture
from gateway.simulator.store import Json
from gateway.simulator.world import Upload

STATUSES = ("queued", "sent", "failed", "delivered", "read")
MEDIA = ("photo", "video", "audio", "voice", "animation", "video_note", "sticker", "document")
EXCERPT = 80


def text(words: str, entities: Sequence[Json] = ()) -> Json:
    """Words; `entities` mark them up as Telegram's MessageEntity does, in UTF-16 units."""
    return {"kind": "text", "text": words, **({"entities": list(entities)} if entities else {})}


def media(kind: str, known: Json, **more: Any) -> Json:
    """A file: `kind` is one of `MEDIA`, `known` what `Account.keep_file` said of it."""
    return {"kind": "media", "as": kind, **{name: value for name, value in known.items() if name != "stored"}, **more}


def location(latitude: float, longitude: float, title: str = "", address: str = "") -> Json:
    """A place; with a title it is a venue."""
    return {"kind": "location", "latitude": latitude, "longitude": longitude, "title": title, "address": address}


def contact(name: str, phones: Sequence[str], mails: Sequence[str] = ()) -> Json:
    """A contact card."""
    return {"kind": "contact", "name": name, "phones": list(phones), "mails": list(mails)}


def buttons(rows: Sequence[Sequence[Json]]) -> Json:
    """Buttons under the line: `{"text", "data"}` can be pressed, `{"text", "url"}` is a link."""
    return {"kind": "buttons", "rows": [list(row) for row in rows]}


def quick_replies(items: Sequence[Json]) -> Json:
    """Offers `{"text", "data"}` above the keyboard, gone once the customer has answered."""
    return {"kind": "quick_replies", "items": list(items)}


def menu(label: str, sections: Sequence[Json]) -> Json:
    """A list behind a button: sections `{"title", "rows": [{"text", "data", "about"}]}`."""
    return {"kind": "list", "label": label, "sections": list(sections)}


def cards(items: Sequence[Json]) -> Json:
    """Cards side by side: `{"title", "about", "file", "rows"}`, their rows as of `buttons`."""
    return {"kind": "cards", "items": list(items)}


def template(name: str, language: str = "") -> Json:
    """Says that the line was made from a template; its words and buttons are parts of their own."""
    return {"kind": "template", "name": name, "language": language}


def notice(words: str) -> Json:
    """What an app shows as a grey remark: something that cannot be drawn otherwise."""
    return {"kind": "notice", "text": words}


def story(what: str, known: Json) -> Json:
    """A story, which is gone in a day: the line answers ours (`reply`), or theirs has us in it (`mention`)."""
    return {"kind": "story", "what": what, **{name: value for name, value in known.items() if name != "stored"}}


def summary(what: str, rows: Sequence[Sequence[str]]) -> Json:
    """What an app shows as a table: an `order` or a `form`, and its rows of a name and a value."""
    return {"kind": "summary", "as": what, "rows": [list(row) for row in rows]}


def quoted(line: Json, *, name: str = "", quote: str = "") -> Json:
    """The `reply_to` of a line that answers this one."""
    about = {"message_id": line["message_id"], "id": line["id"], "direction": line["direction"], "name": name}
    return {**about, "kind": kind_of(line["parts"]), "text": quote or words_of(line)[:EXCERPT]}


def words_of(line: Json) -> str:
    """All words of a line."""
    return "\n".join(part["text"] for part in line["parts"] if part["kind"] == "text")


def kind_of(parts: Sequence[Json]) -> str:
    """What a line is, in a word: the first part that is not text, by its `as` or `kind`; else `text`."""
    for part in parts:
        if part["kind"] in ("media", "location", "contact", "cards", "notice", "story", "summary"):
            return str(part.get("as", "venue" if part.get("title") else part["kind"]))
    return "text"


def choices(parts: Sequence[Json]) -> Iterator[Json]:
    """Everything that can be chosen in a line: `{"text", "data", "about"?, "kind": "button" | "quick_reply" | "row"}`."""
    for part in parts:
        if part["kind"] == "buttons":
            yield from ({**one, "kind": "button"} for row in part["rows"] for one in row if "data" in one)
        elif part["kind"] == "quick_replies":
            yield from ({**one, "kind": "quick_reply"} for one in part["items"] if "data" in one)
        elif part["kind"] == "list":
            yield from ({**one, "kind": "row"} for section in part["sections"] for one in section["rows"])
        elif part["kind"] == "cards":
            rows = (row for item in part["items"] for row in item.get("rows", ()))
            yield from ({**one, "kind": "button"} for row in rows for one in row if "data" in one)


def find_choice(parts: Sequence[Json], data: str | None, words: str) -> Json | None:
    """The choice with this data, or, when no data is given, with this label."""
    for one in choices(parts):
        if data == one["data"] or (data is None and words == one["text"]):
            return one
    return None


def measured(upload: Upload) -> Json:
    """What a file is: its name, its type by its bytes where they say it, its size, and how wide or long it is."""
    known: Json = {"name": upload.name, "mime": upload.mime, "bytes": len(upload.data)}
    seen = picture(upload.data)
    if seen is not None:
        return {**known, "mime": seen.mime, "width": seen.width, "height": seen.height}
    played = clip(upload.data)
    if played is None:
        return known
    own = upload.mime if upload.mime.startswith(("audio/", "video/")) else played.mime
    return {**known, "mime": own, "width": played.width, "height": played.height, "seconds": played.seconds}
