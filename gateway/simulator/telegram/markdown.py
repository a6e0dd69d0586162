"""Telegram's two Markdowns. https://core.telegram.org/bots/api#markdownv2-style"""

from gateway.simulator.telegram.errors import ApiError, bad
from gateway.simulator.telegram.marks import Marked, Reader

RESERVED = "_*[]()~`>#+-=|{}.!"
ESCAPABLE = 126  # the last ASCII character that a backslash escapes
PAIRS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler"}


def _cannot(reason: str) -> ApiError:
    return bad(f"can't parse entities: {reason}")


def _unended(kind: str, byte: int) -> ApiError:
    return _cannot(f"Can't find end of {kind.title().replace('_', '')} entity at byte offset {byte}")


def parse_v2(source: str) -> Marked:
    """MarkdownV2: every reserved character is markup or escaped."""
    reader = Reader(source)
    opened: list[tuple[str, int, int]] = []  # mark, start, byte
    while reader.more:
        mark = _mark(reader)
        if reader.ahead("\\") and reader.at + 1 < len(source) and ord(source[reader.at + 1]) <= ESCAPABLE:
            reader.at += 1
            reader.take(1)
        elif reader.ahead("`"):
            _code(reader)
        elif _line(reader, opened):
            continue
        elif reader.ahead("]") and opened and opened[-1][0] == "[":
            _link(reader, opened.pop()[1])
        elif mark is not None:
            _toggle(reader, mark, opened)
        elif source[reader.at] in RESERVED:
            words = "is reserved and must be escaped with the preceding '\\'"
            raise _cannot(f"Character '{source[reader.at]}' {words}")
        else:
            reader.take(1)
    _finish(reader, opened)
    return reader.result()


def _finish(reader: Reader, opened: list[tuple[str, int, int]]) -> None:
    if opened and opened[-1][0] == ">":
        reader.entity("blockquote", opened.pop()[1])
    if opened:
        raise _unended(PAIRS.get(opened[-1][0], "text_url"), opened[-1][2])


def _line(reader: Reader, opened: list[tuple[str, int, int]]) -> bool:
    """Whether a quotation began or a line of it ended here. It goes on while the next line begins with `>` too."""
    first = reader.at == 0 or reader.source[reader.at - 1] == "\n"
    if reader.ahead(">") and first:
        reader.at += 1
        opened.insert(0, (">", reader.length, reader.byte))
        return True
    if not (reader.ahead("\n") and opened and opened[-1][0] == ">"):
        return False
    reader.take(1)
    if reader.ahead(">"):
        reader.at += 1
    else:
        reader.entity("blockquote", opened.pop()[1])
    return True


def _mark(reader: Reader) -> str | None:
    for mark in ("__", "||", "*", "_", "~", "["):
        if reader.ahead(mark):
            return mark
    return None


def _toggle(reader: Reader, mark: str, opened: list[tuple[str, int, int]]) -> None:
    if opened and opened[-1][0] == mark and mark != "[":
        _, start, _ = opened.pop()
        reader.entity(PAIRS[mark], start)
    else:
        opened.append((mark, reader.length, reader.byte))
    reader.at += len(mark)


def _code(reader: Reader, *, escapes: bool = True) -> None:
    fence = "```" if reader.ahead("```") else "`"
    start, byte = reader.length, reader.byte
    kind = "pre" if fence == "```" else "code"
    reader.at += len(fence)
    while reader.more and not reader.ahead(fence):
        if escapes and reader.ahead("\\") and reader.at + 1 < len(reader.source):
            reader.at += 1
        reader.take(1)
    if not reader.more:
        raise _unended(kind, byte)
    reader.at += len(fence)
    reader.entity(kind, start)


def _link(reader: Reader, start: int) -> None:
    reader.at += 1
    url = ""
    if reader.ahead("("):
        end = reader.source.find(")", reader.at)
        if end < 0:
            raise _cannot(f"Can't find end of a URL at byte offset {reader.byte}")
        url = reader.source[reader.at + 1 : end].replace("\\", "")
        reader.at = end + 1
    if url:
        reader.entity("text_link", start, url=url)


def parse_old(source: str) -> Marked:
    """The first Markdown: no nesting, and anything unpaired is an error."""
    reader = Reader(source)
    while reader.more:
        if reader.ahead("\\") and source[reader.at + 1 : reader.at + 2] in ("_", "*", "`", "["):
            reader.at += 1
            reader.take(1)
        elif reader.ahead("`"):
            _code(reader, escapes=False)
        elif source[reader.at] in "*_[":
            _simple(reader)
        else:
            reader.take(1)
    return reader.result()


def _simple(reader: Reader) -> None:
    mark, start, byte = reader.source[reader.at], reader.length, reader.byte
    closing = "]" if mark == "[" else mark
    end = reader.source.find(closing, reader.at + 1)
    if end < 0:
        raise _cannot(f"Can't find end of the entity starting at byte offset {byte}")
    reader.at += 1
    reader.take(end - reader.at)
    if mark == "[":
        _link(reader, start)
    else:
        reader.entity(PAIRS[mark], start)
        reader.at += 1
