"""What files are called: names that customers and agents gave, made harmless."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

LONGEST = 255
"""Bytes in UTF-8: what file systems take."""

_HARMLESS = frozenset("\u200c\u200d")  # they join letters and pictures
_UNSAFE_QUOTED = frozenset('"\\%;')


def clean_name(name: str) -> str:
    """A file name without path, control characters and tricks of direction, at most 255 bytes; empty if none is left.

    Letters of any script stay, and so does the ending when the name is cut.
    """
    bare = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in bare if _is_shown(letter)).strip(" ")
    if not shown.strip("."):
        return ""
    stem, dot, ending = shown.rpartition(".")
    if not stem or len(ending.encode()) > 16:  # noqa: PLR2004 - longer is no ending
        return _cut(shown, LONGEST)
    return _cut(stem, LONGEST - len(f"{dot}{ending}".encode())) + dot + ending


def _is_shown(letter: str) -> bool:
    # Cc control, Cf marks of direction and other invisible ones, Cs half characters, Zl and Zp ends of lines
    return letter in _HARMLESS or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _cut(text: str, room: int) -> str:
    return text.encode()[:room].decode(errors="ignore")


def content_disposition(kind: str, name: str) -> str:
    """The header for a file: the name in plain ASCII for old readers, and as it is. RFC 6266, RFC 8187."""
    shown = clean_name(name)
    if not shown:
        return kind
    plain = "".join("_" if letter in _UNSAFE_QUOTED or not " " <= letter <= "~" else letter for letter in shown)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"
