"""WhatsApp's signs for bold and the like, as its app draws them.

https://faq.whatsapp.com/539178204879377 (*bold*, _italic_, ~strikethrough~, ```monospace```, `code`)
"""

import re

from gateway.simulator import lines
from gateway.simulator.store import Json

_SIGNS = {"*": "bold", "_": "italic", "~": "strikethrough", "```": "pre", "`": "code"}
_MARKED = re.compile(r"(?<![\w*_~`])(```|[*_~`])(?=\S)(.+?)(?<=\S)\1(?![\w*_~`])", re.DOTALL)


def drawn(text: str) -> Json:
    """A part of words whose signs have become what they stand for."""
    entities: list[Json] = []
    plain, end = "", 0
    for found in _MARKED.finditer(text):
        plain += text[end : found.start()]
        entities.append({"type": _SIGNS[found[1]], "offset": _units(plain), "length": _units(found[2])})
        plain += found[2]
        end = found.end()
    return lines.text(plain + text[end:], entities)


def _units(text: str) -> int:
    """UTF-16 units, in which entities count."""
    return len(text.encode("utf-16-le")) // 2
