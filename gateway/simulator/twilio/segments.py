"""How many segments an SMS is sent in. https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding"""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # two septets each
BMP = 0xFFFF  # the last character that is one UTF-16 unit
ALONE, EACH = 160, 153  # septets in a single segment, and in each of several
ALONE_WIDE, EACH_WIDE = 70, 67  # the same in UTF-16 units, for anything that GSM-7 does not have


def segments(text: str) -> int:
    """The segments of a text, at least one; no character is cut in two."""
    if all(char in BASIC or char in EXTENDED for char in text):
        return _packed([2 if char in EXTENDED else 1 for char in text], ALONE, EACH)
    return _packed([2 if ord(char) > BMP else 1 for char in text], ALONE_WIDE, EACH_WIDE)


def _packed(sizes: list[int], alone: int, each: int) -> int:
    if sum(sizes) <= alone:
        return 1
    count, room = 1, each
    for size in sizes:
        if size > room:
            count, room = count + 1, each
        room -= size
    return count
