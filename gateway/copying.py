"""A whole store copied into another: in pieces, so that it may be cut off anywhere and go on, and checked at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256

import orjson

from gateway.ports.copying import TABLES, Copyable

PAGE = 500
"""Rows that are read and written together."""
_MODULUS = 1 << 256

Progress = Callable[[str, int, int], None]
"""Called with a table, how many of its rows are done, and about how many there are."""


class Occupied(Exception):
    """The target has something else in it: it is neither empty nor what an earlier run of this began."""


@dataclass(frozen=True)
class Come:
    """How far copying has come, as the target remembers it: up to ``after`` in ``table``; no table: to the end.

    ``source`` tells one source from another.
    """

    source: str
    table: str
    after: str = ""
    done: int = 0


@dataclass(frozen=True)
class Tally:
    """How many rows, and the sum of the SHA-256 of each as JSON with sorted keys: the order does not count in it."""

    rows: int = 0
    sum: int = 0

    @property
    def shown(self) -> str:
        """The beginning of the sum, for people."""
        return f"{self.sum:064x}"[:16]


@dataclass(frozen=True)
class Verdict:
    """What was found in both stores of one table."""

    table: str
    source: Tally
    target: Tally

    @property
    def same(self) -> bool:
        """Whether they have the same rows."""
        return self.source == self.target


async def copy(source: Copyable, target: Copyable, progress: Progress) -> bool:
    """Copy what is not in the target yet; False if all of it was copied before. Raises Occupied, Unavailable."""
    await source.settle()
    come = await _begun(source, target)
    if not come.table:
        return False
    for table in TABLES[TABLES.index(come.table) :]:
        if table != come.table:
            come = replace(come, table=table, after="", done=0)
        come = await _copy_table(source, target, come, progress)
    await _note(target, replace(come, table="", after="", done=0))
    return True


async def _copy_table(source: Copyable, target: Copyable, come: Come, progress: Progress) -> Come:
    of = await source.count(come.table)
    while page := await source.rows(come.table, come.after, PAGE):
        await target.put(come.table, [row for _, row in page])
        come = replace(come, after=page[-1].place, done=come.done + len(page))
        await _note(target, come)
        progress(come.table, come.done, max(of, come.done))
    return come


async def _begun(source: Copyable, target: Copyable) -> Come:
    """Where to go on. An empty target is ours from now on. Raises Occupied."""
    name = await _name(source)
    noted = await target.noted()
    if noted is not None:
        come = Come(**orjson.loads(noted))
        if come.source != name:
            raise Occupied("it was begun to be filled from another store")
        return come
    for table in TABLES:
        if await target.rows(table, "", 1):
            raise Occupied(f"it has {table} already")
    come = Come(name, TABLES[0])
    await _note(target, come)
    return come


async def _name(source: Copyable) -> str:
    """By its first record: nothing that is written later changes that."""
    first = await source.rows("records", "", 1)
    return str(first[0].row["id"]) if first else "empty"


async def _note(target: Copyable, come: Come) -> None:
    await target.note(orjson.dumps(asdict(come)).decode())


async def verify(source: Copyable, target: Copyable, progress: Progress) -> list[Verdict]:
    """Read both stores whole and compare them; neither is changed. Raises Unavailable."""
    found = []
    for table in TABLES:
        of = await source.count(table) + await target.count(table)
        ours = await tally(source, table, lambda done, table=table, of=of: progress(table, done, of))  # type: ignore[misc] # mypy and defaults
        theirs = await tally(
            target,
            table,
            lambda done, table=table, of=of, first=ours.rows: progress(table, first + done, of),  # type: ignore[misc] # likewise
        )
        found.append(Verdict(table, ours, theirs))
    return found


async def tally(store: Copyable, table: str, progress: Callable[[int], None] = lambda _: None) -> Tally:
    """Count and add up a table."""
    rows = total = 0
    after = ""
    while page := await store.rows(table, after, PAGE):
        for _, row in page:
            digest = sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).digest()
            total = (total + int.from_bytes(digest)) % _MODULUS
        rows += len(page)
        after = page[-1].place
        progress(rows)
    return Tally(rows, total)
