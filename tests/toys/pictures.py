"""Pictures made on the spot."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 640, height: int = 480, *, drawn: bool = True) -> bytes:
    """A real grey picture, or only what its header promises."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x5a" * width) * height if drawn else b""
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts)
