"""How long a clip lasts and how large it is, read from its own header: MP4 and Ogg; and which kind of file it is."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

OPUS_RATE = 48_000  # granules a second, whatever the rate of the sound: RFC 7845
WHOLE = 8  # bytes: the size and the name before what an MP4 box holds
FIXED = 65_536.0  # MP4 keeps sizes as 16.16 fixed point


@dataclass(frozen=True)
class Clip:
    """What the header of a clip says; a sound has no size."""

    mime: str
    seconds: float = 0.0
    width: int = 0
    height: int = 0


def clip(data: bytes) -> Clip | None:
    """What a file's header says, or None when it is no clip we know."""
    try:
        if data[:4] == b"OggS":
            return Clip("audio/ogg", _ogg_seconds(data))
        if data[4:8] == b"ftyp":
            return _mp4(data)
    except (struct.error, IndexError, ZeroDivisionError):
        return None
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return Clip("video/webm")
    if data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] in (b"\xfb", b"\xf3", b"\xf2")):
        return Clip("audio/mpeg")
    return None


def _ogg_seconds(data: bytes) -> float:
    """The place that the last page says it ends at."""
    last = data.rfind(b"OggS")
    granules: int = struct.unpack("<q", data[last + 6 : last + 14])[0]
    return max(0, granules) / OPUS_RATE


def _mp4(data: bytes) -> Clip:
    audio = data[8:11] == b"M4A"
    found = Clip("audio/mp4" if audio else "video/mp4")
    for name, box in _boxes(data):
        if name == b"moov":
            return _movie(box, found.mime)
    return found


def _movie(moov: bytes, mime: str) -> Clip:
    seconds, width, height = 0.0, 0, 0
    for name, box in _boxes(moov):
        if name == b"mvhd":
            wide = box[0] == 1
            scale, length = struct.unpack(">IQ", box[20:32]) if wide else struct.unpack(">II", box[12:20])
            seconds = length / scale
        elif name == b"trak":
            for inner, head in _boxes(box):
                if inner == b"tkhd":
                    across, down = struct.unpack(">II", head[-8:])
                    width, height = max(width, round(across / FIXED)), max(height, round(down / FIXED))
    return Clip(mime, seconds, width, height)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + WHOLE <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + WHOLE])
        if size < WHOLE:
            return
        yield name, data[at + WHOLE : at + size]
        at += size
