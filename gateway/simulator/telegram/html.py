"""Telegram's HTML, read as strictly as Telegram reads it. https://core.telegram.org/bots/api#html-style"""

import re

from gateway.simulator.telegram.errors import ApiError, bad
from gateway.simulator.telegram.marks import Json, Marked, Reader

TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
OPENING = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)((?:\s+[A-Za-z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?)*)\s*>")
CLOSING = re.compile(r"</([A-Za-z][A-Za-z0-9-]*)?\s*>")
ATTRIBUTE = re.compile(r"([A-Za-z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")
REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|([a-z]+));")


class _Open:
    """A tag that waits for its end."""

    def __init__(self, tag: str, attributes: dict[str, str], start: int, byte: int) -> None:
        self.tag, self.attributes, self.start, self.byte = tag, attributes, start, byte


def parse(source: str) -> Marked:
    """The plain text and its entities; 400 "can't parse entities" for anything that Telegram would not read."""
    reader = Reader(source)
    opened: list[_Open] = []
    while reader.more:
        if reader.ahead("</"):
            _close(reader, opened)
        elif reader.ahead("<"):
            opened.append(_open(reader))
        elif reader.ahead("&"):
            _reference(reader)
        else:
            reader.take(1)
    if opened:
        last = opened[-1]
        raise _cannot(f'Can\'t find end tag corresponding to start tag "{last.tag}"')
    text, entities = reader.result()
    return text, _joined(entities)


def _cannot(reason: str) -> ApiError:
    return bad(f"can't parse entities: {reason}")


def _open(reader: Reader) -> _Open:
    match = OPENING.match(reader.source, reader.at)
    byte = reader.byte
    if match is None:
        if ">" not in reader.source[reader.at :]:
            raise _cannot(f"Unclosed start tag at byte offset {byte}")
        name = re.split(r"[\s>]", reader.source[reader.at + 1 :], maxsplit=1)[0]
        raise _cannot(f'Unsupported start tag "{name}" at byte offset {byte}')
    tag = match[1].lower()
    given = {found[1].lower(): found[2] or found[3] or found[4] or "" for found in ATTRIBUTE.finditer(match[2])}
    if tag not in TAGS:
        raise _cannot(f'Unsupported start tag "{tag}" at byte offset {byte}')
    if tag == "span" and given.get("class") != "tg-spoiler":
        raise _cannot(f'Tag "span" must have class "tg-spoiler" at byte offset {byte}')
    reader.at = match.end()
    return _Open(tag, {name: _plain(value) for name, value in given.items()}, reader.length, byte)


def _close(reader: Reader, opened: list[_Open]) -> None:
    match = CLOSING.match(reader.source, reader.at)
    if match is None:
        raise _cannot(f"Unclosed end tag at byte offset {reader.byte}")
    if not opened:
        raise _cannot(f"Unexpected end tag at byte offset {reader.byte}")
    last = opened.pop()
    if match[1] is not None and match[1].lower() != last.tag:
        words = f'expected "</{last.tag}>", found "</{match[1].lower()}>"'
        raise _cannot(f"Unmatched end tag at byte offset {reader.byte}, {words}")
    reader.at = match.end()
    _entity(reader, last)


def _entity(reader: Reader, tag: _Open) -> None:
    kind = TAGS[tag.tag]
    if kind == "text_link":
        url = tag.attributes.get("href") or reader.plain_from(tag.start)
        if "." in url or ":" in url:
            reader.entity(kind, tag.start, url=url)
    elif kind == "custom_emoji":
        reader.entity(kind, tag.start, custom_emoji_id=tag.attributes.get("emoji-id", ""))
    elif kind == "blockquote" and "expandable" in tag.attributes:
        reader.entity("expandable_blockquote", tag.start)
    elif kind == "code" and tag.attributes.get("class", "").startswith("language-"):
        reader.entity(kind, tag.start, language=tag.attributes["class"].removeprefix("language-"))
    else:
        reader.entity(kind, tag.start)


def _reference(reader: Reader) -> None:
    match = REFERENCE.match(reader.source, reader.at)
    text = _character(match) if match else None
    if match is None or text is None:
        reader.take(1)  # Telegram leaves an unknown reference as it is
        return
    reader.write(text)
    reader.at = match.end()


def _character(match: re.Match[str]) -> str | None:
    if match[3]:
        return NAMED.get(match[3])
    number = int(match[1], 16) if match[1] else int(match[2])
    return chr(number) if 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else None  # noqa: PLR2004  Unicode


def _plain(value: str) -> str:
    return REFERENCE.sub(lambda match: _character(match) or match[0], value)


def _joined(entities: list[Json]) -> list[Json]:
    """`<pre><code class="language-x">` is one entity: a `pre` with a language."""
    pres = {(e["offset"], e["length"]): e for e in entities if e["type"] == "pre"}
    kept = []
    for entity in entities:
        language = entity.pop("language", None) if entity["type"] == "code" else None
        around = pres.get((entity["offset"], entity["length"])) if entity["type"] == "code" else None
        if around is None:
            kept.append(entity)
        elif language:
            around["language"] = language
    return kept
