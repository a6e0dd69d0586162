"""Looks at files: how large a picture is, how long a sound lasts, and a small picture of a large one.

A program of its own, started by its path: what a file does to the libraries that read it happens here, within limits of
memory and time, and not in the gateway. Nothing of the project is imported. One line of JSON per file comes in, and one
goes out.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import signal
import struct
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
"""What is read as a picture, by its type, and how the library calls it."""

SIDE = 480
"""Pixels of a thumbnail, at most, each way."""

SMALL = 64 * 1024
"""Bytes. A picture that is no larger, and fits ``SIDE``, is its own thumbnail."""

PIXELS = 120_000_000
"""A picture that unfolds to more is not read."""

MEMORY = 320 * 1024 * 1024
CPU_S, WALL_S = 5.0, 20.0
"""What one file may cost."""

_LONGEST_S = 10_000_000
_HEAD = 64 * 1024
_ORIENTATION = 0x0112
_TURNED = range(5, 9)
_SEGMENT, _INFO, _SCALE, _DURATION = 0x18538067, 0x1549A966, 0x2AD7B1, 0x4489
_FLOATS = {4: "f", 8: "d"}

Seen = dict[str, Any]


def look(path: Path, mime: str, thumbnail: Path) -> Seen:
    """What can be seen of a file: ``width``, ``height``, ``duration``, and ``thumbnail`` if one was written."""
    seen: Seen = {}
    with contextlib.suppress(Exception):  # what is broken shows nothing, or not all
        if mime in PICTURES:
            _picture(path, mime, thumbnail, seen)
        else:
            seen["duration"] = _sane(_webm(path) if mime == "video/webm" else _tagged(path))
    return seen


def _picture(path: Path, mime: str, thumbnail: Path, seen: Seen) -> None:
    from PIL import Image  # noqa: PLC0415 - sounds need none of it

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(path, formats=[PICTURES[mime]]) as picture:
        seen["width"], seen["height"] = width, height = picture.size
        shrunk = _shrunk(picture)
        if picture.getexif().get(_ORIENTATION) in _TURNED:
            seen["width"], seen["height"] = height, width
        if max(width, height) > SIDE or path.stat().st_size > SMALL:
            shrunk.save(thumbnail, "WEBP", quality=75, method=3)
            seen["thumbnail"] = True


def _shrunk(picture: Image.Image) -> Image.Image:
    """The first frame, upright, at most ``SIDE`` each way, without anything but its pixels."""
    from PIL import ImageOps  # noqa: PLC0415 - sounds need none of it

    picture.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is read at a fraction of its size
    clear = picture.mode in {"LA", "PA", "La", "RGBa"} or "transparency" in picture.info
    shrunk = picture if picture.mode in {"RGB", "RGBA"} else picture.convert("RGBA" if clear else "RGB")
    shrunk.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    shrunk = ImageOps.exif_transpose(shrunk)
    shrunk.info.clear()
    return shrunk


def _tagged(path: Path) -> float | None:
    from tinytag import TinyTag  # noqa: PLC0415 - pictures need none of it

    with path.open("rb") as file:
        return TinyTag.get(file_obj=file, tags=False).duration


def _webm(path: Path) -> float | None:
    """How long, from the head of the file. https://www.matroska.org/technical/elements.html"""
    with path.open("rb") as file:
        found = dict(_elements(file.read(_HEAD)))
    length = found.get(_DURATION, b"")
    if len(length) not in _FLOATS:
        return None
    ticks: float = struct.unpack(f">{_FLOATS[len(length)]}", length)[0]
    return ticks * int.from_bytes(found.get(_SCALE, b"\x0f\x42\x40"), "big") / 1e9


def _elements(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Every element of EBML, by its number; the two that hold what we want are opened."""
    at = 0
    while at + 1 < len(head):
        width = 9 - head[at].bit_length()
        number, at = int.from_bytes(head[at : at + width], "big"), at + width
        if at >= len(head):
            return
        width = 9 - head[at].bit_length()
        size = int.from_bytes(head[at : at + width], "big") & ((1 << 7 * width) - 1)
        at += width
        if number in {_SEGMENT, _INFO}:
            continue
        yield number, head[at : at + size]
        at += size


def _sane(seconds: float | None) -> float:
    return round(seconds, 3) if seconds and math.isfinite(seconds) and 0 < seconds < _LONGEST_S else 0


def main() -> None:
    """One file after another, until there are no more."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with contextlib.suppress(KeyboardInterrupt):  # the gateway ends us
        _answer(sys.stdin, sys.stdout)


def _answer(asked: IO[str], answers: IO[str]) -> None:
    for line in asked:
        signal.setitimer(signal.ITIMER_PROF, CPU_S)  # the signals end this program
        signal.setitimer(signal.ITIMER_REAL, WALL_S)
        path, mime, thumbnail = json.loads(line)
        seen = look(Path(path), mime, Path(thumbnail))
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps(seen), file=answers, flush=True)


if __name__ == "__main__":
    main()
