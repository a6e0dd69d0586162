"""What was seen last, kept in memory: as much as a number of things and a number of bytes allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, KeysView
from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")

MOST_BYTES = 64 << 20
"""Bytes, roughly, that one cache may take. A thing of ten kilobytes is a long message; most take one."""
_AROUND = 64
"""Bytes that a value takes beside its text, roughly."""


class Cache(Generic[T]):
    """Things by name. It grows until ``trim`` is called, which lets the ones go that were put longest ago.

    So whoever trims between two batches finds all that a batch has put until its end.
    """

    def __init__(self, most: int, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._things: dict[str, tuple[T, int]] = {}
        self.weight = 0

    def __len__(self) -> int:
        return len(self._things)

    def __getitem__(self, name: str) -> T:
        return self._things[name][0]

    def get(self, name: str) -> T | None:
        """One, if it is known."""
        known = self._things.get(name)
        return None if known is None else known[0]

    def keys(self) -> KeysView[str]:
        """The names, the one that was put longest ago first."""
        return self._things.keys()

    def put(self, name: str, thing: T, weight: int) -> None:
        """Keep one, in the place of what had its name; ``weight`` is about how many bytes it takes."""
        self.drop(name)
        self._things[name] = thing, weight + _AROUND
        self.weight += weight + _AROUND

    def drop(self, name: str) -> None:
        """Forget one, if it is known."""
        known = self._things.pop(name, None)
        if known is not None:
            self.weight -= known[1]

    def trim(self) -> None:
        """Forget as many as are too many or too heavy; it may be all of them."""
        while len(self._things) > self._most or self.weight > self._most_bytes:
            self.drop(next(iter(self._things)))

    def clear(self) -> None:
        """Forget all."""
        self._things.clear()
        self.weight = 0


class Tail(Generic[T]):
    """The end of a list that goes on: its first ones go once it is too long or too heavy."""

    def __init__(self, most: int, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._things: deque[tuple[T, int]] = deque()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[T]:
        return (thing for thing, _ in self._things)

    @property
    def first(self) -> T:
        """The first that is left; raises IndexError where none is."""
        return self._things[0][0]

    @property
    def last(self) -> T:
        """The last; raises IndexError where none is."""
        return self._things[-1][0]

    def add(self, thing: T, weight: int) -> None:
        """Put one at the end; ``weight`` is about how many bytes it takes."""
        self._things.append((thing, weight + _AROUND))
        self.weight += weight + _AROUND
        while len(self._things) > self._most or self.weight > self._most_bytes:
            self.weight -= self._things.popleft()[1]

    def clear(self) -> None:
        """Forget all."""
        self._things.clear()
        self.weight = 0


def weigh(value: object) -> int:
    """About how many bytes the text takes in what JSON can say, or in parts of a message."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, BaseModel):
        value = value.__dict__
    if isinstance(value, dict):
        return _AROUND + sum(map(weigh, value.values()))
    if isinstance(value, tuple | list):
        return sum(map(weigh, value))
    return 0
