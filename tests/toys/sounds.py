"""Sounds and films as small as they can be, put together by hand."""

from __future__ import annotations

import io
import struct
import wave


def wav(seconds: float) -> bytes:
    """Silence."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(int(seconds * 8000)))
    return held.getvalue()


def opus(seconds: float) -> bytes:
    """A voice message. https://datatracker.ietf.org/doc/html/rfc7845"""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    tags = b"OpusTags" + bytes(8)
    return _page(2, 0, 0, head) + _page(0, 0, 1, tags) + _page(4, 312 + int(seconds * 48000), 2, bytes(50))


def _page(flags: int, position: int, number: int, packet: bytes) -> bytes:
    sizes = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    return b"OggS" + struct.pack("<BBqIIIB", 0, flags, position, 7, number, 0, len(sizes)) + sizes + packet


def mp3(frames: int) -> bytes:
    """128 kbit/s at 44.1 kHz: 1152 samples each."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def mp3_with_count(frames: int) -> bytes:
    """A variable bit rate, whose first frame says how many there are."""
    return b"\xff\xfb\x90\x00" + bytes(32) + b"Xing" + struct.pack(">III", 3, frames, 417 * frames) + bytes(500)


def mp4(seconds: float, brand: bytes = b"isom") -> bytes:
    """What a film says of itself after its pictures."""
    said = bytes(12) + struct.pack(">II", 600, int(seconds * 600)) + bytes(80)
    return _atom(b"ftyp", brand + bytes(4) + brand) + _atom(b"mdat", bytes(999)) + _atom(b"moov", _atom(b"mvhd", said))


def _atom(name: bytes, held: bytes) -> bytes:
    return struct.pack(">I", len(held) + 8) + name + held


def webm(seconds: float | None) -> bytes:
    """As browsers record it; they often do not say how long it is."""
    length = b"" if seconds is None else _element(b"\x44\x89", struct.pack(">d", seconds * 1000))
    about = _element(b"\x15\x49\xa9\x66", _element(b"\x2a\xd7\xb1", (10**6).to_bytes(3, "big")) + length)
    streamed = b"\x18\x53\x80\x67\x01" + b"\xff" * 7
    return _element(b"\x1a\x45\xdf\xa3", _element(b"\x42\x82", b"webm")) + streamed + about + bytes(100)


def _element(name: bytes, held: bytes) -> bytes:
    return name + bytes([0x80 | len(held)]) + held
