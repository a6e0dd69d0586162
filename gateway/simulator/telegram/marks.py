"""A text being read, its entities so far, and lengths in UTF-16 code units: what both markups need."""

from typing import Any

Json = dict[str, Any]
Marked = tuple[str, list[Json]]


def units(text: str) -> int:
    """The length in UTF-16 code units, in which Telegram counts offsets."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Reader:
    """Walks over marked-up text and gathers plain text and entities."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.length = 0
        self._plain: list[str] = []
        self.entities: list[Json] = []

    @property
    def more(self) -> bool:
        """Whether something is left."""
        return self.at < len(self.source)

    @property
    def byte(self) -> int:
        """Where we are, in bytes: so Telegram's errors say it."""
        return len(self.source[: self.at].encode())

    def ahead(self, what: str) -> bool:
        """Whether the rest begins so."""
        return self.source.startswith(what, self.at)

    def write(self, text: str) -> None:
        """Add plain text."""
        self._plain.append(text)
        self.length += units(text)

    def take(self, count: int) -> None:
        """Copy characters as they are."""
        self.write(self.source[self.at : self.at + count])
        self.at += count

    def entity(self, kind: str, start: int, **more: str) -> None:
        """An entity from `start` to here, unless it is empty."""
        if self.length > start:
            self.entities.append({"type": kind, "offset": start, "length": self.length - start, **more})

    def result(self) -> Marked:
        """The plain text and its entities in order."""
        ordered = sorted(self.entities, key=lambda e: (e["offset"], -e["length"]))
        return "".join(self._plain), ordered

    def plain_from(self, start: int) -> str:
        """The plain text written since `start`."""
        return "".join(self._plain).encode("utf-16-le")[2 * start :].decode("utf-16-le")
