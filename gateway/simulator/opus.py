"""A voice as browsers record it (Opus in WebM) made into what Telegram keeps (Opus in Ogg), without touching the sound.

https://www.rfc-editor.org/rfc/rfc7845 and https://www.rfc-editor.org/rfc/rfc3533
"""

import struct
from collections.abc import Iterator

HEADER = b"OpusHead\x01\x01" + struct.pack("<HIhB", 312, 48_000, 0, 0)
TAGS = b"OpusTags" + struct.pack("<I", 9) + b"simulator" + struct.pack("<I", 0)
# EBML ids. https://www.matroska.org/technical/elements.html
OPENED = frozenset({0x1A45DFA3, 0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0xA0})  # their content is walked through
PRIVATE, SIMPLE_BLOCK, BLOCK = 0x63A2, 0xA3, 0xA1
CEILING = 4  # bytes of an EBML id
BEFORE_FRAME = 4  # bytes of a block: track, time, flags
SEGMENTS = 255
FIRST, LAST = 2, 4  # flags of a page
SPEECH, MIXED, MUSIC = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)  # granules of a frame
MANY = 3  # of a packet's first byte: the number of frames is in the second


def ogg(webm: bytes) -> bytes | None:
    """The same sound in Ogg; None when this is no Opus in WebM."""
    header, packets = HEADER, []
    try:
        for kind, content in _elements(webm):
            if kind == PRIVATE and content.startswith(b"OpusHead"):
                header = content
            elif kind in (SIMPLE_BLOCK, BLOCK) and len(content) > BEFORE_FRAME:
                packets.append(content[BEFORE_FRAME:])
    except IndexError:
        return None
    return _pages(header, packets) if packets else None


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        size = 9 - data[at].bit_length()
        if size > CEILING:
            return
        kind, at = int.from_bytes(data[at : at + size], "big"), at + size
        width = 9 - data[at].bit_length()
        length = int.from_bytes(data[at : at + width], "big") & ~(1 << 7 * width)
        at += width
        if kind in OPENED:
            continue
        yield kind, data[at : at + length]
        at += length


def _pages(header: bytes, packets: list[bytes]) -> bytes:
    made = [_page(0, 0, FIRST, [header]), _page(0, 1, 0, [TAGS])]
    granule, held = 0, list[bytes]()
    for packet in packets:
        if sum(map(_segments, [*held, packet])) > SEGMENTS:
            made.append(_page(granule, len(made), 0, held))
            held = []
        granule += _granules(packet)
        held.append(packet)
    return b"".join([*made, _page(granule, len(made), LAST, held)])


def _segments(packet: bytes) -> int:
    return len(packet) // SEGMENTS + 1


def _granules(packet: bytes) -> int:
    """How long a packet lasts. https://www.rfc-editor.org/rfc/rfc6716#section-3.1"""
    config, code = packet[0] >> 3, packet[0] & 3
    sizes = SPEECH if config < 12 else MIXED if config < 16 else MUSIC  # noqa: PLR2004  as the table of the page has them
    count = (packet[1] & 0x3F if len(packet) > 1 else 0) if code == MANY else min(code, 1) + 1
    return count * sizes[config % len(sizes)]


def _page(granule: int, number: int, flags: int, packets: list[bytes]) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // SEGMENTS) + bytes([len(packet) % SEGMENTS]) for packet in packets)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, 1, number, 0, len(lacing)) + lacing
    body = b"".join(packets)
    return head[:22] + struct.pack("<I", _checksum(head + body)) + head[26:] + body


def _table() -> tuple[int, ...]:
    made = []
    for byte in range(256):
        rest = byte << 24
        for _ in range(8):
            rest = (rest << 1) ^ (0x04C11DB7 if rest & 0x80000000 else 0)
        made.append(rest & 0xFFFFFFFF)
    return tuple(made)


CHECKSUMS = _table()


def _checksum(page: bytes) -> int:
    rest = 0
    for byte in page:
        rest = (rest << 8 & 0xFFFFFFFF) ^ CHECKSUMS[rest >> 24 ^ byte]
    return rest
