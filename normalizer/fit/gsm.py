"""The alphabet of the SMS, GSM 03.38. https://www.etsi.org/deliver/etsi_ts/123000_123099/123038/"""

from __future__ import annotations

import re

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 128 characters of the default table, each at its code. The one at 27 leads to the extension table."""

EXTENSION = "\f^{}\\[~]|€"
"""The characters of the extension table: an escape and a septet each."""

_ESCAPE = "\x1b"
_PLAIN = re.compile(f"[{re.escape(ALPHABET.replace(_ESCAPE, ''))}{re.escape(EXTENSION)}]*")
_EXTENDED = re.compile(f"[{re.escape(EXTENSION)}]")

_FOLDS = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4`",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022",
    "...": "\u2026",
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u2028\u2029",
    "": "\u00ad\u200b\u2060\ufeff",
}
_FOLDED = {ord(one): plain for plain, ones in _FOLDS.items() for one in ones}


def is_gsm(text: str) -> bool:
    """Whether every character is in the alphabet; the bare escape is none."""
    return _PLAIN.fullmatch(text) is not None


def extended(text: str) -> int:
    """How many characters of the extension table there are."""
    return len(_EXTENDED.findall(text))


def folded(text: str) -> str:
    """The text with typographic quotes, dashes, dots and spaces as the alphabet has them; letters stay as they are.

    One such character makes every segment of an SMS hold 70 characters in place of 160.
    """
    return text.translate(_FOLDED)
