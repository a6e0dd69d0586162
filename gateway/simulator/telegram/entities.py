"""The text of a message and its entities: given, marked up, or found; offsets are UTF-16 code units."""

import re
from typing import Any

from gateway.simulator.store import Json
from gateway.simulator.telegram import html, markdown
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.errors import bad
from gateway.simulator.telegram.marks import Marked, units

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
MOST = 100
KINDS_WORDS = (
    "mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough spoiler "
    "blockquote expandable_blockquote code pre text_link text_mention custom_emoji"
)
KINDS = frozenset(KINDS_WORDS.split())
FOUND = (
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("url", re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)\]}'\"]")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
)


def read_text(args: Args) -> Json:
    """`text` and its `entities`: 1 to 4096 characters once the markup is gone."""
    text, entities = _read(args, "text", "entities")
    if not text:
        raise bad("message text is empty")
    if len(text) > LONGEST_TEXT:
        raise bad("message is too long")
    return {"text": text, "entities": entities} if entities else {"text": text}


def read_caption(args: Args) -> Json:
    """`caption` and its entities, if there is one: up to 1024 characters."""
    text, entities = _read(args, "caption", "caption_entities")
    if len(text) > LONGEST_CAPTION:
        raise bad("message caption is too long")
    if not text:
        return {}
    return {"caption": text, "caption_entities": entities} if entities else {"caption": text}


def read_quote(args: Args) -> Marked:
    """`quote` and its entities, if there is one."""
    return _read(args, "quote", "quote_entities", mode="quote_parse_mode")


def with_found(text: str, entities: list[Json]) -> list[Json]:
    """The entities, and those that Telegram finds by itself: commands, addresses."""
    taken = [(e["offset"], e["offset"] + e["length"]) for e in entities]
    found = list(entities)
    for kind, pattern in FOUND:
        for match in pattern.finditer(text):
            start = units(text[: match.start()])
            end = start + units(match.group())
            if not any(start < there and here < end for here, there in taken):
                taken.append((start, end))
                found.append({"type": kind, "offset": start, "length": end - start})
    return sorted(found, key=lambda entity: (entity["offset"], -entity["length"]))


def _read(args: Args, name: str, given: str, mode: str = "parse_mode") -> Marked:
    text = args.text(name).replace("\r\n", "\n").replace("\0", "")
    mode = args.text(mode).lower()
    if mode == "html":
        text, entities = html.parse(text)
    elif mode == "markdownv2":
        text, entities = markdown.parse_v2(text)
    elif mode == "markdown":
        text, entities = markdown.parse_old(text)
    elif mode not in ("", "none"):
        raise bad("unsupported parse_mode")
    else:
        entities = _given(args.json(given, "entities"))
    text, entities = _trimmed(text, entities)
    return text, with_found(text, entities)[:MOST]


def _given(entities: Any) -> list[Json]:
    if entities is None:
        return []
    if not isinstance(entities, list):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    for entity in entities:
        if not isinstance(entity, dict) or not all(isinstance(entity.get(n), int) for n in ("offset", "length")):
            raise bad("can't parse entities: Can't parse MessageEntity: Field \"offset\" must be of type Number")
        if entity.get("type") not in KINDS:
            raise bad("can't parse entities: Can't parse MessageEntity: Unsupported type specified")
    return [dict(entity) for entity in entities if entity["length"] > 0 and entity["offset"] >= 0]


def _trimmed(text: str, entities: list[Json]) -> Marked:
    """Without the white space at both ends, up to the first entity; entities cut to what is left."""
    text = text.rstrip()
    first = min((entity["offset"] for entity in entities), default=units(text))
    blank = units(text[: len(text) - len(text.lstrip())])
    cut = min(first, blank)
    text = text.encode("utf-16-le")[2 * cut :].decode("utf-16-le", "ignore")
    end = units(text)
    moved = [{**e, "offset": e["offset"] - cut, "length": min(e["length"], end + cut - e["offset"])} for e in entities]
    return text, [entity for entity in moved if entity["length"] > 0]
