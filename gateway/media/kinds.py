"""What a file is, by its first bytes: neither its name nor what anybody says of it counts."""

from __future__ import annotations

import codecs
import struct

import filetype  # type: ignore[import-untyped] # it comes without types

from normalizer.model import MediaType

HEAD = 8192
"""Bytes that are looked at."""

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"

INLINE = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
}
"""What a browser may show in its place, and the ending of such a file's name; nothing else can it be made to run."""


_SOUNDS = frozenset({b"M4A ", b"M4B "})
_SAME = {"image/apng": "image/png"}
"""Where the library's word is narrower than we need."""


def sniff(head: bytes) -> str:
    """The type of a file that starts so: a picture's, a sound's, a document's; else plain text or just bytes.

    HTML, SVG and scripts are plain text here: nothing ever says that they are more.
    """
    if head[4:8] == b"ftyp" and head[8:12] in _SOUNDS:
        return "audio/mp4"
    try:
        found = filetype.guess_mime(head[:HEAD])
    except (ValueError, IndexError, struct.error):  # the library's own slips on broken files
        found = None
    if found:
        return _SAME.get(found, str(found))
    return TEXT if head and _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    if any(byte < 0x20 and byte not in b"\t\n\f\r\x1b" for byte in head):  # noqa: PLR2004 - the first printable one
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True


def media_type(mime: str) -> MediaType:
    """How a file of this type is sent: a picture that nobody can show in its place goes as a file."""
    kind = mime.partition("/")[0]
    if kind == "image":
        return "image" if mime in INLINE else "file"
    if kind == "audio":
        return "audio"
    return "video" if kind == "video" else "file"
