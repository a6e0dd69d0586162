"""How large a picture is, read from its first bytes: PNG, JPEG, GIF and WebP; and a small grey one made from nothing."""

import struct
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """What the header of a picture says."""

    mime: str
    width: int
    height: int


def picture(data: bytes) -> Picture | None:
    """What a file's header says, or None when it is no picture we know."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _sized("image/png", *struct.unpack(">II", data[16:24]))
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return _sized("image/gif", *struct.unpack("<HH", data[6:10]))
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        return None
    return None


def _sized(mime: str, width: int, height: int) -> Picture | None:
    return Picture(mime, width, height) if width and height else None


def _jpeg(data: bytes) -> Picture | None:
    """Walk the segments up to the frame header (SOF0 to SOF15, without the three that are something else)."""
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:  # noqa: PLR2004  the mark before every segment
            return None
        kind = data[at + 1]
        if kind == 0xFF:  # noqa: PLR2004  padding
            at += 1
            continue
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # noqa: PLR2004  the docstring names them
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return _sized("image/jpeg", width, height)
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None


def _webp(data: bytes) -> Picture | None:
    form = data[12:16]
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return _sized("image/webp", width & 0x3FFF, height & 0x3FFF)
    if form == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return _sized("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if form == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return _sized("image/webp", width, int.from_bytes(data[27:30], "little") + 1)
    return None


def blank(width: int, height: int) -> bytes:
    """A grey PNG: it stands in for the small sizes, which a provider would scale from the large one."""
    rows = b"".join(b"\0" + b"\xb0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
